"""`serve`, `keys` and `mcp`: the server, who may call it, and memories as tools."""

from __future__ import annotations

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
    User,
    opened,
    print_table,
)
from lpm.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from lpm.server.engine import Engine
    from lpm.server.keys import KeyStore
    from lpm.server.settings import ServerSettings

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
KeyFile = Annotated[
    Path | None, typer.Option("--keys", envvar="LPM_KEYS", help="The file of API keys.")
]


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Check settings, store, backbone and engine; serve nothing."),
    ] = False,
) -> None:
    """Serve memories and an OpenAI-compatible API; settings come from LPM_… variables."""
    settings = _settings(host=host, port=port)
    import asyncio
    import logging

    import uvicorn

    from lpm.server.app import build_service, create_app

    service = build_service(settings)
    if check:
        try:
            asyncio.run(_checked(service.engine))
        finally:
            service.store.close()
        typer.echo(f"{service.model_id} is ready to be served on {settings.host}:{settings.port}.")
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    # The access log of uvicorn writes paths, which name users; the application logs patterns.
    uvicorn.run(
        create_app(service),
        host=settings.host,
        port=settings.port,
        access_log=False,
        timeout_graceful_shutdown=int(settings.drain_s),
    )


async def _checked(engine: Engine) -> None:
    import asyncio

    try:
        await engine.check()
    finally:
        await asyncio.to_thread(engine.stop)


@keys.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose users the key reaches.")] = "",
    user: Annotated[str | None, typer.Option(help="The one user it reaches.")] = None,
    scopes: Annotated[str, typer.Option(help="chat, memories, admin; commas.")] = "chat,memories",
    path: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its text is shown once and stored nowhere."""
    wanted = tuple(part.strip() for part in scopes.split(",") if part.strip())
    key, text = _store(path).create(tenant, wanted, user)
    if as_json:
        import json

        typer.echo(json.dumps({"key_id": key.key_id, "key": text}))
    else:
        typer.echo(text)


@keys.command("list")
def list_keys(path: KeyFile = None) -> None:
    """List keys without their secrets."""
    print_table(
        ("key", "tenant", "user", "scopes", "made", "revoked"),
        [
            (k.key_id, k.tenant, k.user or "", ", ".join(k.scopes), k.created_at, k.revoked)
            for k in _store(path).list()
        ],
    )


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `lpm keys list` shows it.")],
    path: KeyFile = None,
) -> None:
    """Make a key worthless at once, for servers that run too."""
    _store(path).revoke(key_id)
    typer.echo(f"{key_id} is revoked.")


def _store(path: Path | None) -> KeyStore:
    settings = _settings(keys=path)
    from lpm.server.keys import KeyStore

    return KeyStore(settings.keys_path)


def _settings(**given: object) -> ServerSettings:
    try:
        from pydantic import ValidationError

        from lpm.server.settings import ServerSettings
    except ImportError:
        raise MissingExtraError(
            "The server needs an extra; run `pip install 'latent-personal-memory[server]'`."
        ) from None
    try:
        return ServerSettings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = "LPM_" + "_".join(map(str, first["loc"])).upper()
        raise ConfigError(f"{name}: {first['msg']}.") from None


def mcp(
    user: User,
    home: Home = None,
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
) -> None:
    """Offer one user's memory as tools of the Model Context Protocol, over standard streams."""
    from lpm.memory import validate_user

    validate_user(user)
    from lpm.server.mcp import build_server

    with opened(home, backbone, device, projector, seed) as memories:
        build_server(memories, user).run("stdio")
