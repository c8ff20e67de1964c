"""`lpm backbone`: show, fetch or remove the embedded default backbone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lpm import embedded


def backbone(
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download, verify and convert it into the cache.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Delete it from the cache.")] = False,
    wheel: Annotated[
        Path | None,
        typer.Option("--wheel", help="With --fetch: an already downloaded wheel, for no network."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the embedded default backbone; --fetch makes its cache, --remove deletes it."""
    if fetch and remove:
        raise typer.BadParameter("give --fetch or --remove, not both")
    if wheel is not None and not fetch:
        raise typer.BadParameter("--wheel needs --fetch")
    freed_bytes = _size_bytes(embedded.cache_folder())
    if remove:
        embedded.remove_cached()
    if fetch:
        embedded.embedded_backbone_path(wheel=wheel)
    description = describe()
    if remove:
        description["freed_bytes"] = freed_bytes
    if as_json:
        typer.echo(json.dumps(description, indent=2))
        return
    for name, value in description.items():
        typer.echo(f"{name.replace('_', ' '):<16} {_shown(value)}")


def describe() -> dict[str, str | int | bool]:
    """Return what there is to know of the embedded backbone and its cache; sizes in bytes."""
    folder = embedded.cache_folder()
    return {
        "id": embedded.MODEL_NAME,
        "cached": embedded.is_cached(),
        "folder": str(folder),
        "size_bytes": _size_bytes(folder),
        "parameters": embedded.NUM_PARAMETERS,
        "wheel": embedded.WHEEL,
        "wheel_sha256": embedded.WHEEL_SHA256,
        "gguf_sha256": embedded.GGUF_SHA256,
        "gguf_size_bytes": embedded.GGUF_SIZE_BYTES,
    }


def _size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _shown(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value
