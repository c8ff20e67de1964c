"""/openapi.json: what every route takes, answers and refuses."""

from __future__ import annotations

from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.security import HTTPBearer
from pydantic import BaseModel

SUMMARY = "An OpenAI-compatible server in which every user is remembered."
# Checked in `Access`; here it is only told. A user token is sent like a key.
KEY = Depends(HTTPBearer(auto_error=False, scheme_name="key", description="A key or a user token."))
EVENTS: dict[str, Any] = {
    "text/event-stream": {"schema": {"type": "string", "description": "Chunks, when `stream`."}}
}


class ErrorDetail(BaseModel):
    """What went wrong, in one sentence. param: the field that is meant."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """An error in OpenAI's shape."""

    error: ErrorDetail


_TOLD = {
    400: "What was sent cannot be used.",
    401: "The key or token is missing, wrong, revoked or expired.",
    403: "The key is not good for this.",
    404: "There is no such user, version, job, model or route; or the key does not reach it.",
    405: "The route knows no such method.",
    409: "Another writer was faster, text of the user still waits, or another backbone wrote this.",
    413: "The body is too large.",
    429: "A limit is reached or a queue is full; `Retry-After` says when to come again.",
    500: "The server failed; the number in the sentence is in its log.",
    502: "The engine failed.",
    503: "The server is stopping, or its store or engine is out of reach; `Retry-After` says when.",
}
ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": told} for status, told in _TOLD.items()
}


def describe(app: FastAPI) -> None:
    """Let an application describe itself as it is: what is malformed is answered by 400."""

    def description() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title, version=app.version, summary=SUMMARY, routes=app.routes
            )
            for methods in made["paths"].values():
                for operation in methods.values():
                    operation["responses"].pop("422", None)
            for unused in ("HTTPValidationError", "ValidationError"):
                made["components"]["schemas"].pop(unused, None)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = description  # type: ignore[method-assign]
