"""`keys`: who may call the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lpm.cli.options import AsJson, print_table

if TYPE_CHECKING:
    from lpm.server.keys import ApiKey, KeyStore

keys = typer.Typer(help="Make, list, rotate and revoke API keys.", no_args_is_help=True)
KeyFile = Annotated[
    Path | None, typer.Option("--keys", envvar="LPM_KEYS", help="The file of API keys.")
]
KeyId = Annotated[str, typer.Argument(help="As `lpm keys list` shows it.")]


@keys.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose users the key reaches.")] = "",
    user: Annotated[str | None, typer.Option(help="The one user it reaches.")] = None,
    scopes: Annotated[str, typer.Option(help="chat, memories, admin; commas.")] = "chat,memories",
    signing: Annotated[
        bool, typer.Option("--signing", help="Make a secret that signs tokens of single users.")
    ] = False,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=1, help="Requests in any minute; no limit by default.")
    ] = None,
    tokens_per_day: Annotated[
        int | None, typer.Option(min=1, help="Tokens read and written in a day.")
    ] = None,
    path: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its text is shown once."""
    store = _store(path)
    from lpm.server.quotas import Budget

    wanted = tuple(part.strip() for part in scopes.split(",") if part.strip())
    budget = Budget(requests_per_minute, tokens_per_day)
    key, text = store.create(tenant, wanted, user, signing=signing, budget=budget)
    _print(key, text, as_json)


@keys.command("list")
def list_keys(path: KeyFile = None) -> None:
    """List keys without their secrets."""
    print_table(
        ("key", "tenant", "user", "scopes", "limits", "made", "revoked"),
        [
            (k.key_id, k.tenant, k.user or "", _scopes(k), _limits(k), k.created_at, k.revoked)
            for k in _store(path).list()
        ],
    )


@keys.command()
def rotate(
    key_id: KeyId,
    grace: Annotated[
        int, typer.Option(min=0, help="Seconds for which the old secret stays good.")
    ] = 86_400,
    path: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret, shown once; the old one stays good for a while."""
    _print(*_store(path).rotate(key_id, grace), as_json)


@keys.command()
def revoke(key_id: KeyId, path: KeyFile = None) -> None:
    """Make a key worthless at once, for servers that run too."""
    _store(path).revoke(key_id)
    typer.echo(f"{key_id} is revoked.")


@keys.command()
def token(
    user: Annotated[str, typer.Option(help="Whom the token speaks for.")],
    ttl: Annotated[int, typer.Option(min=1, help="Seconds for which it is good.")] = 3600,
    tenant: Annotated[str, typer.Option(help="Whose signing key, if it has one alone.")] = "",
    key_id: Annotated[str | None, typer.Option("--key", help="Which signing key.")] = None,
    path: KeyFile = None,
) -> None:
    """Sign a token of one user, to be sent in the place of a key."""
    typer.echo(_store(path).sign(user, ttl, key_id=key_id, tenant=tenant))


def _print(key: ApiKey, text: str, as_json: bool) -> None:
    if as_json:
        import json

        typer.echo(json.dumps({"key_id": key.key_id, "key": text}))
    else:
        typer.echo(text)


def _scopes(key: ApiKey) -> str:
    return ("signs tokens: " if key.signing else "") + ", ".join(key.scopes)


def _limits(key: ApiKey) -> str:
    budget = key.budget
    told = [f"{budget.requests_per_minute}/min"] if budget.requests_per_minute else []
    told += [f"{budget.tokens_per_day} tokens/day"] if budget.tokens_per_day else []
    return ", ".join(told)


def _store(path: Path | None) -> KeyStore:
    from lpm.cli.serve import settings_of

    settings = settings_of(keys=path)
    from lpm.server.keys import KeyStore

    return KeyStore(settings.keys_path)
