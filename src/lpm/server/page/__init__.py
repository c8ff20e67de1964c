"""The web page at `/`: static files of the package, which speak to the API and to nobody else."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.staticfiles import StaticFiles

import lpm
from lpm.server.service import Service

STATIC = Path(__file__).with_name("static")
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def router(service: Service) -> APIRouter:
    """Return the routes of the page. They need no key and tell nothing of any user."""
    routes = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=STATIC)

    async def file(name: str, request: Request) -> Response:
        response = await files.get_response(name, request.scope)
        response.headers.update(HEADERS)
        return response

    @routes.get("/")
    async def page(request: Request) -> Response:
        return await file("index.html", request)

    @routes.get("/page/server.json")
    def about() -> dict[str, str | int | bool]:
        return {
            "version": lpm.__version__,
            "model": service.model_id,
            "open_access": service.settings.open_access,
            "max_body_bytes": service.settings.max_body_bytes,
            "max_tokens": service.settings.max_tokens,
        }

    @routes.get("/page/{name:path}")
    async def part(name: str, request: Request) -> Response:
        return await file(name, request)

    return routes
