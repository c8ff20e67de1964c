"""What is counted and logged of every request. Neither holds a user's name or a message's text."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lpm.server.errors import unforeseen

if TYPE_CHECKING:
    from lpm.server.metrics import Metrics

log = logging.getLogger("lpm.server")


class Observed:
    """Count and log requests once they have ended, and answer for errors that nobody foresaw.

    Written against ASGI itself: a streamed answer passes here piece by piece.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and watch its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # What the request's limits are is only known once it was looked at.
                MutableHeaders(scope=message).update(scope.get("state", {}).get("limits", {}))
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            # Caught here, since the server beneath would log the error's text.
            failed, body = unforeseen(error)
            if status:
                # The answer has begun: only breaking it off tells that it is not whole.
                raise ConnectionError("the answer was broken off") from None
            await JSONResponse(body, failed)(scope, receive, watched)
        finally:
            self._record(scope, status, time.perf_counter() - begin)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's pattern, not its path: that may name a user.
        path = getattr(scope.get("route"), "path", "unknown")
        self._metrics.requests.labels(path, status).inc()
        self._metrics.seconds.labels(path).observe(seconds)
        line = {"method": scope["method"], "route": path, "status": status}
        log.info(json.dumps(line | {"ms": round(1000 * seconds, 1)}))
