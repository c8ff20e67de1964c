"""`train`: make a projector and writer for a backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpm.cli.options import AsJson, BackboneName, Device, ProjectorFolder, Seed
from lpm.cli.progress import loss_bar


def train(
    histories: Annotated[Path, typer.Argument(help="Folder with one history file a user.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, log and checkpoints.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps through the LLM.")] = 900,
    first_stage: Annotated[int, typer.Option(min=1, help="Steps without the LLM.")] = 300,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint.")] = False,
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Train a projector and writer on many users' histories by self-study."""
    from lpm.training import train_shared

    with loss_bar("training") as progress:
        folder = train_shared(
            histories,
            out,
            backbone=backbone,
            device=device,
            projector=projector,
            first_stage=first_stage,
            steps=steps,
            seed=seed,
            resume=resume,
            progress=progress,
        )
    if as_json:
        import json

        typer.echo(json.dumps({"projector": str(folder)}))
    else:
        typer.echo(f"Trained; use it with `--projector {folder}`.")
