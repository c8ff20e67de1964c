"""What waits is worked together, and each gets an answer of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from lpm.server.gathering import Gathered


@dataclass(frozen=True)
class Item:
    name: str
    tenant: str = "north"


def gathered(work: Callable[[Sequence[Item]], Sequence[str]], most: int = 4) -> Gathered[Item, str]:
    return Gathered(work, most=most, name="test")


def test_what_comes_while_the_thread_is_busy_goes_together_and_in_order():
    batches: list[list[str]] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[Item]) -> list[str]:
        batches.append([item.name for item in items])
        begun.set()
        assert go_on.wait(30)
        return [f"answer {item.name}" for item in items]

    async def ask() -> list[str]:
        one = gathered(work)
        first = asyncio.create_task(one(Item("0")))
        await asyncio.to_thread(begun.wait, 30)
        rest = [asyncio.create_task(one(Item(str(number)))) for number in range(1, 8)]
        await asyncio.sleep(0)
        go_on.set()
        found = [await first, *(await asyncio.gather(*rest))]
        one.close()
        return found

    assert asyncio.run(ask()) == [f"answer {number}" for number in range(8)]
    assert batches == [["0"], ["1", "2", "3", "4"], ["5", "6", "7"]]


def test_what_fails_fails_for_itself_alone():
    def work(items: Sequence[Item]) -> list[str]:
        if Item("2") in items:
            raise ValueError("two")
        return [item.name for item in items]

    async def ask() -> list[str | BaseException]:
        one = gathered(work)
        found = await asyncio.gather(*(one(Item(str(n))) for n in range(4)), return_exceptions=True)
        one.close()
        return found

    found = asyncio.run(ask())
    assert [str(item) for item in found] == ["0", "1", "two", "3"]
    assert isinstance(found[2], ValueError)


def test_who_leaves_takes_nothing_from_the_others():
    begun, go_on = threading.Event(), threading.Event()
    seen: list[str] = []

    def work(items: Sequence[Item]) -> list[str]:
        seen.extend(item.name for item in items)
        begun.set()
        assert go_on.wait(30)
        return [item.name for item in items]

    async def ask() -> str:
        one = gathered(work)
        worked = asyncio.create_task(one(Item("0")))
        await asyncio.to_thread(begun.wait, 30)
        waiting, stays = asyncio.create_task(one(Item("1"))), asyncio.create_task(one(Item("2")))
        await asyncio.sleep(0)
        worked.cancel()
        waiting.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await worked
        try:
            return await stays
        finally:
            one.close()

    assert asyncio.run(ask()) == "2"
    assert seen == ["0", "2"]


def test_no_tenant_is_read_behind_anothers_crowd():
    batches: list[list[str]] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(items: Sequence[Item]) -> list[str]:
        batches.append([item.name for item in items])
        begun.set()
        assert go_on.wait(30)
        return [item.name for item in items]

    async def main() -> None:
        read = gathered(work, most=2)
        first = asyncio.create_task(read(Item("first", "north")))
        await asyncio.to_thread(begun.wait, 30)
        crowd = [asyncio.create_task(read(Item(f"n{n}", "north"))) for n in range(4)]
        await asyncio.sleep(0)
        alone = asyncio.create_task(read(Item("s0", "south")))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, *crowd, alone)
        read.close()

    asyncio.run(main())
    assert batches == [["first"], ["n0", "s0"], ["n1", "n2"], ["n3"]]
