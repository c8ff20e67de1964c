"""`forget`, `expire`: what goes, with a receipt."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from lpm.errors import ExpiryError, InputError

if TYPE_CHECKING:
    from lpm.forgetting import ErasureReceipt


def forget(
    user: User,
    session: Annotated[
        str | None, typer.Option(help="Only this session: identifier or content hash.")
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="Only turns that say one of these words.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go and remove nothing.")
    ] = False,
    receipt: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Remove a user for good, or one session, or a topic; older versions go too."""
    from lpm.forgetting import forget_user

    if session is not None and about is not None:
        raise InputError("Give --session or --about, not both.")
    if receipt is not None:
        _check_receipt(receipt)
    if session is None and about is None:
        with opened_store(home, tenant) as store:
            # Raises for an unknown user before anybody is asked.
            forget_user(store, user, dry_run=True)
            if not (yes or dry_run):
                _confirm(f"everything about '{user}'")
            made = forget_user(store, user, dry_run=dry_run)
    else:
        with opened(home, tenant, backbone, device, projector, seed) as memories:
            memories.store.stamp(user)
            if not (yes or dry_run):
                part = f"session '{session}'" if about is None else f"'{about}'"
                _confirm(f"{part} of '{user}'")
            made = memories.forget(user, session=session, about=about, dry_run=dry_run)
    if receipt is not None:
        _write_receipt(receipt, made)
    if as_json:
        print_json(made)
    else:
        typer.echo(_sentence(made))


def expire(
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Forget the sessions whose days are over, of all users of the tenant."""
    with opened(home, tenant, backbone, device, projector, seed) as memories:
        try:
            receipts = memories.expire()
        except ExpiryError as error:
            _print_expired(error.receipts, as_json)
            raise
    _print_expired(receipts, as_json)


def _print_expired(receipts: tuple[ErasureReceipt, ...], as_json: bool) -> None:
    if as_json:
        print_json(receipts)
        return
    for made in receipts:
        typer.echo(_sentence(made))
    typer.echo(f"{len(receipts)} sessions past their time were forgotten.")


def _check_receipt(path: Path) -> None:
    """Refuse a place where nothing can be written, before anything is forgotten."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"The folder of '{path}' does not exist; make it first.")
    if path.is_dir():
        raise InputError(f"'{path}' is a folder; name a file in it.")
    if not os.access(folder, os.W_OK):
        raise InputError(f"Nothing can be written to the folder of '{path}'; choose another.")


def _write_receipt(path: Path, made: ErasureReceipt) -> None:
    """Write a receipt, or print it where that fails: nothing could make it again."""
    from lpm.files import write_atomic

    text = json.dumps(dataclasses.asdict(made), ensure_ascii=False, indent=1) + "\n"
    try:
        write_atomic(path, text.encode())
    except OSError:
        typer.echo(text, nl=False)
        raise


def _confirm(what: str) -> None:
    if not sys.stdin.isatty():
        raise InputError(
            f"Forgetting {what} cannot be undone; give `--yes` where nobody can be asked."
        )
    if not typer.confirm(f"Forget {what}?", err=True):
        raise InputError("Nothing was forgotten.")


def _sentence(made: ErasureReceipt) -> str:
    would = "would be " if made.dry_run else "is "
    if made.scope == "user":
        return (
            f"{made.user} {would}forgotten: {made.versions_removed} versions and "
            f"{made.jobs_removed} jobs removed."
        )
    gone = [f"{len(made.sessions_removed)} sessions", f"{len(made.turns_removed)} turns"]
    how = "learnt anew from the kept text" if made.rebuilt else "the slots it taught taken out"
    found = made.probe
    asked = (
        "; no kept text to ask about"
        if found is None
        else f"; {found.questions} questions about it: {found.before:.0%} answered before, "
        f"{found.after:.0%} after, {found.without_memory:.0%} by guessing"
    )
    return (
        f"{made.asked!r} of {made.user} {would}forgotten: {' and '.join(gone)}, {how} "
        f"({made.slots_before} to {made.slots_after} slots), {made.versions_removed} older "
        f"versions removed{asked}."
    )
