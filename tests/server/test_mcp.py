"""An MCP client reaches one user's memory, in process and over the command's standard streams."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="needs the extra `mcp`")

from mcp import Client, StdioServerParameters

from lpm.model import LatentPersonalMemory
from lpm.server.mcp import build_server
from lpm.store import open_store
from lpm.testing import save_tiny_backbone, tiny_backbone, tiny_model

SAID = "My sister Lena lives in Leipzig."


@pytest.fixture
def memories(tmp_path: Path):
    store = open_store(tmp_path / "home")
    with LatentPersonalMemory(store, tiny_model(tiny_backbone(), trained=True)) as made:
        yield made


def call(memories: LatentPersonalMemory, *calls: tuple[str, dict]) -> list:
    async def talk() -> list:
        async with Client(build_server(memories, "ann")) as client:
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(talk())


def test_tools_remember_answer_explain_and_forget(memories):
    made, answer, turns, receipt = call(
        memories,
        ("remember", {"text": SAID, "session": "s1"}),
        ("ask", {"question": "Where does my sister live?"}),
        ("explain", {"question": "Where does my sister live?"}),
        ("forget", {"session": "s1"}),
    )
    assert made.structured_content["version"] == 1
    assert not answer.is_error
    assert turns.structured_content["result"] == [
        {"weight": 1.0, "session": "s1", "turn": 0, "said": SAID}
    ]
    assert receipt.structured_content["sessions_removed"] == ["s1"]
    assert memories.users() == ()


def test_tools_reach_one_user_alone_and_say_what_is_wrong(memories):
    memories.remember("bob", [{"role": "user", "content": SAID}])
    asked, forgotten, empty = call(
        memories,
        ("ask", {"question": "Where does my sister live?"}),
        ("forget", {}),
        ("remember", {"text": "   "}),
    )
    assert asked.is_error and "'ann'" in asked.content[0].text
    assert forgotten.is_error and empty.is_error
    assert [item.user for item in memories.users()] == ["bob"]


def test_the_command_speaks_over_standard_streams(tmp_path: Path):
    backbone = save_tiny_backbone(tmp_path / "backbone")
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "lpm", "mcp", "ann", "--home", str(tmp_path / "home")],
        env={**os.environ, "LPM_BACKBONE": str(backbone)},
    )

    async def talk() -> list[str]:
        async with Client(server) as client:
            return sorted(tool.name for tool in (await client.list_tools()).tools)

    assert asyncio.run(asyncio.wait_for(talk(), 120)) == ["ask", "explain", "forget", "remember"]
