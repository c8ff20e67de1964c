"""The gateway to vLLM: what it sends, what it keeps to itself, and what it says of failures."""

from __future__ import annotations

import concurrent.futures
import json
import time

import httpx
import pytest
from fake_vllm import KEY, fake_vllm
from running_server import ANN, BOB, ask, running, said

from lpm.backbone import Backbone
from lpm.errors import ConfigError
from lpm.server.vllm_connection import VllmConfig
from lpm.testing import tiny_backbone, tiny_model

ASKED = "Where does my sister live?"


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return tiny_backbone()


@pytest.fixture(scope="module")
def engine(backbone):
    with fake_vllm(backbone) as made:
        yield made


@pytest.fixture(scope="module")
def gateway(engine, backbone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    with running(
        folder,
        model=tiny_model(backbone),
        engine="vllm",
        vllm_url=f"{engine.url}/v1/",
        vllm_key=KEY,
        max_batch=2,
        max_queue=2,
    ) as server:
        for user, text in (("ann", ANN), ("bob", BOB)):
            body = {"sessions": [{"session_id": "s", "messages": [{"role": "user"}]}]}
            body["sessions"][0]["messages"][0]["content"] = text
            with server.client() as client:
                made = client.post(f"/v1/memories/{user}/sessions", json=body)
                assert made.status_code == 201, made.text
        yield server


@pytest.fixture
def client(gateway, engine):
    with gateway.client() as made:
        assert made.get("/readyz").status_code == 200
        engine.bodies.clear()
        yield made
    engine.failing, engine.open_to_all, engine.models = None, False, ["tiny-qwen3"]
    engine.held.set()


@pytest.fixture
def alone(gateway):
    return lambda user, **options: (
        gateway.service.memories("north").answer(user, ASKED, max_new_tokens=6, **options).text
    )


def test_users_are_answered_from_their_memories(client, alone):
    assert said(ask(client, "ann", ASKED)).strip() == alone("ann")
    assert said(ask(client, "bob", ASKED)).strip() == alone("bob")
    plain = said(ask(client, "nobody yet", ASKED))
    assert plain.strip() == alone("nobody", mode="no-memory")


def test_a_stream_says_the_same(client, alone):
    lines = ask(client, "ann", ASKED, stream=True).text.splitlines()
    assert lines[-2] == "data: [DONE]"
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    text = "".join(event["choices"][0]["delta"]["content"] for event in events)
    assert text.strip() == alone("ann") and len(events) > 1


def test_greedy_choices_are_made_once(client, engine):
    answer = ask(client, "ann", ASKED, n=2).json()
    texts = {choice["message"]["content"] for choice in answer["choices"]}
    assert [choice["index"] for choice in answer["choices"]] == [0, 1] and len(texts) == 1
    assert [body["n"] for body in engine.bodies] == [1]


def test_what_is_sent_names_nobody_and_asks_for_no_penalty(client, engine):
    ask(client, "ann", ASKED)
    ask(client, "nobody yet", ASKED)
    with_rows, plain = engine.bodies
    assert with_rows["prompt"] is None and with_rows["prompt_embeds"]
    assert isinstance(plain["prompt"], list) and "prompt_embeds" not in plain
    for body in engine.bodies:
        assert body["repetition_penalty"] == 1.0
        assert body["presence_penalty"] == body["frequency_penalty"] == 0.0
        assert "user" not in body
        assert "ann" not in json.dumps({k: v for k, v in body.items() if k != "prompt_embeds"})


def test_each_user_of_each_tenant_has_a_salt_of_their_own(client, gateway, engine):
    for user in ("ann", "bob", "ann", None):
        ask(client, user, ASKED)
    with gateway.client(gateway.south) as south:
        ask(south, "ann", ASKED)
    salts = [body["cache_salt"] for body in engine.bodies]
    assert salts[0] == salts[2]
    assert len(set(salts)) == 4 and all(len(salt) == 64 for salt in salts)


def test_penalties_are_refused(client, engine):
    for name in ("presence_penalty", "frequency_penalty"):
        refused = ask(client, "ann", ASKED, **{name: 0.1})
        assert refused.status_code == 400 and name in refused.json()["error"]["message"]
    assert engine.bodies == []


@pytest.mark.parametrize(
    ("failing", "status", "says"),
    [
        (400, 502, "status 400"),
        (404, 502, "does not know the model"),
        (429, 429, "busy"),
        (500, 502, "status 500"),
        (503, 503, "not ready"),
        ("no embeds", 502, "--enable-prompt-embeds"),
        ("no json", 502, "no JSON object"),
        ("other json", 502, "not vLLM's"),
    ],
)
def test_the_engines_failures_are_told_without_its_words(client, engine, failing, status, says):
    engine.failing = failing
    answer = ask(client, "ann", ASKED)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["error"]["message"]
    assert "secret" not in answer.text and engine.url not in answer.text
    assert ("retry-after" in answer.headers) == (status in (429, 503))
    engine.failing = None
    assert ask(client, "ann", ASKED).status_code == 200


@pytest.mark.parametrize("failing", ["breaks off", "says error"])
def test_a_stream_that_fails_ends_with_an_error(client, engine, failing):
    engine.failing = failing
    lines = ask(client, "ann", ASKED, stream=True).text.splitlines()
    events = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert "error" in events[-1] and "data: [DONE]" not in lines
    assert "secret" not in "".join(lines)


def test_readiness_follows_the_engine(client, engine):
    def reason() -> str:
        answer = client.get("/readyz")
        assert answer.status_code == 503, answer.text
        return answer.json()["reason"]

    engine.open_to_all = True
    assert "--api-key" in reason()
    engine.open_to_all, engine.models = False, ["other", "another"]
    assert "--served-model-name tiny-qwen3" in reason()
    engine.models, engine.failing = ["tiny-qwen3"], "no embeds"
    assert "--enable-prompt-embeds" in reason()
    engine.failing, engine.backbone = None, tiny_backbone(seed=1)
    assert "the same model" in reason()
    engine.backbone = tiny_backbone()
    assert client.get("/readyz").json() == {"status": "ready"}


def test_an_engine_that_is_away_is_503_until_it_comes(tmp_path, backbone):
    settings = {"engine": "vllm", "vllm_url": "http://127.0.0.1:9", "vllm_key": KEY}
    served = running(tmp_path, model=tiny_model(backbone), **settings)
    with served as server, server.client() as client:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: ask(client, f"u{n}", ASKED), range(8)))
        assert {answer.status_code for answer in answers} == {503}
        assert all(answer.headers["retry-after"] == "1" for answer in answers)
        assert "127.0.0.1" not in answers[0].text
        ready = client.get("/readyz")
        assert ready.status_code == 503 and "cannot be reached" in ready.json()["reason"]
        assert client.get("/healthz").status_code == 200


def test_too_many_at_once_are_told_to_come_again(client, engine):
    engine.held.clear()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, client, "ann", ASKED) for _ in range(8)]
        deadline = time.monotonic() + 20
        while sum(one.done() for one in asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        engine.held.set()
        answers = [one.result() for one in asked]
    statuses = sorted(answer.status_code for answer in answers)
    # Two are with the engine, two wait.
    assert statuses == [200] * 4 + [429] * 4
    assert len(engine.bodies) == 4


def test_who_leaves_frees_the_place(client, gateway, engine):
    engine.held.clear()
    left = engine.left
    body = {"model": "tiny-qwen3", "messages": [{"role": "user", "content": ASKED}]}
    body |= {"user": "ann", "stream": True, "max_tokens": 32}
    with client.stream("POST", "/v1/chat/completions", json=body) as stream:
        # Kept, since an iterator that is let go of closes the stream.
        lines = stream.iter_lines()
        next(lines)
        assert gateway.service.engine.num_running == 1
    deadline = time.monotonic() + 20
    while gateway.service.engine.num_running and time.monotonic() < deadline:
        time.sleep(0.02)
    assert gateway.service.engine.num_running == 0
    while engine.left == left and time.monotonic() < deadline:
        time.sleep(0.02)
    assert engine.left == left + 1


def test_stopping_waits_for_what_was_begun(tmp_path, engine, backbone):
    settings = {"engine": "vllm", "vllm_url": engine.url, "vllm_key": KEY}
    served = running(tmp_path, model=tiny_model(backbone), **settings)
    pool = concurrent.futures.ThreadPoolExecutor(2)
    with served as server, server.client() as client, pool:
        engine.held.clear()
        going = pool.submit(ask, client, None, ASKED)
        deadline = time.monotonic() + 20
        while not server.service.engine.num_running and time.monotonic() < deadline:
            time.sleep(0.01)
        stopped = pool.submit(server.service.engine.stop)
        while not server.service.engine.stopping:
            time.sleep(0.01)
        assert ask(client, None, ASKED).status_code == 503
        assert not stopped.done()
        engine.held.set()
        assert said(going.result()) is not None
        stopped.result(20)
        assert httpx.get(f"{server.url}/readyz").json() == {"status": "stopping"}


@pytest.mark.parametrize(
    "url", ["", "engine:8000", "ftp://127.0.0.1", "http://", "http://u:p@127.0.0.1", "http://[::1"]
)
def test_addresses_that_are_none(url):
    with pytest.raises(ConfigError, match="LPM_VLLM_URL"):
        VllmConfig(url, KEY).root()


def test_an_engine_elsewhere_needs_a_key():
    with pytest.raises(ConfigError, match="LPM_VLLM_KEY"):
        VllmConfig("http://engine:8000").root()
    assert VllmConfig("http://engine:8000/v1", KEY).root() == "http://engine:8000"
    assert VllmConfig("http://127.0.0.1:8000").root() == "http://127.0.0.1:8000"
    assert KEY not in repr(VllmConfig("http://engine:8000", KEY))


def test_vllm_without_an_address_is_refused(tmp_path, backbone):
    served = running(tmp_path, model=tiny_model(backbone), engine="vllm")
    with pytest.raises(ConfigError, match="LPM_VLLM_URL is not set"), served:
        pass
