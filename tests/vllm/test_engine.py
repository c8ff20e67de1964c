"""The engine on a real vLLM server says what the in-process engine says."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
import torch
from heard import ASKED, heard

from lpm.errors import IncompatibleMemoryError, InputError
from lpm.server.engine import EngineError
from lpm.server.vllm_engine import VllmEngine
from lpm.testing import tiny_backbone

pytestmark = pytest.mark.vllm


def alone(local, request):
    return asyncio.run(heard(local, request))


def assert_same(found, expected):
    assert [one.ids for one in found] == [one.ids for one in expected]
    assert [(o.text, o.tokens, o.finished) for o in found] == [
        (o.text, o.tokens, o.finished) for o in expected
    ]
    for one, other in zip(found, expected, strict=True):
        for score, wanted in zip(one.scores, other.scores, strict=True):
            assert score.logprob == pytest.approx(wanted.logprob, abs=1e-3)
            assert [token for token, _ in score.top] == [token for token, _ in wanted.top]


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("rows", [5, None])
def test_one_user_is_answered_token_for_token(ask_vllm, local, make_request, rows, streamed):
    request = make_request("ann", rows=rows, streamed=streamed)
    found = ask_vllm(lambda engine: heard(engine, request))
    assert_same(found, alone(local, request))
    assert found[0].tokens > 8
    assert (found[0].pieces > 8) == streamed


def test_a_mixed_batch_of_users_is_answered_token_for_token(ask_vllm, local, make_request):
    requests = [
        make_request(
            f"user {n}",
            text=ASKED + " And when?" * (n % 5),
            rows=None if n == 3 else 3 + n % 4,
            seed=n,
            streamed=n % 2 == 0,
        )
        for n in range(16)
    ]

    async def together(engine):
        return await asyncio.gather(*(heard(engine, request) for request in requests))

    for found, request in zip(ask_vllm(together), requests, strict=True):
        assert_same(found, alone(local, request))


def test_users_of_one_prompt_get_answers_of_their_own(ask_vllm, local, make_request):
    # Longer than a block of the prefix cache, so that there is something to share.
    long = "word " * 30 + ASKED
    first, second = (make_request(name, text=long, rows=24, seed=n) for n, name in enumerate("ab"))

    async def one_after_the_other(engine):
        return [await heard(engine, request) for request in (first, second, first)]

    answers = ask_vllm(one_after_the_other)
    for found, request in zip(answers, (first, second, first), strict=True):
        assert_same(found, alone(local, request))
    assert answers[0][0].text != answers[1][0].text


def test_nothing_is_shared_through_the_prefix_cache(ask_vllm, make_request, figure):
    long = "other word " * 40 + ASKED
    mine = make_request("ann", text=long, seed=7)
    # Not even where the rows are the very same.
    theirs = replace(mine, user="bob")
    elsewhere = replace(mine, tenant="south")
    hits = []

    async def asked(engine):
        for request in (mine, mine, theirs, elsewhere):
            before = figure("vllm:prefix_cache_hits_total")
            await heard(engine, request)
            hits.append(figure("vllm:prefix_cache_hits_total") - before)

    ask_vllm(asked)
    assert hits[0] == 0
    assert hits[1] > 0, "a user's own prefix must be found again, or this test shows nothing"
    assert hits[2:] == [0, 0]


def test_a_stop_string_ends_the_answer_and_is_no_part_of_it(ask_vllm, local, make_request):
    whole = alone(local, make_request("ann"))[0].text
    for streamed in (True, False):
        request = make_request("ann", stop=(whole[5:7], "never said"), streamed=streamed)
        found = ask_vllm(lambda engine, request=request: heard(engine, request))
        assert found[0].text == whole[: whole.index(whole[5:7])]
        assert found[0].finished == "stop"
        assert_same(found, alone(local, request))


def test_choices_of_nearly_greedy_answers_are_all_alike(ask_vllm, local, make_request):
    found = ask_vllm(lambda engine: heard(engine, make_request("ann", n=3, temperature=1e-6)))
    assert [one.ids for one in found] == [alone(local, make_request("ann"))[0].ids] * 3


def test_choices_draw_from_seeds_that_follow_each_other(ask_vllm, make_request):
    def make(seed, n):
        request = make_request("ann", temperature=1.5, top_p=0.9, n=n)
        return replace(request, sampling=replace(request.sampling, seed=seed))

    three = ask_vllm(lambda engine: heard(engine, make(5, 3)))
    again = ask_vllm(lambda engine: heard(engine, make(5, 3)))
    second = ask_vllm(lambda engine: heard(engine, make(6, 1)))
    assert [one.ids for one in three] == [one.ids for one in again]
    assert len({tuple(one.ids) for one in three}) == 3
    assert second[0].ids == three[1].ids


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_rows_that_are_no_numbers_never_leave(ask_vllm, make_request, figure, bad):
    request = make_request("ann")
    rows = request.rows.clone()
    rows[2, 3] = bad
    before = figure("vllm:request_success_total")
    for wrong in (rows, request.rows[:, :-1], torch.zeros(0, rows.shape[1])):
        with pytest.raises(IncompatibleMemoryError, match="rows"):
            ask_vllm(lambda engine, wrong=wrong: heard(engine, replace(request, rows=wrong)))
    assert figure("vllm:request_success_total") == before


def test_what_the_engines_context_cannot_hold_is_refused(ask_vllm, make_request):
    with pytest.raises(InputError, match="context is 1024"):
        ask_vllm(lambda engine: heard(engine, make_request("ann", text="word " * 300)))


def test_who_leaves_frees_the_engine(ask_vllm, make_request, figure):
    async def leave(engine):
        request = make_request("ann", n=4, max_tokens=800, temperature=1.5)
        answering = engine.generate(request)
        await anext(answering)
        assert engine.num_running == 4
        await answering.aclose()
        assert engine.num_running == 0
        deadline = time.monotonic() + 20
        while figure("vllm:num_requests_running") and time.monotonic() < deadline:
            await asyncio.sleep(0.1)

    ask_vllm(leave)
    assert figure("vllm:num_requests_running") == 0


def test_a_whole_answer_that_nobody_awaits_is_ended_too(ask_vllm, make_request, figure):
    async def leave(engine):
        request = make_request("ann", max_tokens=800, streamed=False)
        task = asyncio.create_task(heard(engine, request))
        deadline = time.monotonic() + 20
        while not figure("vllm:num_requests_running") and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])
        assert engine.num_running == 0
        ended = figure("vllm:generation_tokens_total")
        while figure("vllm:num_requests_running") and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        assert figure("vllm:generation_tokens_total") < ended + 400

    ask_vllm(leave)
    assert figure("vllm:num_requests_running") == 0


def test_the_engine_is_checked(ask_vllm, address):
    ask_vllm(lambda engine: engine.check())
    other = VllmEngine(tiny_backbone(hidden_size=128, seed=1), address)
    with pytest.raises(EngineError, match="the same model"):
        asyncio.run(checked(other))
    wrong_key = VllmEngine(tiny_backbone(hidden_size=128), replace(address, key="wrong"))
    with pytest.raises(EngineError, match="LPM_VLLM_KEY"):
        asyncio.run(checked(wrong_key))


async def checked(engine):
    try:
        await engine.check()
    finally:
        await asyncio.to_thread(engine.stop)
