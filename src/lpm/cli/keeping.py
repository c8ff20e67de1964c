"""`remember`, `show`, `users`, `forget`, `export` and `import`: keep memories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lpm.cli.options import (
    AsJson,
    BackboneName,
    Device,
    Home,
    ProjectorFolder,
    Seed,
    Tenant,
    User,
    opened,
    opened_store,
    print_json,
    print_table,
)
from lpm.cli.progress import loss_bar
from lpm.types import KeepHistory


def remember(
    user: User,
    file: Annotated[Path, typer.Argument(help="A history file, see docs/histories.md.")],
    speaker: Annotated[str | None, typer.Option(help="LoCoMo: which speaker is the user.")] = None,
    select: Annotated[
        str | None, typer.Option(help="Which conversation of the file: id, prefix or index.")
    ] = None,
    refine_steps: Annotated[
        int | None, typer.Option(min=0, max=100_000, help="Gradient steps after the writer's pass.")
    ] = None,
    keep_history: Annotated[
        KeepHistory, typer.Option(help="What is stored beside the slots: text, hashes or nothing.")
    ] = "full",
    keep_days: Annotated[
        float | None,
        typer.Option(min=0, max=36_500, help="Let `lpm expire` forget these sessions after that."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change and store nothing.")
    ] = False,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Add the sessions of a history file to a user's memory."""
    from datetime import UTC, datetime, timedelta

    from lpm.histories import load_history
    from lpm.memory import validate_user

    validate_user(user)
    history = load_history(file, speaker=speaker, select=select)
    with (
        opened(home, tenant, backbone, device, projector, seed) as memories,
        loss_bar() as progress,
    ):
        expires_at = None if keep_days is None else datetime.now(UTC) + timedelta(days=keep_days)
        report = memories.remember(
            user,
            history,
            refine_steps=refine_steps,
            keep_history=keep_history,
            expires_at=expires_at,
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        print_json(report)
        return
    typer.echo(
        f"{report.user}: {'would be ' if dry_run else ''}version {report.version}, "
        f"{report.num_slots} slots ({report.slots_added} new, {report.slots_removed} gone), "
        f"{report.size_bytes} bytes; {report.sessions_added} sessions added, "
        f"{report.sessions_skipped} already known; {report.seconds:.1f} s."
    )


def show(
    user: User,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    tell: Annotated[
        bool, typer.Option("--tell", help="Let the LLM say what each slot alone tells it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show every slot of a user: nearest words and where it was learnt."""
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        view = memories.show(user, tell=tell)
    if as_json:
        print_json(view)
        return
    typer.echo(
        f"{user}: version {view.summary.version}, {view.summary.size_bytes} bytes, backbone "
        f"{view.backbone}, projector {view.projector}"
    )
    rows: list[tuple[object, ...]] = [
        (
            slot.slot,
            f"{slot.norm:.2f}",
            f"{slot.salience:.1f}",
            ", ".join(f"{s.session_id} turn {s.turn}" for s in slot.sources),
            " ".join(slot.nearest_words) if slot.told is None else slot.told,
        )
        for slot in view.slots
    ]
    last = "told by it alone" if tell else "nearest words"
    print_table(("slot", "norm", "salience", "learnt from", last), rows)


def users(home: Home = None, tenant: Tenant = "", as_json: AsJson = False) -> None:
    """List the users of a home."""
    with opened_store(home, tenant) as store:
        found = store.users()
    if as_json:
        print_json(found)
        return
    rows: list[tuple[object, ...]] = [
        (s.user, s.version, s.num_slots, s.num_sessions, s.size_bytes, s.updated_at) for s in found
    ]
    print_table(("user", "version", "slots", "sessions", "bytes", "updated"), rows)


def export(
    user: User,
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    home: Home = None,
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Write a user's newest memory to a file: slots and provenance, no conversation text."""
    with opened_store(home, tenant) as store:
        store.get(user).save(path)
        (summary,) = [item for item in store.users() if item.user == user]
    if as_json:
        print_json(summary)
    else:
        typer.echo(f"{path}: version {summary.version} of {user}, {summary.size_bytes} bytes.")


def import_(
    path: Annotated[Path, typer.Argument(help="A file made by `lpm export`.")],
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Store the memory of an exported file."""
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        summary = memories.import_(path)
    if as_json:
        print_json(summary)
    else:
        typer.echo(f"{summary.user}: {summary.num_slots} slots imported.")
