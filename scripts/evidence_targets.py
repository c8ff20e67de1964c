"""The figures that this project set out to reach, beside what the result files say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lpm.benchmarks.rows import Row, merged, reported
from lpm.benchmarks.tables import Table, score_text

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
    found = reported(rows, "locomo", "fixed")
    where = "LoCoMo, seven conversations, `fixed`"
    yield _against(f"{where}: LPM's F1 over LoRA's", found, "lpm", ("lora",), 1.0)
    yield _line(
        f"{where}: LoRA's parameters a user over LPM's",
        "≥ 120×",
        found,
        ("lpm", "lora"),
        lambda lpm, lora: (
            lora["params_per_user"] / max(1, lpm["params_per_user"]),
            f"{lora['params_per_user']:,} over {lpm['params_per_user']:,}",
        ),
        120.0,
    )
    yield _against(
        f"{where}: LPM's F1 over prompt tuning's", found, "lpm", ("prompt-tuning",), 1.54
    )
    control = f"{where}: LPM's F1 over that with another user's memory"
    yield _against(control, found, "lpm", ("swapped-user",), 1.0)
    answerable = {name: only_answerable(row) for name, row in found.items()}
    for other, whose in (("swapped-user", "with another user's memory"), ("no-memory", "of none")):
        what = f"{where}, questions that have an answer: LPM's F1 over that {whose}"
        yield _against(what, answerable, "lpm", (other,), 1.0)
    rag = tuple(name for name in ("rag-bm25", "rag-dense") if name in found)
    yield _against(f"{where}: hybrid's F1 over the best RAG's", found, "hybrid", rag, 1.0)


def only_answerable(row: Row) -> Row:
    """Return a row of LoCoMo without the questions whose right answer is that there is none.

    Its standard error is unknown: those of the categories do not tell it.
    """
    kinds = [values for kind, values in row["by_kind"].items() if kind != UNANSWERABLE]
    number = sum(n for _, n in kinds)
    mean = sum(score * n for score, n in kinds) / number if number else 0.0
    return row | {"overall": mean, "stderr": None, "n": number}


def _synthetic(rows: Sequence[Row]) -> Iterator[Line]:
    found = reported(rows, "personas", "short")
    what = "Synthetic users, raw history, unseen phrasings: LPM over LoRA"
    yield _against(what, found, "lpm", ("lora",), 1.088)
    pairs = [
        row
        for row in rows
        if (row["benchmark"], row["mode"], row["split"]) == ("personas", "pairs", "report")
    ]
    by_steps: dict[int, dict[str, Row]] = {}
    for row in merged(pairs):
        by_steps.setdefault(row["settings"].get("steps", 0), {}).setdefault(row["method"], row)
    for steps, methods in sorted(by_steps.items()):
        if {"lpm", "lora"} <= set(methods):
            what = f"Synthetic users, given pairs, unseen phrasings, {steps} steps: LPM over LoRA"
            yield _against(what, methods, "lpm", ("lora",), 1.088)


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


def _against(
    what: str, found: dict[str, Row], method: str, others: Sequence[str], least: float
) -> Line:
    best = max(
        (found[name] for name in others if name in found),
        key=lambda row: row["overall"],
        default=None,
    )
    methods = (method, best["method"] if best else "")

    def ratio(own: Row, other: Row) -> tuple[float, str]:
        said = f"{score_text(own)} over {score_text(other)} ({other['method']})"
        value = own["overall"] / other["overall"] if other["overall"] else float("inf")
        return value, said

    return _line(what, f"≥ {least:g}×", found, methods, ratio, least)


def _line(
    what: str,
    wanted: str,
    found: dict[str, Row],
    methods: tuple[str, str],
    measure: Callable[[Row, Row], tuple[float, str]],
    least: float,
) -> Line:
    own, other = (found.get(name) for name in methods)
    if own is None or other is None:
        return what, wanted, NOT_YET, "", ""
    value, said = measure(own, other)
    return what, wanted, f"{value:,.3g}×: {said}", _yes(value >= least), _files([own, other])


def _files(rows: Sequence[Row]) -> str:
    return ", ".join(f"`results/{row['file']}`" for row in rows)


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"
