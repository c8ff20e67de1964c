"""`report`: tables and plots of result files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    folder: Annotated[Path, typer.Argument(help="Folder of result files.")] = Path("results"),
    kind: Annotated[str, typer.Option("--format", help="md, html or json.")] = "md",
    out: Annotated[Path | None, typer.Option(help="File to write; the screen by default.")] = None,
) -> None:
    """Show the result files below a folder as tables, or as one HTML page with plots."""
    from lpm.benchmarks.reporting import render

    text = render(folder, kind)  # type: ignore[arg-type]
    if out is None:
        typer.echo(text, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    typer.echo(f"Report: {out}")
