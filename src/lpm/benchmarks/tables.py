"""Tables of result rows, as Markdown or HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from lpm.benchmarks.comparing import best_of_each
from lpm.benchmarks.rows import Row

COLUMNS = (
    ("method", "method"),
    ("settings", "settings"),
    ("overall", "overall"),
    ("macro", "macro"),
    ("n", "n"),
    ("num_users", "users"),
    ("seeds", "seeds"),
    ("params_per_user", "parameters a user"),
    ("params_shared", "shared"),
    ("bytes_per_user", "bytes a user"),
    ("kv_bytes", "KV bytes"),
    ("prompt_tokens", "prompt tokens"),
    ("seconds", "seconds"),
    ("file", "file"),
)


@dataclass(frozen=True)
class Table:
    """Titles and rows of text."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table as Markdown."""
        safe = [[cell.replace("|", "\\|") for cell in row] for row in self.rows]
        lines = [
            "| " + " | ".join(self.titles) + " |",
            "|" + "---|" * len(self.titles),
            *("| " + " | ".join(row) + " |" for row in safe),
        ]
        return "\n".join(lines)

    def html(self) -> str:
        """Return the table as HTML, every cell escaped."""
        head = "".join(f"<th>{html.escape(title)}</th>" for title in self.titles)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def score_table(rows: Sequence[Row]) -> Table:
    """Return all that a table of results says of each row."""
    return Table(
        tuple(title for _, title in COLUMNS),
        tuple(tuple(_cell(row, name) for name, _ in COLUMNS) for row in rows),
    )


def kind_table(rows: Sequence[Row], names: Sequence[str]) -> Table:
    """Return the score of each row in each category, with its error and n."""
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["by_kind"]))
    return Table(
        ("method", *kinds),
        tuple(
            (name, *(_kind_cell(row, kind) for kind in kinds))
            for name, row in zip(names, rows, strict=True)
        ),
    )


def sweep_table(rows: Sequence[Row]) -> Table:
    """Return every setting tried of each method, best first, and which is chosen."""
    chosen = [id(row) for row in best_of_each(rows)]
    cells = [
        (
            row["method"],
            settings_text(row),
            score_text(row),
            "yes" if id(row) in chosen else "",
            f"{row['n']:,}",
            f"{row['params_per_user']:,}",
            f"{row['seconds']:,.0f}",
            files_text(row),
        )
        for row in sorted(rows, key=lambda row: (row["method"], -row["n"], -row["overall"]))
    ]
    titles = ("method", "settings", "overall", "chosen", "n", "parameters a user", "seconds")
    return Table((*titles, "file"), tuple(cells))


def length_table(lines: dict[str, list[Row]], name: str, modes: Sequence[str]) -> Table:
    """Return one quantity of each method by mode: `overall`, `kv_bytes` or `answer_seconds`."""
    shown = {"overall": score_text, "kv_bytes": _kv_text, "answer_seconds": _seconds_text}[name]
    rows = []
    for label, found in lines.items():
        by_mode = {row["mode"]: row for row in found}
        rows.append((label, *(shown(by_mode[mode]) if mode in by_mode else "" for mode in modes)))
    return Table(("method", *modes), tuple(rows))


def settings_text(row: Row) -> str:
    """Return the settings in words."""
    return ", ".join(
        f"{key} {value}" for key, value in row["settings"].items() if value is not None
    )


def score_text(row: Row) -> str:
    """Return the overall score with its error where it is known."""
    error = "" if row["stderr"] is None else f" ± {row['stderr']:.3f}"
    return f"{row['overall']:.3f}{error}"


def files_text(row: Row, folder: str = "") -> str:
    """Return the files that a row was made from; folder: what their paths begin with."""
    return ", ".join(f"{folder}{file}" for file in row["files"])


def size_text(size_bytes: float) -> str:
    """Return bytes in a decimal unit."""
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while size_bytes >= 999.5 and len(units) > 1:
        size_bytes /= 1000
        units.pop(0)
    return f"{size_bytes:.3g} {units[0]}"


def _kv_text(row: Row) -> str:
    return size_text(row["kv_bytes"])


def _seconds_text(row: Row) -> str:
    return "" if row["answer_seconds"] is None else f"{row['answer_seconds']:.3g} s"


def _cell(row: Row, name: str) -> str:
    value = row[name]
    if name == "overall":
        return score_text(row)
    if name == "settings":
        return settings_text(row)
    if name == "file":
        return files_text(row)
    if name == "seeds":
        spread = row["seed_spread"]
        return str(value) if spread is None else f"{value} (spread {spread:.3f})"
    if value is None:
        return ""
    if name == "macro":
        return f"{value:.3f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _kind_cell(row: Row, kind: str) -> str:
    if kind not in row["by_kind"]:
        return ""
    mean, count = row["by_kind"][kind]
    error = row["by_kind_stderr"].get(kind)
    return f"{mean:.3f}{'' if error is None else f' ± {error:.3f}'} (n={count:.0f})"
