"""How a token is chosen: whatever the settings, one is, and nobody else's answer hangs on it."""

from __future__ import annotations

import concurrent.futures

import pytest
import torch
from running_server import ask, said

from lpm.server.batch import Batch
from lpm.server.sampling import GREEDY_BELOW, Sampling, choose
from lpm.server.vllm_wire import wire_choices
from lpm.testing import tiny_backbone

LOGITS = torch.tensor([1.0, 3.0, 2.0, -40.0])


def chosen(**how: object) -> int:
    return choose(LOGITS, Sampling(**how), torch.Generator().manual_seed(7))  # type: ignore[arg-type]


@pytest.mark.parametrize("temperature", [0.0, 5e-324, 1e-300, 1e-45, 1e-38, 1e-6, 0.0099])
def test_the_coldest_answers_are_greedy(temperature):
    assert chosen(temperature=temperature) == 1
    assert Sampling(temperature=temperature).is_greedy


@pytest.mark.parametrize("temperature", [GREEDY_BELOW, 1.0, 2.0])
def test_from_where_chance_counts_it_is_drawn(temperature):
    assert not Sampling(temperature=temperature).is_greedy
    assert chosen(temperature=temperature) in range(4)


@pytest.mark.parametrize("top_p", [5e-324, 1e-46, 1e-30, 0.1])
def test_the_likeliest_token_is_always_left(top_p):
    assert chosen(temperature=2.0, top_p=top_p) == 1


def test_both_engines_take_the_same_answers_for_greedy():
    from lpm.nn.injection import Prompt
    from lpm.server.engine import EngineRequest

    def choices(temperature: float) -> int:
        sampling = Sampling(temperature=temperature)
        return wire_choices(EngineRequest("t", None, Prompt((), (1,)), None, sampling, n=3))

    assert choices(GREEDY_BELOW / 2) == 1 and choices(GREEDY_BELOW) == 3


@pytest.mark.parametrize("how", [{"temperature": 1e-300}, {"temperature": 1.0, "top_p": 1e-46}])
def test_settings_of_one_tenant_break_no_answer_of_another(server, how):
    question = "Tell me all that you know"
    with (
        server.client(server.south) as south,
        server.client() as north,
        concurrent.futures.ThreadPoolExecutor(1) as pool,
    ):
        expected = said(ask(south, None, question, max_tokens=64))
        going = pool.submit(ask, south, None, question, max_tokens=64)
        odd = [ask(north, None, "Tell me", **how) for _ in range(4)]
        assert said(going.result()) == expected
    greedy = said(odd[0])
    assert [said(one) for one in odd] == [greedy] * 4


def test_a_sequence_whose_token_cannot_be_chosen_fails_for_itself_alone():
    from test_batch import Asked, run

    backbone = tiny_backbone()
    alone, there = (Asked(backbone, "who is there", tokens=6) for _ in range(2))
    batch = Batch(backbone)
    alone.joins(batch)
    run(batch)
    broken = Asked(backbone, "broken", tokens=6, rows=2, temperature=1.0)
    broken.sequence.rows.fill_(float("nan"))
    there.joins(batch)
    broken.joins(batch)
    run(batch)
    assert isinstance(broken.failure, RuntimeError) and broken.tokens == []
    assert there.failure is None and there.tokens == alone.tokens
