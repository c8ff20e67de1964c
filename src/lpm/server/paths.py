"""User names in paths: every character may stand in one, a slash as %2F.

Servers decode a path before routes see it, which would make `a%2Fversions` the versions of `a`.
So the segments of the path as it was sent are decoded one by one, and what would be taken for
structure is escaped again, until the parameter is read.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Receive, Scope, Send


class EscapedSegments:
    """Give routes paths whose segments keep `%` and `/` escaped."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the escaped path."""
        if scope["type"] == "http":
            sent = scope.get("raw_path") or quote(scope["path"]).encode()
            segments = sent.partition(b"?")[0].decode("utf-8", "replace").split("/")
            # In place: who watches from outside reads the route from the same scope.
            scope["path"] = "/".join(_escaped(unquote(part)) for part in segments)
        await self._app(scope, receive, send)


def segment(text: str) -> str:
    """Return what a parameter of an escaped path says."""
    return text.replace("%2F", "/").replace("%25", "%")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("/", "%2F")
