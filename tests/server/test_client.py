"""The client says what the library says, over HTTP."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys

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
    monkeypatch.setattr("lpm.client.requests.PAGE", 2)
    with Client(server.url, server.south) as memories:
        names = [f"many{n}" for n in range(5)]
        for name in names:
            memories.remember(name, sessions(ANN), refine_steps=0)
        assert [item["user"] for item in memories.users("many")] == names


def test_jobs_are_queued_watched_listed_and_stopped(server):
    with Client(server.url, server.south) as memories:
        job = memories.queue("a/b", sessions(ANN), refine_steps=0)
        assert memories.wait(job["job_id"], poll_s=0.02)["version"] == 1
        second = memories.queue("a/b", sessions(BOB, "s2"), refine_steps=0)
        memories.wait(second["job_id"], poll_s=0.02)
        assert memories.cancel(second["job_id"])["state"] == "done"
        assert [item["job_id"] for item in memories.jobs("a/b")] == [
            second["job_id"],
            job["job_id"],
        ]
        assert memories.diff("a/b", 1)["sessions_added"] == ["s2"]
        broken = memories.queue("c", sessions(" \n "), refine_steps=0)
        with pytest.raises(ServerError, match="nothing to learn"):
            memories.wait(broken["job_id"], poll_s=0.02)
        with pytest.raises(UnknownUserError, match="no job"):
            memories.job("0")
        latest = next(memories.users(order="updated"))
        assert latest["user"] == "a/b"
        assert list(memories.users(updated_since=latest["updated_at"])) == [latest]


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
            assert (await memories.diff("aio0", 1, 2))["sessions_added"] == ["s2"]
            job = await memories.queue("aio2", sessions(BOB, "s2"), refine_steps=0)
            assert (await memories.wait(job["job_id"], poll_s=0.02))["state"] == "done"
            assert (await memories.cancel(job["job_id"]))["state"] == "done"
            assert [item["user"] async for item in memories.jobs("aio2")] == ["aio2"]
            await memories.rollback("aio0", 1)
            assert (await memories.explain("aio0", "Where?"))["slots"]
            assert (await memories.show("aio0"))["summary"]["version"] == 3
            with pytest.raises(UnknownUserError):
                await memories.show("aio9")
            return [item["user"] async for item in memories.users("aio")]

    assert asyncio.run(life()) == ["aio0", "aio1", "aio2"]


def test_both_clients_offer_the_same_documented_requests():
    def offered(client: type) -> dict[str, tuple]:
        methods = inspect.getmembers(client, inspect.isfunction)
        return {
            name: (method.__doc__, inspect.signature(method).parameters)
            for name, method in methods
            if not name.startswith("_")
        }

    assert offered(Client) == offered(AsyncClient)
    assert all(doc for doc, _ in offered(Client).values())
    assert {"remember", "jobs", "users", "wait", "forget"} <= set(offered(Client))
    assert inspect.signature(Client.export).return_annotation is bytes


def test_without_httpx_the_extra_to_install_is_named():
    code = "import sys; sys.modules['httpx'] = None; import lpm.client"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "pip install 'latent-personal-memory[client]'" in done.stderr.splitlines()[-1]
