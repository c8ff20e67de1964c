"""`train`: make a projector and writer for a backbone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpm.cli.options import AsJson, BackboneName, Device, Seed
from lpm.cli.progress import stage_bars


def train(
    histories: Annotated[Path, typer.Argument(help="Folder with one history file a user.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, log and checkpoints.")],
    coding_steps: Annotated[int, typer.Option(min=1, help="Steps of codes for tokens.")] = 2000,
    speaking_steps: Annotated[int, typer.Option(min=1, help="Steps through the LLM.")] = 200,
    looking_steps: Annotated[int, typer.Option(min=1, help="Steps of retrieval.")] = 400,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint.")] = False,
    backbone: BackboneName = "embedded",
    device: Device = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Train a projector and writer on many users' histories by self-study."""
    from lpm.learning.shared import TrainPlan
    from lpm.training import train_shared

    with stage_bars() as progress:
        folder = train_shared(
            histories,
            out,
            backbone=backbone,
            device=device,
            plan=TrainPlan(coding_steps, speaking_steps, looking_steps, seed=seed),
            resume=resume,
            progress=progress,
        )
    if as_json:
        import json

        typer.echo(json.dumps({"projector": str(folder)}))
    else:
        typer.echo(f"Trained; use it with `--projector {folder}`.")
