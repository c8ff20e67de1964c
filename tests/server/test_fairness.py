"""Whatever one tenant does, or a client without a key, the server answers all others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack

import httpx
import pytest
from running_server import ANN, BOB, Running, ask, running

PATIENCE_S = 20
"""Only for a server that hangs: nothing here waits that long."""
TOO_MANY = 3


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory):
    """Serve with room for few who wait, so that few requests fill it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lpm.server.access.MOST_UNKNOWN", 50)
        with running(tmp_path_factory.mktemp("few")) as made:
            yield made


def session(text: str) -> dict:
    said = {"session_id": "s1", "messages": [{"role": "user", "content": text}]}
    return {"sessions": [said], "refine_steps": 0}


async def refused(asked: Iterable[asyncio.Task], count: int) -> None:
    """Wait until so many were refused: then as many as may wait do wait."""
    left = set(asked)
    found: list[httpx.Response] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
            found += [task.result() for task in done]
    for answer in found:
        assert answer.status_code == 429, answer.text
        assert answer.json()["error"]["type"] == "rate_limit_error"
        assert int(answer.headers["retry-after"]) >= 1


async def all_answer(*asked: Awaitable[httpx.Response]) -> None:
    """Hold that all are answered, and well."""
    async with asyncio.timeout(PATIENCE_S):
        for answer in await asyncio.gather(*asked):
            assert answer.is_success, (answer.request.url, answer.text)


def client(server: Running, key: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {key}"}
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60)


def chat(to: httpx.AsyncClient, user: str) -> Awaitable[httpx.Response]:
    body = {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Where?"}]}
    return to.post("/v1/chat/completions", json=body | {"user": user, "max_tokens": 3})


def everything(to: httpx.AsyncClient, user: str) -> list[Awaitable[httpx.Response]]:
    """Ask for health, and for everything that a user of another tenant may want."""
    path = f"/v1/memories/{user}"
    return [
        *(to.get(f"/{name}") for name in ("healthz", "readyz", "metrics")),
        *(to.get(name) for name in ("/v1/models", "/v1/memories", "/v1/jobs", "/page/server.json")),
        *(to.get(f"{path}{rest}") for rest in ("", "/versions", "/sessions", "/file")),
        to.post(f"{path}/explain", json={"message": "Where?"}),
        to.post(f"{path}/sessions", json=session("I keep bees.")),
        chat(to, user),
    ]


def taught(server: Running, key: str, user: str, text: str) -> None:
    with server.client(key) as one:
        made = one.post(f"/v1/memories/{user}/sessions", json=session(text))
        assert made.status_code == 201


@pytest.mark.parametrize(
    "rest", ["sessions", "file-sessions", "explain", "rollback", "show", "forget"]
)
def test_a_tenant_whose_fit_takes_long_stops_nobody_but_itself(few, rest):
    from lpm.server.calls import MOST_WAITING

    busy = f"busy-{rest}"
    taught(few, few.north, busy, ANN)
    taught(few, few.south, f"calm-{rest}", BOB)
    line = b'{"role": "user", "content": "I keep bees."}'
    calls: dict[str, Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]] = {
        "sessions": lambda to: to.post(f"/v1/memories/{busy}/sessions", json=session(BOB)),
        "file-sessions": lambda to: to.post(
            f"/v1/memories/{busy}/file-sessions", content=line, params={"refine_steps": 0}
        ),
        "explain": lambda to: to.post(f"/v1/memories/{busy}/explain", json={"message": "Where?"}),
        "rollback": lambda to: to.post(f"/v1/memories/{busy}/rollback", json={"version": 1}),
        "show": lambda to: to.get(f"/v1/memories/{busy}"),
        "forget": lambda to: to.delete(
            f"/v1/memories/{busy}", params={"about": "tea", "dry_run": True}
        ),
    }

    async def life() -> list[int]:
        async with client(few, few.north) as north, client(few, few.south) as south:
            # As during a fit: what a tenant does with its memories, it does one by one.
            with few.service.memories("north")._lock:
                asked = [
                    asyncio.create_task(calls[rest](north))  # type: ignore[arg-type]
                    for _ in range(1 + MOST_WAITING + TOO_MANY)
                ]
                await refused(asked, TOO_MANY)
                await all_answer(*everything(south, f"calm-{rest}"))
                # Its own users may still ask, and look up what needs no backbone.
                await all_answer(
                    chat(north, busy), north.get("/v1/jobs"), north.get("/v1/memories")
                )
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    ended = asyncio.run(life())
    assert ended.count(429) == TOO_MANY
    # Whoever waited was served.
    assert {200, 201} >= {*ended} - {429}


def test_wrong_keys_stop_nobody_with_a_right_one(few):
    from lpm.server.access import MOST_UNKNOWN
    from lpm.server.keys import MAX_VERIFYING

    taught(few, few.south, "vic", BOB)
    keys = few.service.access._keys
    paths = ("/v1/memories", "/v1/models", "/v1/jobs", "/v1/memories/vic")

    async def life() -> list[int]:
        wrong = "lpm_0000000000000000_wrong"
        async with client(few, wrong) as nobody, client(few, few.south) as south:
            with ExitStack() as slow:
                # As if each check of an unknown key took very long.
                for _ in range(MAX_VERIFYING):
                    slow.enter_context(keys._verifying)
                asked = [
                    asyncio.create_task(nobody.get(paths[n % len(paths)]))
                    for n in range(MAX_VERIFYING + MOST_UNKNOWN + TOO_MANY)
                ]
                await refused(asked, TOO_MANY)
                await all_answer(*everything(south, "vic"))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    ended = asyncio.run(life())
    assert ended.count(429) == TOO_MANY and {*ended} == {401, 429}


def test_a_key_is_looked_at_before_what_was_sent(few):
    with few.client("lpm_wrong") as nobody:
        assert nobody.post("/v1/memories/ann/sessions", json={"sessions": 1}).status_code == 401
        assert nobody.post("/v1/chat/completions", json={}).status_code == 401
    with httpx.Client(base_url=few.url) as nobody:
        assert nobody.get("/v1/memories?limit=0").status_code == 401
        assert ask(nobody, None, "Where?").status_code == 401
