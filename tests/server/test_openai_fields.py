"""OpenAI's fields: nothing that would change an answer is taken and ignored."""

from __future__ import annotations

import json

import openai
import pytest
from running_server import ask, said

ASKED = "Where does my sister live?"


def complete(client, **more: object):
    return client.post("/v1/completions", json={"model": "tiny-qwen3", "prompt": ASKED, **more})


@pytest.mark.parametrize(
    "name",
    [
        "temperature",
        "top_p",
        "n",
        "seed",
        "stop",
        "stream",
        "stream_options",
        "logprobs",
        "presence_penalty",
        "frequency_penalty",
        "response_format",
        "logit_bias",
        "tools",
        "tool_choice",
        "memory",
    ],
)
def test_null_is_what_is_not_given(client, name):
    assert said(ask(client, None, ASKED, **{name: None})) == said(ask(client, None, ASKED))
    assert complete(client, **{name: None}).json()["choices"] == complete(client).json()["choices"]


@pytest.mark.parametrize("name", ["user", "max_tokens", "echo", "best_of", "suffix"])
def test_null_is_what_is_not_given_of_a_text_too(client, name):
    assert complete(client, **{name: None}).json()["choices"] == complete(client).json()["choices"]


def test_without_a_number_an_answer_is_as_long_as_the_server_lets_it(client):
    assert said(ask(client, None, ASKED, max_tokens=None)) == said(
        ask(client, None, ASKED, max_tokens=64)
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("response_format", {"type": "json_object"}),
        ("response_format", {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}),
        ("logit_bias", {"50": 10}),
        ("tools", [{"type": "function", "function": {"name": "f"}}]),
        ("tool_choice", "auto"),
        ("tool_choice", {"type": "function", "function": {"name": "f"}}),
        ("functions", [{"name": "f"}]),
        ("function_call", "auto"),
        ("best_of", 3),
        ("top_k", 5),
        ("min_p", 0.1),
        ("repetition_penalty", 1.2),
        ("min_tokens", 4),
        ("bad_words", ["sea"]),
        ("modalities", ["text", "audio"]),
        ("web_search_options", {}),
    ],
)
def test_what_would_change_an_answer_is_refused(client, name, value):
    for answer in (ask(client, None, ASKED, **{name: value}), complete(client, **{name: value})):
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert error["param"] == name and name in error["message"]
        assert "leave it out" in error["message"] and "\n" not in error["message"]


def test_a_suffix_is_refused(client):
    refused = complete(client, suffix=" he said.")
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "suffix"


@pytest.mark.parametrize(
    "neutral",
    [
        {"response_format": {"type": "text"}},
        {"logit_bias": {}},
        {"tools": [], "tool_choice": "none"},
        {"n": 2, "best_of": 2},
        {"top_k": -1, "min_p": 0, "repetition_penalty": 1.0, "min_tokens": 0, "bad_words": []},
        {"modalities": ["text"], "reasoning_effort": "low"},
        {"store": False, "metadata": {"a": "b"}, "service_tier": "auto"},
    ],
)
def test_what_changes_no_answer_is_taken(client, neutral):
    assert said(ask(client, None, ASKED, **neutral)) == said(ask(client, None, ASKED))
    assert complete(client, **neutral).json()["choices"][0] == complete(client).json()["choices"][0]


def test_as_many_stops_are_taken_as_are_looked_for(client):
    whole = said(ask(client, None, ASKED, max_tokens=24))
    word = whole[6:8]
    cut = ask(client, None, ASKED, max_tokens=24, stop=["never", "nor this", "x" * 200, word])
    assert said(cut) == whole[: whole.index(word)]
    refused = ask(client, None, ASKED, stop=["a", "b", "c", "d", word])
    assert refused.status_code == 400
    assert "4" in refused.json()["error"]["message"] and refused.json()["error"]["param"] == "stop"


@pytest.mark.parametrize("stop", ["x" * 201, ["fine", "x" * 201]])
def test_a_stop_that_is_a_book_is_refused(client, stop):
    refused = ask(client, None, ASKED, stop=stop)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert "200 characters" in error["message"] and error["param"] == "stop"


def test_the_description_tells_what_is_taken(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    fields = schemas["ChatRequest"]["properties"]
    assert fields["tool_choice"]["enum"] == [None, "none"]
    assert fields["response_format"]["enum"] == [None, {"type": "text"}]


def test_the_bytes_of_all_tokens_are_the_text(client):
    """Though half a character is a token."""
    made = ask(client, None, ASKED, max_tokens=48, temperature=1.5, seed=3, logprobs=True).json()
    choice = made["choices"][0]
    content = choice["logprobs"]["content"]
    assert any(one["token"] == "\ufffd" for one in content)
    plain = [one for one in content if not one["token"].startswith("<|")]
    assert all(len(one["bytes"]) == 1 for one in plain)
    text = bytes(byte for one in plain for byte in one["bytes"]).decode("utf-8", "replace")
    assert text == choice["message"]["content"]


def test_offsets_say_where_a_token_begins_in_the_text(client):
    asked = {"max_tokens": 32, "logprobs": 2, "temperature": 1.5, "seed": 3, "n": 2}
    whole = complete(client, **asked).json()["choices"]
    events = complete(client, **asked, stream=True).text.splitlines()
    streamed: dict[int, list[int]] = {0: [], 1: []}
    for line in events:
        if line.startswith("data: {"):
            for choice in json.loads(line[6:])["choices"]:
                streamed[choice["index"]] += choice["logprobs"]["text_offset"]
    for choice in whole:
        scores, text = choice["logprobs"], choice["text"]
        offsets = scores["text_offset"]
        assert len(offsets) == len(scores["tokens"]) and offsets[0] == 0
        assert offsets == sorted(offsets) and offsets[-1] < len(text)
        assert offsets == streamed[choice["index"]]


def test_the_official_client_gets_scores_of_a_text(server):
    sdk = openai.OpenAI(base_url=f"{server.url}/v1", api_key=server.north, max_retries=0)
    made = sdk.completions.create(model="tiny-qwen3", prompt=ASKED, max_tokens=8, logprobs=2)
    scores = made.choices[0].logprobs
    assert len(scores.text_offset) == len(scores.tokens) == made.usage.completion_tokens
    with pytest.raises(openai.BadRequestError, match="tools"):
        sdk.chat.completions.create(
            model="tiny-qwen3",
            messages=[{"role": "user", "content": ASKED}],
            tools=[{"type": "function", "function": {"name": "f", "parameters": {}}}],
        )
