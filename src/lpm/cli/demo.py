"""`demo`: the main job on real conversation, with a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpm.cli.options import AsJson, BackboneName, Device, ProjectorFolder, Seed


def demo(
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("demo-report"),
    locomo: Annotated[Path | None, typer.Option(help="A LoCoMo file, as one more user.")] = None,
    speaker: Annotated[str | None, typer.Option(help="LoCoMo: which speaker.")] = None,
    select: Annotated[str | None, typer.Option(help="LoCoMo: which conversation.")] = None,
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Learn three people from their conversations, ask ten questions each, compare three ways."""
    from lpm.demo import print_table, run_demo

    result = run_demo(
        None,
        backbone=backbone,
        device=device,
        projector=projector,
        seed=seed,
        out=out,
        locomo=locomo,
        speaker=speaker,
        select=select,
        progress=None if as_json else lambda text: typer.echo(text, err=True),
    )
    if as_json:
        typer.echo(result.to_json())
        return
    from rich.console import Console

    print_table(result, Console())
    typer.echo(f"Report: {result.report}")
