"""Rewrite the marked tables of docs/efficiency.md from result files; nothing is counted here.

    python scripts/update_efficiency.py            # rewrite
    python scripts/update_efficiency.py --check    # exit 1 when a table is not current

Counted tables come from results/efficiency/*.json (bench/efficiency.py), measured ones from
results/speed/latency-*.json and ask-*.json (bench/latency.py, bench/ask.py).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = Path("docs/efficiency.md")
COUNTED = Path("results/efficiency")
MEASURED = Path("results/speed")
NOTHING = "_Nothing is on file yet; `python bench/{}.py` makes it._"

SIZES = {
    "lpm": "LPM, {:,} slots",
    "lora": "LoRA, rank {:,}",
    "prompt-tuning": "prompt tuning, {:,} rows",
    "cartridge": "cartridge, {:,} positions",
    "full-context": "full context, {:,} tokens",
    "full-context-cached": "full context, {:,} tokens, KV-cache stored",
}
TRAINED = ("lpm", "lora", "prompt-tuning", "cartridge")

Report = dict[str, Any]


def spelt(value: float, units: str = " kMGTP") -> str:
    """Return three digits and a decimal unit."""
    step = 0
    # 999.5 would be rounded to 1000.
    while value >= 999.5 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    digits = 0 if value >= 99.95 or step == 0 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {units[step]}".rstrip()


def size_bytes(value: float | None) -> str:
    """Return bytes in a decimal unit."""
    if value is None:
        return "–"
    return f"{value:.0f} bytes" if value < 999.5 else f"{spelt(value)}B"


def times(value: float) -> str:
    """Return a ratio of about three digits."""
    return f"{value:,.0f}×" if value >= 99.5 else f"{value:.3g}×"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and the others are figures."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def counts_table(
    reports: Sequence[Report], methods: Sequence[str], cell: Callable[[Report], str]
) -> str:
    """Return a row a method and size, a column a backbone."""
    kept = [[item for item in report["counts"] if item["method"] in methods] for report in reports]
    rows = []
    for same in zip(*kept, strict=True):
        (label,) = {SIZES[item["method"]].format(item["size"]) for item in same}
        rows.append([label, *map(cell, same)])
    return table(["", *(report["backbone"]["name"] for report in reports)], rows)


def setting_block(reports: Sequence[Report]) -> str:
    """Return the backbones and LPM's sizes on each."""
    rows = []
    for report in reports:
        backbone, own = report["backbone"], report["lpm"]
        (shared,) = {c["params_shared"] for c in report["counts"] if c["method"] == "lpm"}
        name = f"{backbone['name'].lower()}.json"
        rows.append(
            [
                f"{backbone['name']} ({backbone['source']})",
                f"{backbone['parameters']:,}",
                f"{own['num_slots']} × {own['slot_dim']}",
                str(own["num_soft_tokens"]),
                f"{shared:,}",
                f"{backbone['kv_bytes_per_token']:,}",
                f"`{COUNTED}/{name}`",
            ]
        )
    header = ["backbone", "parameters", "slots", "rows", "LPM's shared parameters"]
    return table([*header, "KV bytes a token", "file"], rows)


def parameters_block(reports: Sequence[Report]) -> str:
    """Return the floats that one user trains."""
    return counts_table(reports, TRAINED, lambda item: f"{item['params_per_user']:,}")


def stored_block(reports: Sequence[Report]) -> str:
    """Return what is stored for one user."""
    return counts_table(reports, tuple(SIZES), lambda item: size_bytes(item["bytes_per_user"]))


def kv_block(reports: Sequence[Report]) -> str:
    """Return the KV-cache of one request."""
    methods = [name for name in SIZES if name != "full-context-cached"]
    return counts_table(reports, methods, lambda item: size_bytes(item["request_kv_bytes"]))


def prefill_block(reports: Sequence[Report]) -> str:
    """Return the operations up to the first answer token."""
    return counts_table(reports, tuple(SIZES), lambda item: spelt(item["prefill_operations"]))


def ratios_block(reports: Sequence[Report]) -> str:
    """Return how many times as much as LPM the others take."""
    rows: list[list[str]] = []
    for rank in reports[0]["ratios"]["lora_parameters"]:
        cells = [times(report["ratios"]["lora_parameters"][rank]) for report in reports]
        rows.append([f"trained parameters, LoRA of rank {rank}", *cells])
    for key, label in (
        ("request_kv", "KV-cache of a request"),
        ("kv", "KV-cache without the message"),
        ("prefill", "prefill operations"),
    ):
        for tokens in reports[0]["ratios"][key]:
            cells = [times(report["ratios"][key][tokens]) for report in reports]
            rows.append([f"{label}, full context of {int(tokens):,} tokens", *cells])
    cells = [f"{report['ratios']['context_for_claim']:,} tokens" for report in reports]
    rows.append(["history from which a request takes 64× less KV-cache", *cells])
    return table(["LPM against", *(report["backbone"]["name"] for report in reports)], rows)


def latency_block(root: Path) -> str:
    """Return a table of every measured backbone and device."""
    parts = []
    for path, report in _reports(root, MEASURED, "latency-*.json"):
        rows = []
        for row in report["rows"]:
            label = "LPM" if row["method"] == "lpm" else "full context"
            rows.append(
                [
                    f"{label}, {row['context_tokens']:,} tokens in all",
                    f"{row['first_token_s']:.3f} s",
                    f"{row['decode_tokens_per_s']:.1f}",
                    size_bytes(row["peak_bytes"]),
                ]
            )
        weights = ", random weights" if report["random_weights"] else ""
        parts.append(
            f"**{report['backbone']}{weights}**, {_conditions(report)}, "
            f"{report['new_tokens']} answer tokens, median of {report['repeats']} "
            f"(`{path.relative_to(root)}`):\n\n"
            + table(["", "first token", "then tokens a second", "peak memory"], rows)
        )
    return "\n\n".join(parts) or NOTHING.format("latency")


def ask_block(root: Path) -> str:
    """Return the seconds that a person waits."""
    rows = []
    for path, report in _reports(root, MEASURED, "ask-*.json"):
        fitted = report["remember_fitted_s"]
        weights = "random" if report["random_weights"] else "trained"
        rows.append(
            [
                f"{report['backbone']}, {_conditions(report)}, {weights} shared weights",
                f"{report['load_s']:.1f} s",
                f"{report['remember_s']:.2f} s ({report['history_turns']} turns)",
                "–" if fitted is None else f"{fitted:.1f} s ({report['fit_steps']} steps)",
                f"{report['ask_s']:.2f} s ({median(report['answer_tokens']):.0f} tokens)",
                f"`{path.relative_to(root)}`",
            ]
        )
    header = ["", "load", "remember", "remember with a fit", "one answer", "file"]
    return table(header, rows) if rows else NOTHING.format("ask")


def blocks(root: Path) -> dict[str, str]:
    """Return every block by its name."""
    reports = [report for _, report in _reports(root, COUNTED, "*.json")]
    reports.sort(key=lambda report: int(report["backbone"]["parameters"]))
    counted = {
        "setting": setting_block,
        "parameters": parameters_block,
        "stored": stored_block,
        "kv": kv_block,
        "prefill": prefill_block,
        "ratios": ratios_block,
    }
    nothing = NOTHING.format("efficiency")
    made = {name: make(reports) if reports else nothing for name, make in counted.items()}
    return made | {"latency": latency_block(root), "ask": ask_block(root)}


def updated(text: str, root: Path) -> str:
    """Return `text` with every marked block made anew from the files under `root`."""
    for name, block in blocks(root).items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
            raise SystemExit(f"{PAGE} needs `{begin}` and then `{end}`, once each.")
        marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
        # Tables need an empty line before them to be tables.
        whole = f"{begin}\n\n{block}\n\n{end}"
        text = marked.sub(lambda _, new=whole: new, text)  # type: ignore[misc]
    return text


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Rewrite or check the page under `root`; return the exit status."""
    parser = argparse.ArgumentParser(description=f"Rewrite the marked tables of {PAGE}.")
    parser.add_argument("--check", action="store_true", help="fail when a table is not current")
    check = parser.parse_args(arguments).check
    old = (root / PAGE).read_text(encoding="utf-8")
    new = updated(old, root)
    if check and new != old:
        print(f"{PAGE} is not current: run `make docs` and commit it.", file=sys.stderr)
        return 1
    if not check:
        (root / PAGE).write_text(new, encoding="utf-8")
    return 0


def _conditions(report: Report) -> str:
    if report["device"] != "cpu":
        return str(report["device"])
    load = f"load average {report['load_average']:.1f} at the start"
    return f"CPU, {report['threads']} thread{'s' * (report['threads'] > 1)}, {load}"


def _reports(root: Path, folder: Path, pattern: str) -> list[tuple[Path, Report]]:
    return [
        (path, json.loads(path.read_text(encoding="utf-8")))
        for path in sorted((root / folder).glob(pattern))
    ]


if __name__ == "__main__":
    raise SystemExit(main())
