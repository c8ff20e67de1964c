"""`data get`: the public benchmark files, shown before they are fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(help="Public benchmark data.", no_args_is_help=True)


@data.callback()
def root() -> None:
    """Public benchmark data."""


def default_folder() -> Path:
    """Return where benchmark data is kept unless another folder is given."""
    from platformdirs import user_data_path

    return user_data_path("latent-personal-memory") / "benchmarks"


@data.command()
def get(
    name: Annotated[str, typer.Argument(help="locomo or personamem.")],
    part: Annotated[str | None, typer.Option(help="personamem: 32k, 128k or 1M.")] = None,
    to: Annotated[Path | None, typer.Option(help="Folder; your own data by default.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
) -> None:
    """Fetch a benchmark's files, after showing where from, their size, licence and hash."""
    from lpm.benchmarks.data import fetch, find_data_set, remote_size

    data_set, folder = find_data_set(name), to or default_folder()
    typer.echo(f"{data_set.name}, from {data_set.source}")
    typer.echo(f"Licence: {data_set.licence} ({data_set.note}).")
    for file in data_set.files(part):
        size = remote_size(file)
        known = "size unknown" if size is None else f"{size:,} bytes"
        typer.echo(f"  {file.name}: {known}, sha256 {file.sha256 or 'not published'}")
    typer.echo(f"Folder: {folder}")
    if not yes:
        typer.confirm("Fetch?", abort=True)
    for fetched in fetch(data_set, folder, part):
        state = "as published" if fetched.verified else "written down"
        typer.echo(f"{fetched.name}: {fetched.size_bytes:,} bytes, sha256 {fetched.sha256} {state}")
