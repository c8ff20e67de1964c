"""Chats of many users through one engine: each gets what they would get alone."""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import threading
import time
from concurrent.futures import as_completed

import httpx
import openai
import pytest
from running_server import ANN, BOB, ask, running, said

from lpm.server.batch import Batch

ASKED = "Where does my sister live?"


@pytest.fixture(scope="module")
def sdk(server) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.north, max_retries=0)


@pytest.fixture(autouse=True, scope="module")
def two_users(server):
    for user, text in (("ann", ANN), ("bob", BOB)):
        body = {"sessions": [{"session_id": "s1", "messages": [{"role": "user", "content": text}]}]}
        with server.client() as client:
            made = client.post(f"/v1/memories/{user}/sessions", json=body | {"refine_steps": 0})
            assert made.status_code == 201, made.text


def alone(server, user: str, text: str, tokens: int = 6) -> str:
    return server.service.memories("north").answer(user, text, max_new_tokens=tokens).text


class TestOpenAIClient:
    def test_a_chat_is_answered_from_the_users_memory(self, sdk, server):
        answer = sdk.chat.completions.create(
            model="tiny-qwen3",
            messages=[{"role": "user", "content": ASKED}],
            user="ann",
            max_tokens=6,
        )
        assert answer.choices[0].message.content.strip() == alone(server, "ann", ASKED)
        assert answer.choices[0].finish_reason in ("stop", "length")
        assert answer.usage.completion_tokens <= 6
        assert answer.usage.model_extra["soft_tokens"] == 5

    def test_a_stream_says_the_same_piece_by_piece(self, sdk, server):
        stream = sdk.chat.completions.create(
            model="tiny-qwen3",
            messages=[{"role": "user", "content": ASKED}],
            user="ann",
            max_tokens=12,
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(stream)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text.strip() == alone(server, "ann", ASKED, 12)
        assert chunks[0].choices[0].delta.role == "assistant"
        finished = [c.choices[0].finish_reason for c in chunks if c.choices]
        assert finished[-1] in ("stop", "length") and set(finished[:-1]) <= {None}
        assert chunks[-1].usage.completion_tokens <= 12

    def test_text_completions(self, sdk):
        whole = sdk.completions.create(model="tiny-qwen3", prompt="Once upon", max_tokens=8)
        stream = sdk.completions.create(
            model="tiny-qwen3", prompt="Once upon", max_tokens=8, stream=True
        )
        assert "".join(c.choices[0].text for c in stream) == whole.choices[0].text
        with_rows = sdk.completions.create(
            model="tiny-qwen3", prompt="Once upon", max_tokens=8, user="ann"
        )
        assert with_rows.usage.model_extra["soft_tokens"] == 5

    def test_models(self, sdk):
        assert [model.id for model in sdk.models.list()] == ["tiny-qwen3"]

    def test_errors_are_those_of_the_client(self, sdk, server):
        chat = {"messages": [{"role": "user", "content": "Hi"}]}
        with pytest.raises(openai.NotFoundError):
            sdk.chat.completions.create(model="gpt-5", **chat)
        with pytest.raises(openai.BadRequestError, match="frequency_penalty"):
            sdk.chat.completions.create(model="tiny-qwen3", frequency_penalty=1, **chat)
        with pytest.raises(openai.BadRequestError, match="context is 2048"):
            sdk.chat.completions.create(
                model="tiny-qwen3", messages=[{"role": "user", "content": "word " * 1000}]
            )
        wrong = openai.OpenAI(base_url=f"{server.url}/v1", api_key="lpm_00_11", max_retries=0)
        with pytest.raises(openai.AuthenticationError):
            wrong.chat.completions.create(model="tiny-qwen3", **chat)

    def test_choices_differ_by_seed_and_repeat_with_it(self, sdk):
        def create(seed: int):
            made = sdk.chat.completions.create(
                model="tiny-qwen3",
                messages=[{"role": "user", "content": ASKED}],
                n=3,
                seed=seed,
                temperature=1.5,
                max_tokens=8,
            )
            return [choice.message.content for choice in made.choices]

        first = create(1)
        assert first == create(1) and first != create(2) and len(set(first)) > 1

    def test_logprobs_are_those_of_the_chosen_tokens(self, sdk):
        made = sdk.chat.completions.create(
            model="tiny-qwen3",
            messages=[{"role": "user", "content": ASKED}],
            logprobs=True,
            top_logprobs=3,
            max_tokens=5,
        )
        content = made.choices[0].logprobs.content
        assert len(content) == made.usage.completion_tokens
        for token in content:
            assert token.logprob == max(top.logprob for top in token.top_logprobs) <= 0
            assert len(token.top_logprobs) == 3


def test_a_stop_string_ends_the_answer_and_is_no_part_of_it(client):
    whole = said(ask(client, "ann", ASKED, max_tokens=24))
    word = whole[6:8]
    cut = ask(client, "ann", ASKED, max_tokens=24, stop=[word, "never said"])
    assert said(cut) == whole[: whole.index(word)]
    assert cut.json()["choices"][0]["finish_reason"] == "stop"
    with client.stream(
        "POST",
        "/v1/chat/completions",
        json={
            "model": "tiny-qwen3",
            "messages": [{"role": "user", "content": ASKED}],
            "user": "ann",
            "max_tokens": 24,
            "stop": word,
            "stream": True,
        },
    ) as stream:
        lines = [line[6:] for line in stream.iter_lines() if line.startswith("data: {")]
    pieces = [json.loads(line)["choices"][0]["delta"].get("content", "") for line in lines]
    assert "".join(pieces) == said(cut)


def test_many_users_at_once_get_what_each_gets_alone(server):
    asked = [
        (user, f"{text} {number}?")
        for number in range(6)
        for user in ("ann", "bob", "nobody yet")
        for text in ("Where do I work", "Who lives in Leipzig, and since when exactly")
    ]

    def expected(user: str, text: str) -> str:
        if user == "nobody yet":
            memories = server.service.memories("north")
            return memories.answer("nobody", text, mode="no-memory", max_new_tokens=6).text
        return alone(server, user, text)

    with server.client() as client, concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda one: said(ask(client, *one)).strip(), asked))
    assert answers == [expected(*one) for one in asked]


def test_without_memory_the_plain_model_answers(server, client):
    plain = ask(client, "ann", ASKED, memory="no-memory")
    assert plain.json()["usage"]["soft_tokens"] == 0
    memories = server.service.memories("north")
    assert (
        said(plain).strip()
        == memories.answer("nobody", ASKED, mode="no-memory", max_new_tokens=6).text
    )
    full = ask(client, "ann", ASKED, memory="full-context").json()["usage"]
    assert full["prompt_tokens"] > plain.json()["usage"]["prompt_tokens"]


def test_a_full_queue_says_when_to_come_again(tmp_path, monkeypatch):
    go_on, join = threading.Event(), Batch.join

    def held(*given: object) -> None:
        assert go_on.wait(60)
        join(*given)

    monkeypatch.setattr(Batch, "join", held)
    with running(tmp_path, max_queue=2, max_batch=1) as server:
        with server.client() as client, concurrent.futures.ThreadPoolExecutor(12) as pool:
            first = pool.submit(ask, client, None, "Tell")
            while not server.service.engine.num_running:
                time.sleep(0.001)
            others = [pool.submit(ask, client, None, f"Tell {n}") for n in range(11)]
            refused = [one.result() for one in itertools.islice(as_completed(others), 9)]
            go_on.set()
            answered = [one.result() for one in (first, *others) if one.result() not in refused]
        assert all(answer.status_code == 429 for answer in refused)
        assert all(answer.headers["retry-after"] == "1" for answer in refused)
        assert refused[0].json()["error"]["type"] == "rate_limit_error"
        # One in the batch of one, two in the queue of two.
        assert [answer.status_code for answer in answered] == [200, 200, 200]


def test_who_leaves_early_frees_the_engine(server):
    body = {
        "model": "tiny-qwen3",
        "messages": [{"role": "user", "content": "Tell me everything"}],
        "max_tokens": 64,
        "n": 8,
        "temperature": 2.0,
        "stream": True,
    }
    with server.client() as client:
        with client.stream("POST", "/v1/chat/completions", json=body) as stream:
            next(stream.iter_lines())
        deadline = time.monotonic() + 20
        while server.service.engine.num_running and time.monotonic() < deadline:
            time.sleep(0.02)
    assert server.service.engine.num_running == 0


def test_stopping_finishes_what_was_begun_and_takes_nothing_new(tmp_path):
    with running(tmp_path) as server, server.client() as client:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            going = pool.submit(ask, client, None, "Tell me", max_tokens=48)
            deadline = time.monotonic() + 20
            while not server.service.engine.num_running and time.monotonic() < deadline:
                time.sleep(0.001)
            server.service.engine.stop()
            assert said(going.result()) is not None
        assert ask(client, None, "More?").status_code == 503
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200


def test_what_fails_in_the_engine_is_told_without_its_text(tmp_path, monkeypatch, caplog):
    def broken(*_: object) -> None:
        raise RuntimeError("secret words of a message")

    with running(tmp_path) as server, server.client() as client:
        with monkeypatch.context() as patched:
            patched.setattr(Batch, "join", broken)
            failed = ask(client, None, "Hello")
            stream = ask(client, None, "Hello", stream=True)
        for answer in (failed, stream):
            assert answer.status_code == 500 and "secret" not in answer.text
        assert "secret" not in caplog.text and "RuntimeError" in caplog.text
        assert ask(client, None, "Hello").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "tiny-qwen3", "messages": []},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": ""}]},
        {"model": "tiny-qwen3", "messages": [{"role": "assistant", "content": "Hi"}]},
        {"model": "tiny-qwen3", "messages": [{"role": "tool", "content": "Hi"}]},
        {"model": "tiny-qwen3", "messages": "Hi"},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "n": 99},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 65},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "user": " x"},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "user": "a\n"},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "temperature": 3},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "seed": 2**70},
        {"model": "tiny-qwen3", "messages": [{"role": "user", "content": "Hi"}], "top_logprobs": 2},
    ],
)
def test_bad_requests_get_one_clear_sentence(client, body):
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert 10 < len(error["message"]) < 300 and "\n" not in error["message"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b"null"])
def test_bodies_that_are_no_request(client, content):
    answer = client.post(
        "/v1/chat/completions", content=content, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400 and answer.json()["error"]["message"]


def test_bodies_that_are_too_large(tmp_path):
    with running(tmp_path, max_body_bytes=2048) as server, server.client() as client:
        announced = client.post("/v1/chat/completions", content=b"x" * 4096)
        assert announced.status_code == 413 and announced.json()["error"]["message"]

        def pieces():
            for _ in range(8):
                yield b" " * 1024

        assert client.post("/v1/chat/completions", content=pieces()).status_code == 413
        assert ask(client, None, "Hello").status_code == 200


def test_figures_tell_no_users(server, client):
    ask(client, "ann", ASKED)
    text = httpx.get(f"{server.url}/metrics").text
    assert 'lpm_requests_total{route="/v1/chat/completions",status="200"}' in text
    assert "lpm_hot_hit_rate" in text and "lpm_first_token_seconds_count" in text
    assert "ann" not in text
    assert httpx.get(f"{server.url}/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize("memory", ["memory", "no-memory", "full-context"])
def test_texts_beyond_the_context_are_refused_before_the_model_reads_them(
    server, client, monkeypatch, memory
):
    def read(*_: object) -> None:
        raise AssertionError("the model must not read it")

    monkeypatch.setattr(type(server.service.model), "queries", read)
    for path, body in (
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x " * 49_000}]}),
        ("/v1/completions", {"prompt": "x " * 49_000}),
    ):
        asked = {"model": "tiny-qwen3", "user": "ann", "memory": memory, **body}
        refused = client.post(path, json=asked)
        assert refused.status_code == 400, refused.text
    refused = client.post("/v1/memories/ann/explain", json={"message": "x " * 49_000})
    assert refused.status_code == 400 and "context is 2048" in refused.text
