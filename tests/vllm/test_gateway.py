"""People's clients, our server, a real vLLM server behind it."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys

import httpx
import openai
import pytest
from heard import ASKED
from running_server import ANN, BOB, ask, running, said

from lpm.testing import tiny_model

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def gateway(address, backbone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("gateway")
    settings = {"engine": "vllm", "vllm_url": address.url, "vllm_key": address.key}
    with running(folder, model=tiny_model(backbone), max_batch=32, **settings) as server:
        for user, text in [("ann", ANN), ("bob", BOB), *((f"user{n}", ANN[n:]) for n in range(8))]:
            turns = [{"role": "user", "content": text}]
            body = {"sessions": [{"session_id": "s1", "messages": turns}], "refine_steps": 0}
            with server.client() as client:
                made = client.post(f"/v1/memories/{user}/sessions", json=body)
                assert made.status_code == 201, made.text
        yield server


@pytest.fixture
def sdk(gateway):
    with openai.OpenAI(
        base_url=f"{gateway.url}/v1", api_key=gateway.north, max_retries=0
    ) as client:
        yield client


def alone(gateway, user: str, text: str, **options) -> str:
    return gateway.service.memories("north").answer(user, text, max_new_tokens=12, **options).text


def test_the_official_client_streams_through_the_gateway(gateway, sdk):
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
    assert text.strip() == alone(gateway, "ann", ASKED)
    # Tokens that come together are told together.
    assert len(chunks) > 2
    assert chunks[-1].usage.model_extra["soft_tokens"] == 5


def test_a_whole_answer_has_logprobs_and_choices(sdk):
    made = sdk.chat.completions.create(
        model="tiny-qwen3",
        messages=[{"role": "user", "content": ASKED}],
        user="ann",
        n=2,
        max_tokens=6,
        logprobs=True,
        top_logprobs=3,
    )
    assert [choice.index for choice in made.choices] == [0, 1]
    assert made.choices[0].message.content == made.choices[1].message.content
    for token in made.choices[0].logprobs.content:
        assert token.logprob == max(top.logprob for top in token.top_logprobs)
        assert len(token.top_logprobs) == 3


def test_many_users_at_once_get_what_each_gets_alone(gateway):
    users = ["ann", "bob", *(f"user{n}" for n in range(8))]
    asked = [(user, f"{ASKED} {n}") for n in range(4) for user in users]
    with gateway.client() as client, concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: said(ask(client, *one, max_tokens=12)), asked))
    assert [one.strip() for one in answers] == [alone(gateway, *one) for one in asked]
    assert len(set(answers)) > len(users)


def test_without_a_memory_the_plain_model_answers(gateway):
    with gateway.client() as client:
        answer = said(ask(client, "nobody yet", ASKED, max_tokens=12))
    assert answer.strip() == alone(gateway, "nobody", ASKED, mode="no-memory")


@pytest.mark.parametrize("name", ["frequency_penalty", "presence_penalty"])
def test_penalties_never_reach_the_engine(gateway, sdk, figure, name):
    before = figure("vllm:request_success_total")
    with pytest.raises(openai.BadRequestError, match=name):
        sdk.chat.completions.create(
            model="tiny-qwen3",
            messages=[{"role": "user", "content": ASKED}],
            user="ann",
            **{name: 0.5},
        )
    assert figure("vllm:request_success_total") == before


def test_ready_means_that_the_engine_answers(gateway):
    assert httpx.get(f"{gateway.url}/readyz").json() == {"status": "ready"}


def test_serve_check_asks_the_engine(address, tmp_path):
    backbone = os.environ["LPM_VLLM_BACKBONE"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("LPM_")},
        "LPM_ENGINE": "vllm",
        "LPM_VLLM_URL": address.url,
        "LPM_VLLM_KEY": address.key or "",
        "LPM_HOME": str(tmp_path / "home"),
        "LPM_BACKBONE": backbone,
        "LPM_OPEN_ACCESS": "true",
    }

    def check(**changed: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lpm", "serve", "--check"]
        return subprocess.run(
            command, env=environment | changed, capture_output=True, text=True, timeout=120
        )

    good = check()
    assert good.returncode == 0 and "ready to be served" in good.stdout, good.stderr
    bad = check(LPM_VLLM_KEY="wrong")
    assert bad.returncode == 2 and "LPM_VLLM_KEY" in bad.stderr
    assert "wrong" not in bad.stderr and "Traceback" not in bad.stderr
