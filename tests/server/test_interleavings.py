"""Whatever many users of several tenants do at once, nobody ever gets anything of another's.

Every user says words that nobody else says. What a user should be answered is computed alone, by a
library of its own on a store of its own, from what that user has said so far.
"""

from __future__ import annotations

import concurrent.futures
import json
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from running_server import Running, ask, running, said

from lpm.memory import Memory
from lpm.model import LatentPersonalMemory
from lpm.store import open_store
from lpm.testing import tiny_backbone, tiny_model

PEOPLE = [(tenant, user) for tenant in ("north", "south") for user in ("ann", "bob", "zoë/1")]
ACTS = ("remember", "queue", "ask", "stream", "explain", "show", "file", "jobs", "forget")
QUESTION = "Where do I keep it?"


@dataclass
class Person:
    """One user's calls, in their order, and what they should give."""

    tenant: str
    user: str
    key: str
    alone: LatentPersonalMemory
    sessions: int = 0
    known: bool = False
    jobs: list[str] = field(default_factory=list)

    @property
    def secret(self) -> str:
        """Return a word that this user alone says."""
        return f"secret-{self.tenant}-{PEOPLE.index((self.tenant, self.user))}"

    @property
    def path(self) -> str:
        return f"/v1/memories/{self.user.replace('/', '%2F')}"

    def session(self) -> dict:
        self.sessions += 1
        text = f"I keep {self.secret} in box {self.sessions}."
        name = f"{self.secret}-{self.sessions}"
        return {"session_id": name, "messages": [{"role": "user", "content": text}]}

    def learn(self, session: dict) -> None:
        from lpm.server.schemas import RememberRequest

        asked = RememberRequest.model_validate({"sessions": [session], "refine_steps": 0})
        self.alone.remember(self.user, asked.history(), refine_steps=0)
        self.known = True

    def expected(self) -> str:
        mode = "memory" if self.known else "no-memory"
        return self.alone.answer(self.user, QUESTION, mode=mode, max_new_tokens=5).text


def act(server: Running, person: Person, what: str, others: list[str]) -> None:
    """Do one thing as a user, and check everything that comes back."""
    told = ""
    with server.client(person.key) as client:
        if what in ("remember", "queue"):
            session = person.session()
            rest = "sessions" if what == "remember" else "jobs"
            body = {"sessions": [session], "refine_steps": 0}
            made = client.post(f"{person.path}/{rest}", json=body)
            assert made.status_code in (201, 202), made.text
            told = made.text
            if what == "queue":
                person.jobs.append(made.json()["job_id"])
                told += done(client, person.jobs[-1])
            person.learn(session)
        elif what in ("ask", "stream"):
            answer = ask(client, person.user, QUESTION, stream=what == "stream", max_tokens=5)
            told = answer.text
            text = streamed(told) if what == "stream" else said(answer)
            assert text.strip() == person.expected()
        elif what == "jobs":
            found = client.get("/v1/jobs", params={"limit": 1000}).json()["data"]
            mine = [job["job_id"] for job in found if job["user"] == person.user]
            assert mine == person.jobs[::-1]
            told = json.dumps([job for job in found if job["user"] == person.user])
        elif what == "forget":
            gone = client.delete(person.path)
            assert gone.status_code == (200 if person.known else 404)
            if person.known:
                person.alone.forget(person.user)
                person.known, person.jobs = False, []
            told = gone.text
        else:
            told = inspect(client, person, what)
    for secret in others:
        assert secret not in told, f"{person.secret} was told {secret}"


def inspect(client, person: Person, what: str) -> str:
    """Explain, show or export a memory; return what was told."""
    if what == "explain":
        found = client.post(f"{person.path}/explain", json={"message": QUESTION})
    else:
        found = client.get(person.path + ("/file" if what == "file" else ""))
    assert found.status_code == (200 if person.known else 404), found.text
    if not person.known:
        return found.text
    own = person.alone.store.get(person.user)
    if what == "file":
        memory = Memory.decode(found.content)
        assert memory.slots.equal(own.slots) and memory.provenance == own.provenance
        return repr((memory.user, memory.sessions, memory.provenance))
    sources = {s["session_id"] for slot in found.json()["slots"] for s in slot["sources"]}
    assert sources == {s.session_id for slot in own.provenance for s in slot}
    return found.text


def streamed(events: str) -> str:
    chunks = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: {")]
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])


def done(client, job: str) -> str:
    deadline = time.monotonic() + 60
    while (told := client.get(f"/v1/jobs/{job}").json())["state"] != "done":
        assert told["state"] in ("queued", "running") and time.monotonic() < deadline, told
        time.sleep(0.02)
    return json.dumps(told)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("many")) as made:
        yield made


@settings(
    max_examples=2,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(number=st.integers(0, 2**32))
def test_nobody_gets_anything_of_anothers(server, tmp_path_factory, number):
    """Six users of two tenants, each with calls in a random order, all at the same time."""
    rng = random.Random(number)
    model = tiny_model(tiny_backbone())
    keys = {"north": server.north, "south": server.south}
    people = []
    for tenant, user in PEOPLE:
        home: Path = tmp_path_factory.mktemp("alone")
        alone = LatentPersonalMemory(open_store(home), model)
        # Half of the users call with a key of their own.
        key = server.keys.create(tenant, user=user)[1] if rng.random() < 0.5 else keys[tenant]
        people.append(Person(tenant, user, key, alone))
    plans = [["remember", *rng.choices(ACTS, k=8), "ask", "forget"] for _ in people]

    def live(index: int) -> None:
        others = [other.secret for other in people if other is not people[index]]
        for what in plans[index]:
            act(server, people[index], what, others)

    with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
        for ended in [pool.submit(live, index) for index in range(len(people))]:
            ended.result(timeout=240)
    for person in people:
        person.alone.close()
    for tenant in keys:
        assert server.service.memories(tenant).users() == ()
        assert server.service.store.for_tenant(tenant).queue.jobs() == ()
