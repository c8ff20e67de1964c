"""`history`, `diff`, `rollback`: the versions of a memory."""

from __future__ import annotations

from typing import Annotated

import typer

from lpm.cli.options import AsJson, Home, Tenant, User, opened_store, print_json, print_table


def history(user: User, home: Home = None, tenant: Tenant = "", as_json: AsJson = False) -> None:
    """List the versions of a memory: when and from which sessions each was made."""
    with opened_store(home, tenant) as store:
        store.stamp(user)
        found = store.version_log(user)
    if as_json:
        print_json(found)
        return
    rows: list[tuple[object, ...]] = [
        (
            item.version,
            item.created_at,
            item.num_slots,
            item.size_bytes,
            f"rolled back to {item.restored_from}"
            if item.restored_from is not None
            else ", ".join(item.session_ids),
        )
        for item in found
    ]
    print_table(("version", "made", "slots", "bytes", "from"), rows)


def diff(
    user: User,
    old: Annotated[int, typer.Argument(min=1, help="The version before.")],
    new: Annotated[
        int | None, typer.Argument(min=1, help="The version after; the newest by default.")
    ] = None,
    home: Home = None,
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Say which slots came, went and moved between two versions, and what caused it."""
    from lpm.inspection.changes import changes

    with opened_store(home, tenant) as store:
        found = changes(store.get(user, old), store.get(user, new))
    if as_json:
        print_json(found)
        return
    moved = [slot for slot in found.stayed if slot.moved > 0]
    typer.echo(
        f"{user}, version {found.old_version} to {found.new_version}: {len(found.came)} slots "
        f"came, {len(found.went)} went, {len(moved)} of {len(found.stayed)} others moved "
        f"(drift {found.drift:.3f}); sessions added: {', '.join(found.sessions_added) or 'none'}, "
        f"removed: {', '.join(found.sessions_removed) or 'none'}."
    )
    rows: list[tuple[object, ...]] = [
        (
            what,
            slot.before,
            slot.after,
            f"{slot.moved:.3f}",
            ", ".join(f"{s.session_id} turn {s.turn}" for s in slot.sources),
        )
        for what, slots in (("came", found.came), ("went", found.went), ("moved", moved))
        for slot in slots
    ]
    if rows:
        shown = [tuple("" if cell is None else cell for cell in row) for row in rows]
        print_table(("what", "before", "after", "moved", "learnt from"), shown)


def rollback(
    user: User,
    version: Annotated[int, typer.Argument(min=1, help="The version to go back to.")],
    home: Home = None,
    tenant: Tenant = "",
    as_json: AsJson = False,
) -> None:
    """Make an old version of a memory the newest again."""
    with opened_store(home, tenant) as store:
        store.rollback(user, version)
        made = store.version_log(user)[-1]
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{user}: version {made.version} is version {version} again.")
