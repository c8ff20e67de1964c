"""Options that many commands share, and how results are printed."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lpm.errors import InputError

if TYPE_CHECKING:
    from lpm.model import LatentPersonalMemory
    from lpm.store import MemoryStore

Home = Annotated[
    str | None,
    typer.Option(
        "--home",
        envvar="LPM_HOME",
        help="Folder of the memories, made when absent, or postgresql://HOST/DATABASE.",
    ),
]
Tenant = Annotated[
    str,
    typer.Option(
        "--tenant",
        envvar="LPM_TENANT",
        help="Whose users: the tenant of the server's keys; those without a tenant by default.",
    ),
]
BackboneName = Annotated[
    str,
    typer.Option(
        "--backbone",
        envvar="LPM_BACKBONE",
        help="The frozen LLM: `embedded`, a Hugging Face hub id or a folder.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device", envvar="LPM_DEVICE", help="cpu, cuda, cuda:1; the GPU when there is one."
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of everything random.")
]
ProjectorFolder = Annotated[
    Path | None,
    typer.Option(
        "--projector",
        envvar="LPM_PROJECTOR",
        help="Folder of a trained projector; the shipped one by default.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
User = Annotated[str, typer.Argument(help="The user's name.")]


@contextmanager
def opened(
    home: str | None,
    tenant: str,
    backbone: str,
    device: str | None,
    projector: Path | None,
    seed: int,
) -> Iterator[LatentPersonalMemory]:
    """Open the memories with the shared options."""
    from transformers.utils import logging

    from lpm.backbone import Backbone
    from lpm.model import LatentPersonalMemory
    from lpm.modeling import load_shared

    logging.disable_progress_bar()
    with opened_store(home, tenant) as store:
        model = load_shared(projector, Backbone.load(backbone, device=device), seed=seed)
        yield LatentPersonalMemory(store, model, seed=seed)


@contextmanager
def opened_store(home: str | None, tenant: str) -> Iterator[MemoryStore]:
    """Open a tenant's memories alone, without a backbone, where the server would find them."""
    from lpm.store import open_store

    master_keys = None
    if keys_file := configured("LPM_MASTER_KEYS"):
        from lpm.store.encryption import MasterKeys

        master_keys = MasterKeys.load(Path(keys_file))
    store = open_store(
        home or configured("LPM_HOME"),
        tenant=tenant,
        blobs=configured("LPM_BLOBS"),
        master_keys=master_keys,
    )
    try:
        yield store
    finally:
        store.close()


def configured(name: str) -> str | None:
    """Return a setting as `lpm serve` finds it: a variable, or a file in LPM_SECRETS_DIR."""
    if value := os.environ.get(name):
        return value
    folder = os.environ.get("LPM_SECRETS_DIR")
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise InputError(f"LPM_SECRETS_DIR must name a folder, but is {folder!r}.")
    path = Path(folder, name.lower())
    try:
        return path.read_text(encoding="utf-8").strip() or None if path.is_file() else None
    except OSError as error:
        raise InputError(f"The secret {path} cannot be read ({error.strerror}).") from error


def print_json(result: Any) -> None:
    """Print a dataclass, or a tuple of them, as one JSON document."""
    plain = (
        [dataclasses.asdict(item) for item in result]
        if isinstance(result, tuple)
        else dataclasses.asdict(result)
    )
    sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=1) + "\n")


def print_table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print rows under columns for a person."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        # Stored text is no markup.
        table.add_row(*(Text(str(cell)) for cell in row))
    Console().print(table)
