"""Sequences of a batch come and go between steps, and each says what it says alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
import torch

from lpm.backbone import Backbone
from lpm.nn.injection import Prompt
from lpm.server.batch import Answering, Batch
from lpm.server.engine import EngineConfig, EngineRequest
from lpm.server.local_engine import LocalEngine
from lpm.server.sampling import Sampling
from lpm.testing import tiny_backbone

FAMILIES = ("qwen3", "llama")


class Asked:
    """One sequence and what it was told."""

    def __init__(self, backbone: Backbone, text: str, *, tokens: int, rows: int = 0, **how) -> None:
        self.tokens: list[int] = []
        self.failure: BaseException | None = None
        self.gone = False
        drawn = torch.Generator().manual_seed(len(text))
        ids = tuple(text.encode())
        self.sequence = Answering(
            Prompt(ids[:2], ids[2:]),
            torch.randn(rows, backbone.hidden_size, generator=drawn) if rows else None,
            Sampling(max_tokens=tokens, **how),
            frozenset(),
            lambda token, _, last: self.tokens.append(token),
            lambda failure: setattr(self, "failure", failure),
            lambda: self.gone,
        )

    def joins(self, batch: Batch) -> None:
        batch.join([self.sequence])


def asked(backbone: Backbone) -> list[Asked]:
    """Return sequences of other lengths, with and without rows, greedy and drawn."""
    return [
        Asked(backbone, "a long question about the boat and the summer", tokens=9, rows=3),
        Asked(backbone, "short", tokens=12),
        Asked(backbone, "one that is drawn by chance", tokens=5, rows=3, temperature=1.0, seed=7),
        Asked(backbone, "the longest of all questions, which comes when others speak", tokens=4),
    ]


def alone(backbone: Backbone) -> list[list[int]]:
    said = []
    for one in asked(backbone):
        batch = Batch(backbone)
        one.joins(batch)
        run(batch)
        said.append(one.tokens)
    return said


def run(batch: Batch) -> None:
    while batch:
        batch.advance(lambda: None)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("at", [(0, 0, 0, 0), (0, 1, 2, 3), (3, 0, 6, 1), (0, 20, 4, 21)])
def test_whoever_joins_at_any_step_is_told_what_it_is_told_alone(family, at):
    backbone = tiny_backbone(family)
    expected, those = alone(backbone), asked(backbone)
    batch = Batch(backbone)
    for step in range(max(at) + 13):
        for one, when in zip(those, at, strict=True):
            if when == step:
                one.joins(batch)
        if batch:
            batch.advance(lambda: None)
    assert not batch
    assert [one.tokens for one in those] == expected


def test_the_columns_of_who_has_left_are_given_back():
    backbone = tiny_backbone()
    batch = Batch(backbone)
    long, short = "a question of very many tokens " * 4, "short"
    Asked(backbone, long, tokens=1).joins(batch)
    Asked(backbone, short, tokens=3).joins(batch)
    assert batch.width == len(long)
    batch.advance(lambda: None)
    assert batch.width == len(short) + 1


def test_who_is_gone_leaves_and_the_others_go_on():
    backbone = tiny_backbone()
    stays, goes = (Asked(backbone, text, tokens=4) for text in ("who stays", "who goes, later"))
    batch = Batch(backbone)
    stays.joins(batch)
    goes.joins(batch)
    batch.advance(lambda: None)
    goes.gone = True
    run(batch)
    assert (len(stays.tokens), len(goes.tokens)) == (4, 1)


def test_a_newcomer_that_cannot_be_read_changes_nothing_for_those_who_are_there():
    backbone = tiny_backbone()
    there, expected = (Asked(backbone, "who is there", tokens=6) for _ in range(2))
    expected_alone = Batch(backbone)
    expected.joins(expected_alone)
    run(expected_alone)
    batch = Batch(backbone)
    there.joins(batch)
    batch.advance(lambda: None)
    broken = Asked(backbone, "broken", tokens=6)
    broken.sequence.rows = torch.randn(3, backbone.hidden_size + 1)
    with pytest.raises(RuntimeError):
        broken.joins(batch)
    run(batch)
    assert there.tokens == expected.tokens


def test_a_backbone_with_sliding_windows_takes_nobody_in_while_it_decodes():
    batch = Batch(tiny_backbone("mistral"))
    assert batch.is_open
    Asked(batch._backbone, "first", tokens=2).joins(batch)
    assert not batch.is_open
    run(batch)
    assert batch.is_open


def test_a_short_request_does_not_wait_for_a_long_one():
    backbone = tiny_backbone()
    engine = LocalEngine(backbone, EngineConfig(max_batch=2))

    def request(text: str, tokens: int) -> EngineRequest:
        ids = tuple(text.encode())
        return EngineRequest(
            "t", None, Prompt(ids, ()), None, Sampling(max_tokens=tokens), streamed=True
        )

    async def ends(text: str, tokens: int, begun: asyncio.Event, order: list[str]) -> None:
        async for _ in engine.generate(request(text, tokens)):
            begun.set()
        order.append(text)

    async def both() -> Sequence[str]:
        order: list[str] = []
        begun = asyncio.Event()
        long = asyncio.create_task(ends("long", 400, begun, order))
        await begun.wait()
        await asyncio.gather(long, ends("short", 1, asyncio.Event(), order))
        return order

    try:
        engine._ends = frozenset()
        assert asyncio.run(both()) == ["short", "long"]
    finally:
        engine.stop()
