"""`serve` and `mcp`: the server, and a memory as tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lpm.cli.options import (
    BackboneName,
    Device,
    Home,
    ProjectorFolder,
    Seed,
    User,
    opened,
)
from lpm.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from lpm.server.engine import Engine
    from lpm.server.settings import ServerSettings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Check settings, store, backbone and engine; serve nothing."),
    ] = False,
) -> None:
    """Serve memories and an OpenAI-compatible API; settings come from LPM_… variables."""
    settings = settings_of(host=host, port=port)
    import asyncio
    import logging

    import uvicorn

    from lpm.server.app import build_service, create_app
    from lpm.server.tracing import start_tracing

    start_tracing()
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


def settings_of(**given: object) -> ServerSettings:
    """Return the settings of the environment; None leaves one as it is there."""
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
