"""`serve` and `mcp`: the server, and a memory as tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lpm.cli.options import BackboneName, Device, Home, ProjectorFolder, Seed, Tenant, User, opened
from lpm.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:
    from lpm.server.settings import ServerSettings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port.")] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Tell every fault of settings, store, keys, engine."),
    ] = False,
) -> None:
    """Serve memories and an OpenAI-compatible API; settings come from LPM_… variables."""
    settings = settings_of(host=host, port=port)
    if check:
        from lpm.server.checking import faults

        found = faults(settings)
        if found:
            raise ConfigError("\n".join(found))
        typer.echo(f"{settings.backbone} is ready to be served on {settings.place}.")
        return
    import logging

    from lpm.server.app import build_service
    from lpm.server.serving import serve as serve_until_stopped
    from lpm.server.tracing import start_tracing

    start_tracing()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve_until_stopped(build_service(settings))


def settings_of(**given: object) -> ServerSettings:
    """Return the settings of the environment; None leaves one as it is there."""
    try:
        from pydantic import ValidationError

        from lpm.server.settings import ServerSettings, wrong_values
    except ImportError:
        raise MissingExtraError(
            "The server needs an extra; run `pip install 'latent-personal-memory[server]'`."
        ) from None
    try:
        return ServerSettings(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        raise ConfigError("\n".join(wrong_values(error))) from None


def mcp(
    user: User,
    home: Home = None,
    tenant: Tenant = "",
    backbone: BackboneName = "embedded",
    device: Device = None,
    projector: ProjectorFolder = None,
    seed: Seed = 0,
) -> None:
    """Offer one user's memory as tools of the Model Context Protocol, over standard streams."""
    from lpm.memory import validate_user

    validate_user(user)
    from lpm.server.mcp import build_server

    with opened(home, tenant, backbone, device, projector, seed) as memories:
        build_server(memories, user).run("stdio")
