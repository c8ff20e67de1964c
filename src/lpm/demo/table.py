"""The demo's table, for a terminal and for the README."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from lpm.demo.run import DemoResult

_LABELS = {
    "no-memory": "no memory",
    "full-context": "full history in context",
    "memory": "from the memory",
}


def print_table(result: DemoResult, console: Console) -> None:
    """Print right answers, prompt tokens, KV-cache and time of the three ways."""
    from lpm.model import MODES

    # Names come from files: as Text they are no markup.
    title = Text(f"{len(result.people)} people, backbone {result.backbone}")
    table = Table(title=title, box=None)
    for column in ("", "right", "prompt tokens", "soft tokens", "KV-cache", "seconds"):
        table.add_column(column, justify="left" if not column else "right")
    for mode in sorted(MODES, key=list(_LABELS).index):
        total = result.summary(mode)
        table.add_row(
            _LABELS[mode],
            f"{total['right']:.0f} of {total['n']:.0f}",
            f"{total['prompt_tokens']:.0f}",
            f"{total['soft_tokens']:.0f}",
            f"{total['kv_bytes'] / 1e6:.2f} MB",
            f"{total['seconds']:.2f}",
        )
    console.print(table)
    for person in result.people:
        report = person.report
        right = sum(r.right for a in person.asked for r in a.replies if r.mode == "memory")
        console.print(
            Text(
                f"{person.name}: {right} of {len(person.asked)} right from the memory; "
                f"{report.num_slots} slots, {report.size_bytes / 1024:.0f} KiB, "
                f"written in {report.seconds:.1f} s"
            )
        )


def transcript(result: DemoResult) -> str:
    """Return the table as plain text."""
    text = io.StringIO()
    print_table(result, Console(file=text, width=100, color_system=None))
    return "\n".join(line.rstrip() for line in text.getvalue().strip("\n").splitlines())
