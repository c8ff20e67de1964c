"""The figures that this project set out to reach, beside what the result files say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lpm.benchmarks.comparing import reported, side_by_side
from lpm.benchmarks.rows import Row
from lpm.benchmarks.tables import Table, files_text, score_text

Line = tuple[str, str, str, str, str]
NOT_YET = "not measured yet"
UNANSWERABLE = "adversarial"


def targets(rows: Sequence[Row], inspection: dict[str, Any] | None) -> Table:
    """Return a row a figure: what is wanted, what was measured, whether it is reached."""
    lines = [
        *_locomo(rows),
        *_synthetic(rows),
        *_lengths(rows),
        *_explanations(inspection),
    ]
    return Table(("figure", "wanted", "measured", "reached", "files"), tuple(lines))


def _locomo(rows: Sequence[Row]) -> Iterator[Line]:
    where = "LoCoMo, seven conversations, `fixed`"

    def pair(own: str, other: str) -> dict[str, Row]:
        return side_by_side(rows, "locomo", "fixed", (own, other))

    yield _line(f"{where}: LPM's F1 over LoRA's", pair("lpm", "lora"), _f1, 1.0)
    yield _line(
        f"{where}: LoRA's parameters a user over LPM's", pair("lpm", "lora"), _parameters, 120.0
    )
    tuning = pair("lpm", "prompt-tuning")
    yield _line(f"{where}: LPM's F1 over prompt tuning's", tuning, _f1, 1.54)
    control = f"{where}: LPM's F1 over that with another user's memory"
    yield _line(control, pair("lpm", "swapped-user"), _f1, 1.0)
    for other, whose in (("swapped-user", "with another user's memory"), ("no-memory", "of none")):
        what = f"{where}, questions that have an answer: LPM's F1 over that {whose}"
        both = {name: only_answerable(row) for name, row in pair("lpm", other).items()}
        yield _line(what, both, _f1, 1.0)
    best = max(
        (pair("hybrid", name) for name in ("rag-bm25", "rag-dense")),
        key=lambda both: max((both[n]["overall"] for n in both if n != "hybrid"), default=-1.0),
    )
    yield _line(f"{where}: hybrid's F1 over the best RAG's", best, _f1, 1.0)


def only_answerable(row: Row) -> Row:
    """Return a row of LoCoMo without the questions whose right answer is that there is none.

    Its standard error is unknown: those of the categories do not tell it.
    """
    kinds = [values for kind, values in row["by_kind"].items() if kind != UNANSWERABLE]
    number = sum(n for _, n in kinds)
    mean = sum(score * n for score, n in kinds) / number if number else 0.0
    return row | {"overall": mean, "stderr": None, "n": number}


def _synthetic(rows: Sequence[Row]) -> Iterator[Line]:
    methods = ("lpm", "lora")
    what = "Synthetic users, raw history, unseen phrasings: LPM over LoRA"
    yield _line(what, side_by_side(rows, "personas", "short", methods), _f1, 1.088)
    pairs = [row for row in rows if (row["benchmark"], row["mode"]) == ("personas", "pairs")]
    for steps in sorted({row["settings"].get("steps", 0) for row in pairs}):
        at_steps = [row for row in pairs if row["settings"].get("steps", 0) == steps]
        both = side_by_side(at_steps, "personas", "pairs", methods)
        if both:
            what = f"Synthetic users, given pairs, unseen phrasings, {steps} steps: LPM over LoRA"
            yield _line(what, both, _f1, 1.088)


def _lengths(rows: Sequence[Row]) -> Iterator[Line]:
    found = {mode: reported(rows, "personas", mode) for mode in ("4k", "128k")}
    for method, wanted in (("lpm", "falls by ≤ 0.05"), ("full-context", "falls")):
        both = {mode: found[mode][method] for mode in found if method in found[mode]}
        what = f"Synthetic users, 4K to 128K tokens of history: {method}"
        if len(both) < 2:
            yield what, wanted, NOT_YET, "", ""
            continue
        lost = both["4k"]["overall"] - both["128k"]["overall"]
        said = f"{score_text(both['4k'])} to {score_text(both['128k'])}"
        good = lost <= 0.05 if method == "lpm" else lost > 0
        yield what, wanted, said, _yes(good), _files(list(both.values()))


def _explanations(inspection: dict[str, Any] | None) -> Iterator[Line]:
    what = "Loss without the slots an explanation names over that without random ones"
    if inspection is None:
        yield what, "≥ 3", NOT_YET, "", ""
        return
    found = inspection["faithfulness"]
    said = f"{found['ratio']:.1f} (n = {found['n']})"
    file = "`results/inspection/inspection.json`"
    yield what, "≥ 3", said, _yes(found["ratio"] >= 3 and found["n"] >= 200), file


def _f1(own: Row, other: Row) -> tuple[float, str]:
    said = f"{score_text(own)} over {score_text(other)} ({other['method']}), n = {own['n']:,}"
    return own["overall"] / other["overall"] if other["overall"] else float("inf"), said


def _parameters(own: Row, other: Row) -> tuple[float, str]:
    ratio = other["params_per_user"] / max(1, own["params_per_user"])
    return ratio, f"{other['params_per_user']:,} over {own['params_per_user']:,}"


def _line(
    what: str, found: dict[str, Row], measure: Callable[[Row, Row], tuple[float, str]], least: float
) -> Line:
    """Return the line of a ratio between two rows that were asked the same questions."""
    wanted = f"≥ {least:g}×"
    if len(found) < 2:
        return what, wanted, NOT_YET, "", ""
    own, other = sorted(found.values(), key=lambda row: row["method"] not in ("lpm", "hybrid"))
    value, said = measure(own, other)
    return what, wanted, f"{value:,.3g}×: {said}", _yes(value >= least), _files([own, other])


def _files(rows: Sequence[Row]) -> str:
    return ", ".join(f"`{files_text(row, 'results/')}`" for row in rows)


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"
