"""Rewrite the marked tables of docs/lifecycle.md and docs/inspection.md from result files.

python scripts/update_life.py            # rewrite
python scripts/update_life.py --check    # exit 1 when a table is not current
"""

from __future__ import annotations

import argparse
import shutil
import sys

from result_tables import DOCS, RESULTS, Row, filled, read, table


def share(found: dict[str, float]) -> str:
    """Return a mean with its clustered error."""
    return f"{found['mean']:.3f} ± {found['stderr']:.3f} (n = {found['n']:.0f})"


def times() -> list[Row]:
    """Return seconds and memory by length."""
    found, file = read("lifecycle/times.json")
    rows = []
    for item in (found or {}).get("by_length", []):
        length = f"{item['tokens']:,} tokens, {item['turns']} turns"
        rows += [
            (f"remember {length}", f"{item['remember_s']:.1f} s", file),
            (
                f"one more session of {item['new_session_turns']} turns after that",
                f"{item['new_session_s']:.2f} s",
                file,
            ),
            (f"peak memory of the process, {length}", f"{item['peak_mb']:.0f} MB", file),
        ]
    return rows


def sessions() -> list[Row]:
    """Return accuracy after many sessions."""
    found, file = read("lifecycle/sessions.json")
    if found is None:
        return []
    names = {
        "all_questions": "all questions",
        "facts_of_the_first_four_sessions": "facts of the first four sessions",
    }
    return [
        (f"{found['sessions']} sessions {how}: {spelt}", share(value), file)
        for key, spelt in names.items()
        for how, value in found[key].items()
    ]


def forgetting() -> list[Row]:
    """Return accuracy before and after a session was forgotten."""
    found, file = read("lifecycle/forgetting.json")
    if found is None:
        return []
    names = {
        "gone before": "the session's facts, before",
        "gone after": "the session's facts, after it was forgotten",
        "gone, swapped user": "the same questions to another user's memory",
        "others before": "all other facts, before",
        "others after": "all other facts, after",
    }
    return [(names[name], share(value), file) for name, value in found["accuracy"].items()]


def never_told() -> list[Row]:
    """Return how often something is invented."""
    found, file = read("lifecycle/never-told.json")
    if found is None:
        return []
    names = {
        "false recall": "something said about what was never told",
        "false recall without the sink": "the same without the sink",
        "told and right": "right about what was told",
        "told and right without the sink": "the same without the sink",
    }
    return [(spelt, share(found[name]), file) for name, spelt in names.items()]


def changes() -> list[Row]:
    """Return what becomes of facts that change."""
    found, file = read("lifecycle/changes.json")
    if found is None:
        return []
    names = {
        "present": "asked for what holds now, after it changed",
        "former": "asked for what held before",
        "listed": "asked for one of two that both hold",
        "others": "asked for what did not change",
    }
    counts = found["superseded"]
    return [
        *(
            (f"{spelt}: {how}", share(found["accuracy"][f"{name}, {way}"]), file)
            for name, spelt in names.items()
            for way, how in (
                ("resolved", "the later one takes its place"),
                ("side by side", "both"),
            )
        ),
        ("changes found", f"{counts['changes_found']} of {counts['changes']}", file),
        (
            "slots that gave way wrongly",
            f"{counts['wrong']} of {counts['wrong'] + counts['right']}",
            file,
        ),
        (
            "lists of two that lost one",
            f"{counts['additions_lost']} of {counts['additions']}",
            file,
        ),
    ]


def inspection() -> list[Row]:
    """Return what bench/inspection.py found."""
    found, file = read("inspection/inspection.json")
    if found is None:
        return []
    faith, slot_map, drift = found["faithfulness"], found["map"], found["drift"]
    return [
        ("explained answers", f"{faith['n']} of {faith['users']} users", file),
        ("slots an explanation names", f"{faith['slots_named']:.2f}", file),
        (
            "log-likelihood a token lost without the named slots",
            f"{faith['loss_without_named']:.3f} ± {faith['loss_without_named_stderr']:.3f}",
            file,
        ),
        (
            "without as many random slots",
            f"{faith['loss_without_random']:.3f} ± {faith['loss_without_random_stderr']:.3f}",
            file,
        ),
        ("ratio", f"{faith['ratio']:.1f}", file),
        ("answers that the named slots hurt more", f"{faith['share_named_hurts_more']:.3f}", file),
        ("users and slots on the map", f"{slot_map['users']}, {slot_map['slots']}", file),
        ("silhouette by user", f"{slot_map['silhouette']:.3f}", file),
        (
            "nearest other slot is of the same user (by chance)",
            f"{slot_map['nearest_user']:.3f} ({slot_map['nearest_by_chance']:.3f})",
            file,
        ),
        (
            "slots that came, went, stayed with one more session",
            f"{drift['came']:.1f}, {drift['went']:.1f}, {drift['stayed']:.1f}",
            file,
        ),
        ("drift of those that stayed", f"{drift['drift']:.3f}", file),
    ]


def main() -> int:
    """Rewrite or check the pages; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when a page is not current")
    check = parser.parse_args().check
    life = [*times(), *sessions(), *forgetting(), *changes(), *never_told()]
    stale = []
    for name, rows in (("lifecycle", life), ("inspection", inspection())):
        page = DOCS / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        wanted = filled(text, name, table(rows))
        if wanted != text:
            stale.append(page)
            if not check:
                page.write_text(wanted, encoding="utf-8")
    source, copy = RESULTS / "inspection" / "map.svg", DOCS / "map.svg"
    if source.is_file() and (not copy.is_file() or copy.read_bytes() != source.read_bytes()):
        stale.append(copy)
        if not check:
            shutil.copyfile(source, copy)
    if check:
        for page in stale:
            print(
                f"docs/{page.name} is not current: run `make docs` and commit it.", file=sys.stderr
            )
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
