"""Automatic remembering: each turn once, after the conversation's end, for who wants it."""

from __future__ import annotations

import time

import httpx
import pytest
from running_server import Running, ask, running, said

from lpm.server.worker import Worker


def talk(client: httpx.Client, user: str, messages: list[dict], **more: object) -> list[dict]:
    """Ask the newest of some messages; return them with the answer."""
    body = {"model": "tiny-qwen3", "messages": messages, "user": user, "max_tokens": 6, **more}
    answer = said(client.post("/v1/chat/completions", json=body))
    return [*messages, {"role": "assistant", "content": answer}]


def user_says(text: str) -> dict:
    return {"role": "user", "content": text}


def turns(server: Running, user: str) -> list[list[str]]:
    """Return what is remembered of a user, session by session."""
    history = server.service.memories("north").store.get_history(user)
    return [[t.content for t in s.turns] for s in history.sessions] if history else []


def queued(server: Running, user: str, count: int) -> None:
    """Wait until so many jobs of a user are there: they come after the answer."""
    queue = server.service.store.for_tenant("north").queue
    deadline = time.monotonic() + 30
    while len(queue.jobs(user=user)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def rewritten(server: Running, user: str) -> None:
    """Wait until the waiting job of a user was put in the place of a former one."""
    queue = server.service.store.for_tenant("north").queue
    deadline = time.monotonic() + 30
    while (job := queue.jobs(user=user)[0]).updated_at == job.created_at:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def settle(server: Running, user: str, count: int = 1) -> None:
    """Wait for so many jobs of a user, and work all off."""
    queued(server, user, count)
    queue = server.service.store.for_tenant("north").queue
    worker = Worker(server.service.store, server.service.model)
    worker.start()
    deadline = time.monotonic() + 30
    while queue.num_waiting():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    worker.stop(timeout_s=30)
    assert len(queue.jobs(user=user)) == count


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory):
    with running(
        tmp_path_factory.mktemp("on"), remember=True, remember_after_s=0, workers=0
    ) as made:
        yield made


def test_a_finished_conversation_is_remembered_whole_and_once(keeping):
    with keeping.client() as client:
        spoken = talk(client, "ann", [user_says("I grow figs in Faro.")])
        queued(keeping, "ann", 1)
        # Clients strip answers.
        spoken[1]["content"] = f" {spoken[1]['content']}\n"
        whole = talk(client, "ann", [*spoken, user_says("And I own a cat.")])
        rewritten(keeping, "ann")
        settle(keeping, "ann")
        (session,) = turns(keeping, "ann")
        assert [turn.strip() for turn in session] == [m["content"].strip() for m in whole]
        talk(client, "ann", [*whole, user_says("Her name is Mia.")])
        settle(keeping, "ann", 2)
        assert [session[0] for session in turns(keeping, "ann")] == [
            "I grow figs in Faro.",
            "Her name is Mia.",
        ]


def test_an_answer_asked_for_again_takes_the_place_of_the_former_one(keeping):
    with keeping.client() as client:
        for seed in (1, 2):
            spoken = talk(client, "bob", [user_says("Say it.")], seed=seed, temperature=2)
            queued(keeping, "bob", 1)
        rewritten(keeping, "bob")
        settle(keeping, "bob")
    assert turns(keeping, "bob") == [[m["content"] for m in spoken]]


def test_streams_are_remembered_too(keeping):
    with keeping.client() as client:
        answer = ask(client, "cleo", "I sail on Sundays.", stream=True)
        assert answer.text.endswith("data: [DONE]\n\n")
        settle(keeping, "cleo")
    (session,) = turns(keeping, "cleo")
    assert session[0] == "I sail on Sundays." and len(session) == 2


def test_system_messages_are_not_what_a_user_said(keeping):
    with keeping.client() as client:
        talk(client, "dora", [{"role": "system", "content": "Be kind."}, user_says("I run.")])
        settle(keeping, "dora")
    (session,) = turns(keeping, "dora")
    assert session[0] == "I run."


@pytest.mark.parametrize(
    "more", [{"remember": False}, {"memory": "no-memory"}, {"memory": "no-memory", "stream": True}]
)
def test_who_does_not_want_it_is_not_remembered(keeping, more):
    with keeping.client() as client:
        assert ask(client, "eva", "Nobody must know.", **more).status_code == 200
        assert ask(client, None, "Nobody must know.", **more).status_code == 200
    assert keeping.service.store.for_tenant("north").queue.jobs(user="eva") == ()


def test_by_default_a_chat_is_remembered_only_on_request(tmp_path):
    with running(tmp_path, remember_after_s=0, workers=0) as server, server.client() as client:
        talk(client, "ann", [user_says("I grow figs.")])
        assert server.service.store.for_tenant("north").queue.jobs() == ()
        talk(client, "ann", [user_says("I grow plums.")], remember=True)
        settle(server, "ann")
        assert turns(server, "ann")[0][0] == "I grow plums."
        assert ask(client, None, "I grow pears.", remember=True).status_code == 400
        _, chat_only = server.keys.create("north", ("chat",))
        with server.client(chat_only) as other:
            assert ask(other, "ann", "I grow pears.", remember=True).status_code == 403
            assert ask(other, "ann", "I grow pears.").status_code == 200


def test_the_answer_does_not_wait_and_a_full_queue_does_not_break_it(tmp_path):
    options = {"remember": True, "workers": 0, "max_jobs": 1}
    with running(tmp_path, **options) as server, server.client() as client:
        assert ask(client, "ann", "I row.").status_code == 200
        queued(server, "ann", 1)
        assert ask(client, "bob", "I row.").status_code == 200
        deadline = time.monotonic() + 20
        dropped = 'lpm_jobs_total{end="dropped",kind="conversation"} 1.0'
        while dropped not in client.get("/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [job["user"] for job in client.get("/v1/jobs").json()["data"]] == ["ann"]
        assert client.get("/v1/memories/ann").status_code == 404
    with running(tmp_path, remember_after_s=0) as server:
        # Queued before the stop, with the time to wait of the server that queued it.
        assert server.service.store.for_tenant("north").queue.num_waiting() == 1
