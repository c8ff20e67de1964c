"""Bodies of requests: refused when they grow too large, given up when they never come whole."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lpm.server.errors import body_of

CLIENT_LEFT = 499
"""Nobody gets this answer: it is what is counted and logged of the request."""


class BodyLimit:
    """Refuse bodies that are too large, before they are read whole."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body stays within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._most:
            await self._refusal()(scope, receive, send)
            return
        body = _Body(receive, send, self._most)
        try:
            await self._app(scope, body.receive, body.send)
        except ClientDisconnect:
            # So a reader of the body learns that no more of it comes.
            if not body.cut:
                raise
        if body.cut:
            answer = self._refusal() if body.too_large else Response(status_code=CLIENT_LEFT)
            await answer(scope, receive, send)

    def _refusal(self) -> Response:
        message = f"The body is larger than {self._most} bytes; send less at once."
        return JSONResponse(body_of(message, "invalid_request_error"), 413)


class _Body:
    """A body on its way in. cut: no more of it is read, and no answer to it is sent on."""

    def __init__(self, receive: Receive, send: Send, most: int) -> None:
        self._receive, self._send, self._left = receive, send, most
        self._whole = self._answered = False
        self.cut = False

    @property
    def too_large(self) -> bool:
        """Say whether more came than may."""
        return self._left < 0

    async def receive(self) -> Message:
        """Return what comes next; once cut, that the client has left."""
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        gone = message["type"] == "http.disconnect"
        # After its answer has begun, a request is neither refused nor given up.
        if not self._answered and (self.too_large or (gone and not self._whole)):
            self.cut = True
        self._whole = self._whole or not message.get("more_body", False)
        return {"type": "http.disconnect"} if self.cut else message

    async def send(self, message: Message) -> None:
        """Send a part of the answer, unless another takes its place."""
        if not self.cut:
            self._answered = True
            await self._send(message)
