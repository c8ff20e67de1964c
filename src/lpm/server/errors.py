"""Errors in OpenAI's shape; nothing of a request's text stands in one."""

from __future__ import annotations

import logging
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from lpm.errors import (
    IncompatibleMemoryError,
    InputError,
    LPMError,
    MissingExtraError,
    OvertakenError,
    QueueFullError,
    StoreError,
    UnknownJobError,
    UnknownUserError,
)
from lpm.server.engine import BusyError, EngineError, EngineUnavailableError, StoppingError
from lpm.server.keys import KeyRefusedError
from lpm.server.quotas import QuotaError

log = logging.getLogger("lpm.server")
RETRY_AFTER_S = 1
_KINDS: tuple[tuple[type[LPMError], int, str], ...] = (
    (KeyRefusedError, 401, "authentication_error"),
    (UnknownUserError, 404, "not_found_error"),
    (UnknownJobError, 404, "not_found_error"),
    (OvertakenError, 409, "conflict_error"),
    (QueueFullError, 429, "rate_limit_error"),
    (QuotaError, 429, "rate_limit_error"),
    (IncompatibleMemoryError, 409, "conflict_error"),
    (BusyError, 429, "rate_limit_error"),
    (StoppingError, 503, "service_unavailable_error"),
    (EngineUnavailableError, 503, "service_unavailable_error"),
    (EngineError, 502, "engine_error"),
    (StoreError, 503, "service_unavailable_error"),
    (MissingExtraError, 501, "server_error"),
    (InputError, 400, "invalid_request_error"),
)


def body_of(
    message: str, kind: str, *, param: str | None = None, code: str | None = None
) -> dict[str, dict[str, str | None]]:
    """Return an error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def told(error: LPMError) -> tuple[int, dict[str, dict[str, str | None]]]:
    """Return the status and the body of an error raised on purpose."""
    for kind, status, name in _KINDS:
        if isinstance(error, kind):
            return status, body_of(str(error), name)
    return 500, body_of(str(error), "server_error")


def unforeseen(error: Exception) -> tuple[int, dict[str, dict[str, str | None]]]:
    """Return the status and the body of any other error, and log its kind under a number.

    The error's own text may quote a message, so it is neither told nor logged.
    """
    number = secrets.token_hex(4)
    log.error("failure %s: %s", number, type(error).__name__)
    return 500, body_of(f"The server failed (number {number}); tell who runs it.", "server_error")


def add_handlers(app: FastAPI) -> None:
    """Answer every failure in OpenAI's shape."""

    @app.exception_handler(LPMError)
    async def on_purpose(request: Request, error: LPMError) -> JSONResponse:
        status, body = told(error)
        wait = error.retry_after_s if isinstance(error, QuotaError) else RETRY_AFTER_S
        headers = {"Retry-After": str(wait)} if status in (429, 503) else None
        return JSONResponse(body, status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
        message = f"`{place}`: {first['msg']}."
        return JSONResponse(body_of(message, "invalid_request_error", param=place), 400)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        kinds = {404: "not_found_error", 403: "permission_error", 409: "conflict_error"}
        kind = kinds.get(error.status_code, "invalid_request_error")
        return JSONResponse(body_of(str(error.detail), kind), error.status_code, error.headers)
