"""Serving until told to stop, and stopping so that no request fails."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import time

import uvicorn

from lpm.errors import ConfigError
from lpm.server.app import create_app
from lpm.server.service import Service
from lpm.server.settings import ServerSettings


def serve(service: Service) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    settings = service.settings
    inherited = inherited_socket(settings)
    config = uvicorn.Config(
        create_app(service),
        host=settings.host,
        port=settings.port,
        # The access log of uvicorn writes paths, which name users; the application logs patterns.
        access_log=False,
        timeout_graceful_shutdown=int(settings.drain_s),
    )
    # What is there now stays, and there is much of it: no collection need look at it again.
    gc.freeze()
    DrainingServer(config, service).run(None if inherited is None else [inherited])


def inherited_socket(settings: ServerSettings) -> socket.socket | None:
    """Return the socket of `listen_fd`, None without; raises ConfigError when it is none."""
    if settings.listen_fd is None:
        return None
    try:
        found = socket.socket(fileno=settings.listen_fd)
        listens = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        listens = 0
    if not listens:
        raise ConfigError(
            f"LPM_LISTEN_FD is {settings.listen_fd}, but no listening socket was inherited there; "
            "leave it unset unless systemd, or whatever starts the server, passes one."
        )
    return found


class DrainingServer(uvicorn.Server):
    """A server that lets go of its clients before it closes.

    On a signal it says so in /readyz and in every answer (`Connection: close`), and goes on for
    `linger_s`, so that proxies turn to another process. Then it accepts nothing more: what comes
    to an inherited socket waits there for the process that took over. Connections that were
    accepted get as long again to send what they were about to send, and answers that are being
    made get `drain_s`.
    """

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and tell systemd."""
        await super().startup(sockets)
        if self.started:
            tell_systemd("READY=1")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain and end."""
        linger_s = self._service.settings.linger_s
        tell_systemd("STOPPING=1")
        self._service.draining = True
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        await asyncio.sleep(linger_s)
        for server in self.servers:
            server.close()
        deadline = time.monotonic() + linger_s
        while state.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await super().shutdown(sockets)


def tell_systemd(state: str) -> None:
    """Tell the service manager what it waits for, where there is one (sd_notify)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        # An @ stands for the zero byte of an abstract address.
        one.sendto(state.encode(), address.replace("@", "\0", 1))
