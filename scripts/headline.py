"""The README's table: methods and controls side by side, each score linked to its result file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lpm.benchmarks.comparing import reported
from lpm.benchmarks.reporting import load_rows
from lpm.benchmarks.rows import Row
from lpm.benchmarks.tables import Table, score_text
from lpm.errors import ConfigError

METHODS = ("lpm", "hybrid", "lora", "prompt-tuning", "prefix-tuning", "cartridge", "rag-bm25",
           "rag-dense", "full-context", "no-memory", "empty-memory", "swapped-user")  # fmt: skip
CONTROLS = ("no-memory", "empty-memory", "swapped-user")
STEPS_OF_PAIRS = 30
EFFICIENCY = Path("efficiency/qwen3-8b.json")
HISTORY_TOKENS = "4096"


def headline(results: Path) -> str:
    """Return the table and what a memory takes, as Markdown, or that nothing is on file."""
    try:
        rows = load_rows(results)
    except ConfigError:
        return "_Nothing has been measured for this version yet._"
    return "\n\n".join(part for part in (_scores(rows).markdown(), _efficiency(results)) if part)


def _scores(rows: Sequence[Row]) -> Table:
    columns = {
        "synthetic users, raw history": reported(rows, "personas", "short"),
        f"synthetic users, pairs given, {STEPS_OF_PAIRS} steps": _of_pairs(rows),
        "LoCoMo, `fixed`": reported(rows, "locomo", "fixed"),
        "PersonaMem v1, 32k": reported(rows, "personamem", "32k"),
    }
    measured = [name for name in METHODS if any(name in found for found in columns.values())]
    lines = [
        (
            f"{name} (control)" if name in CONTROLS else name,
            _parameters([found[name] for found in columns.values() if name in found]),
            *(_cell(found[name]) if name in found else "" for found in columns.values()),
        )
        for name in measured
    ]
    return Table(("method", "parameters a user", *columns), tuple(lines))


def _of_pairs(rows: Sequence[Row]) -> dict[str, Row]:
    at_steps = [row for row in rows if row["settings"].get("steps") == STEPS_OF_PAIRS]
    return reported(at_steps, "personas", "pairs")


def _parameters(rows: Sequence[Row]) -> str:
    counts = sorted({row["params_per_user"] for row in rows})
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def _cell(row: Row) -> str:
    seeds = f", {row['seeds']} seeds" if row["seeds"] > 1 else ""
    return f"[{score_text(row)}](results/{row['files'][0]}) (n={row['n']:,}{seeds})"


def _efficiency(results: Path) -> str:
    path = results / EFFICIENCY
    if not path.is_file():
        return ""
    counted: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    lpm, ratios = counted["counts"][0], counted["ratios"]
    rank, of_lora = next(iter(ratios["lora_parameters"].items()))
    return (
        f"On {counted['backbone']['name']} ([counted](results/{EFFICIENCY})) a memory adds "
        f"{lpm['added_tokens']} rows, {lpm['kv_bytes'] / 1e6:.1f} MB of KV-cache, to a request: "
        f"{ratios['kv'][HISTORY_TOKENS]:.0f} times less than {int(HISTORY_TOKENS):,} tokens of "
        f"history, {ratios['kv']['131072']:,.0f} times less than 131,072; a user's slots have "
        f"{of_lora:,.0f} times fewer parameters than LoRA of rank {rank}."
    )
