"""Rewrite the marked parts of docs/evidence.md, and its plots, from result files.

    python scripts/update_evidence.py            # rewrite
    python scripts/update_evidence.py --check    # exit 1 when a part is not current

Nothing is measured here. Parts for which nothing is on file say so. Plots are drawn anew whenever
the page changes; `--check` looks at the text, which names every plot.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from evidence_targets import UNANSWERABLE, targets
from lpm.benchmarks.comparing import merged
from lpm.benchmarks.reporting import (
    Section,
    length_sections,
    load_rows,
    score_sections,
    speed_sections,
)
from lpm.benchmarks.rows import TABLE, Row, grouped, labels
from lpm.benchmarks.tables import (
    Table,
    files_text,
    kind_table,
    score_text,
    settings_text,
    size_text,
)
from result_tables import DOCS, RESULTS, filled

NOTHING = "_Nothing is on file yet; `python bench/{}` makes it._"
MAKES = {
    "locomo": "evidence.py locomo",
    "personamem": "evidence.py personamem",
    "personas": "evidence.py personas",
    "lengths": "evidence.py lengths",
    "sweeps": "sweep.py",
    "speed": "latency.py",
}
MAIN_TITLES = (
    "method", "overall", "macro", "n", "users", "seeds", "trained a user", "shared",
    "stored a user", "KV-cache", "prompt tokens", "file",
)  # fmt: skip
COVERAGE = Path("training/21-where-evidence-is-lost.json")
COVERED = {
    "held": "an answering turn is behind some slot",
    "read": "of those: the slot attended to most is one",
    "by_words": "of those: the slot with the nearest text, by BM25, is one",
}
PLOTS = "images/evidence"
WORDS = {"personas": ("short",), "locomo": ("fixed", "official"), "personamem": ("32k",)}


def main_table(rows: Sequence[Row]) -> Table:
    """Return what each method scored, trained, stored and read."""
    return Table(
        MAIN_TITLES,
        tuple(
            (
                name,
                score_text(row),
                "" if row["macro"] is None else f"{row['macro']:.3f}",
                f"{row['n']:,}",
                f"{row['num_users']:,}",
                str(row["seeds"]),
                f"{row['params_per_user']:,}",
                f"{row['params_shared']:,}",
                size_text(row["bytes_per_user"]),
                size_text(row["kv_bytes"]),
                f"{row['prompt_tokens']:,.0f}",
                f"`{files_text(row, 'results/')}`",
            )
            for name, row in zip(labels(rows), rows, strict=True)
        ),
    )


def settings_list(rows: Sequence[Row]) -> str:
    """Return the settings of every row in words."""
    said = [
        f"- {name}: {settings_text(row)}"
        for name, row in zip(labels(rows), rows, strict=True)
        if row["settings"]
    ]
    return "\n".join(["Settings:", "", *said]) if said else ""


def scores(rows: Sequence[Row], benchmark: str) -> str:
    """Return the tables of a benchmark: report users first, then all; tuning stands apart."""
    parts = []
    of_benchmark = [
        row
        for row in rows
        if row["benchmark"] == benchmark
        and row["split"] != "tune"
        and row["mode"] in WORDS[benchmark]
    ]
    groups = sorted(grouped(of_benchmark, TABLE).items(), key=lambda item: item[0][2] != "report")
    for (_, mode, split, backbone, _, metric), group in groups:
        found = merged(group)
        parts += [
            f"### {mode}, split {split}, {backbone}: {metric}",
            main_table(found).markdown(),
            kind_table(found, labels(found)).markdown(),
            abstaining(found[0]) if mode == "fixed" else "",
            settings_list(found),
        ]
    return "\n\n".join(part for part in parts if part) or NOTHING.format(MAKES[benchmark])


def abstaining(row: Row) -> str:
    """Return what a method would score that abstains from every question asked of a row."""
    count = row["by_kind"].get(UNANSWERABLE, (0.0, 0))[1]
    share = count / row["n"]
    return (
        f"Whoever abstained always would score {share:.3f} (the {count:,} {UNANSWERABLE} questions "
        f"of {row['n']:,}): read the categories."
    )


def sectioned(sections: Sequence[Section], name: str) -> str:
    """Return sections as Markdown."""
    parts = []
    for section in sections:
        parts.append(f"### {section.title}")
        for caption, table in section.tables:
            parts += [f"{caption}:"] * bool(caption) + [table.markdown()]
    return "\n\n".join(parts) or NOTHING.format(MAKES[name])


def sweeps(sections: Sequence[Section]) -> str:
    """Return every table of settings tried on tuning users."""
    tuned = [
        Section(section.title, section.tables[:1])
        for section in sections
        if ", split tune, " in section.title and len(section.tables[0][1].rows) > 1
    ]
    return sectioned(tuned, "sweeps")


def blocks(folder: Path) -> tuple[dict[str, str], dict[str, Callable[[], Any]]]:
    """Return every marked part of the page, and every plot by its file name."""
    rows = load_rows(folder)
    scored = list(score_sections(rows))
    lengths, speed = list(length_sections(rows)), list(speed_sections(folder))
    plots = {
        f"{slug(caption)}.png": (caption, draw)
        for section in [*scored, *lengths, *speed]
        for caption, draw in section.figures
        if is_shown(caption)
    }
    shown = "\n\n".join(
        f"![{caption}]({PLOTS}/{name})\n\n*{caption}*" for name, (caption, _) in plots.items()
    )
    found = {name: scores(rows, name) for name in ("locomo", "personamem", "personas")}
    found |= {
        "coverage": coverage(folder),
        "targets": targets(rows, read_inspection(folder)).markdown(),
        "lengths": sectioned(lengths, "lengths"),
        "speed": sectioned([section for section in speed if section.tables], "speed"),
        "sweeps": sweeps(scored),
        "plots": shown,
    }
    return found, {name: draw for name, (_, draw) in plots.items()}


def is_shown(caption: str) -> bool:
    """Tell whether the page shows a plot: not those of tuning users, save for learning curves."""
    return ", split report, " in caption or "split" not in caption or "Learning" in caption


def coverage(folder: Path) -> str:
    """Return where LoCoMo's evidence is lost, from the file of bench/coverage.py."""
    path = folder / COVERAGE
    if not path.is_file():
        return NOTHING.format("coverage.py")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    cells = [
        (row["split"], str(row["num_slots"]), *(_share(row[part]) for part in COVERED))
        for row in rows
    ]
    table = Table(("split", "slots", *COVERED.values()), tuple(cells))
    return f"{table.markdown()}\n\nFile: `results/{COVERAGE}`."


def _share(found: dict[str, Any]) -> str:
    return f"{found['mean']:.3f} ± {found['stderr']:.3f} (n={found['n']:,})"


def read_inspection(folder: Path) -> dict[str, Any] | None:
    """Return the result file of bench/inspection.py, None where there is none."""
    path = folder / "inspection" / "inspection.json"
    found: dict[str, Any] | None = (
        json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    )
    return found


def slug(caption: str) -> str:
    """Return a caption as a file name."""
    return re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")


def main(arguments: list[str] | None = None, *, docs: Path = DOCS, results: Path = RESULTS) -> int:
    """Rewrite or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when the page is not current")
    check = parser.parse_args(arguments).check
    page, pictures = docs / "evidence.md", docs / PLOTS
    text = page.read_text(encoding="utf-8")
    found, plots = blocks(results)
    wanted = text
    for name, content in found.items():
        if f"<!-- {name}:begin -->" not in text:
            raise SystemExit(f"docs/evidence.md needs `<!-- {name}:begin -->` and its end.")
        wanted = filled(wanted, name, content)
    there = {path.name for path in pictures.glob("*.png")}
    if wanted == text and there == set(plots):
        return 0
    if check:
        print("docs/evidence.md is not current: run `make docs` and commit it.", file=sys.stderr)
        return 1
    page.write_text(wanted, encoding="utf-8")
    pictures.mkdir(parents=True, exist_ok=True)
    for name in there - set(plots):
        (pictures / name).unlink()
    for name, draw in plots.items():
        draw().savefig(pictures / name, dpi=80, metadata={"Software": None})
    return 0


if __name__ == "__main__":
    sys.exit(main())
