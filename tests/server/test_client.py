"""The client says what the library says, over HTTP."""

from __future__ import annotations

import asyncio

import pytest
from running_server import ANN, BOB

from lpm.client import AsyncClient, Client, ServerError
from lpm.errors import InputError, UnknownUserError


def sessions(text: str, name: str = "s1") -> list[dict]:
    return [{"session_id": name, "messages": [{"role": "user", "content": text}]}]


def test_a_memory_from_first_to_last(server):
    with Client(server.url, server.north) as memories:
        made = memories.remember("zoë 1", sessions(ANN), refine_steps=0)
        assert made["version"] == 1
        assert memories.remember("zoë 1", sessions(BOB, "s2"), refine_steps=0, dry_run=True)[
            "dry_run"
        ]
        memories.remember("zoë 1", sessions(BOB, "s2"), refine_steps=0, keep_history="hashes")
        assert [item["version"] for item in memories.versions("zoë 1")] == [1, 2]
        assert len(memories.show("zoë 1")["slots"]) == len(
            memories.explain("zoë 1", "Where?", "Gdansk")["slots"]
        )
        assert memories.rollback("zoë 1", 1)["version"] == 3
        data = memories.export("zoë 1")
        assert memories.forget("zoë 1")["scope"] == "user"
        assert memories.import_("zoë 1", data)["user"] == "zoë 1"
        with pytest.raises(InputError, match="No stored turn"):
            memories.forget("zoë 1", about="tea")  # an imported memory has no text
        memories.forget("zoë 1", session="s1")
        with pytest.raises(UnknownUserError, match="zoë 1"):
            memories.show("zoë 1")


def test_all_pages_come(server, monkeypatch):
    monkeypatch.setattr("lpm.client.PAGE", 2)
    with Client(server.url, server.south) as memories:
        names = [f"many{n}" for n in range(5)]
        for name in names:
            memories.remember(name, sessions(ANN), refine_steps=0)
        assert [item["user"] for item in memories.users("many")] == names


def test_refusals_are_errors_with_the_servers_sentence(server):
    with Client(server.url, server.north) as memories:
        with pytest.raises(InputError, match="at least 1 item"):
            memories.remember("ann", [])
        with pytest.raises(InputError, match="no memory file"):
            memories.import_("ann", b"nonsense")
    with (
        Client(server.url, "lpm_no_key") as nobody,
        pytest.raises(ServerError, match="key") as caught,
    ):
        nobody.show("ann")
    assert caught.value.status == 401


def test_the_same_with_asyncio(server):
    async def life() -> list[str]:
        async with AsyncClient(server.url, server.north) as memories:
            await asyncio.gather(
                *(memories.remember(f"aio{n}", sessions(ANN), refine_steps=0) for n in range(3))
            )
            data = await memories.export("aio0")
            await memories.forget("aio0")
            await memories.import_("aio0", data)
            await memories.remember("aio0", sessions(BOB, "s2"), refine_steps=0)
            assert len(await memories.versions("aio0")) == 2
            await memories.rollback("aio0", 1)
            assert (await memories.explain("aio0", "Where?"))["slots"]
            assert (await memories.show("aio0"))["summary"]["version"] == 3
            with pytest.raises(UnknownUserError):
                await memories.show("aio9")
            return [item["user"] async for item in memories.users("aio")]

    assert asyncio.run(life()) == ["aio0", "aio1", "aio2"]
