"""Measure the server: what it costs over the bare engine, and 10,000 requests, each checked.

    python bench/gateway.py overhead --engine vllm   # tokens/s and time to first token, 32 users
    python bench/gateway.py overhead --engine local
    python bench/gateway.py overhead --engine local --backbone embedded --requests 64 --rounds 3
    python bench/gateway.py mixed --engine local # every answer against its user's expected one
    python bench/gateway.py mixed --engine vllm

A tiny backbone of random weights, or the embedded one, which vLLM does not get; engine, server and
clients share this machine's cores. vLLM comes from .venv-vllm, see `make test-vllm`. Bare vLLM is
asked over HTTP with the bodies that the server would send, the bare in-process engine is called in
the process of the clients; both get the prompts and rows that the server would give them, made
beforehand. Processor time is told for the clients too, since they share the cores. Writes
results/server/NAME.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp
import httpx
import psutil
import torch

from lpm.backbone import EMBEDDED, Backbone
from lpm.benchmarks.results import environment
from lpm.model import LatentPersonalMemory
from lpm.modeling import LPMModel, load_shared
from lpm.server.engine import EngineConfig, EngineRequest
from lpm.server.local_engine import LocalEngine
from lpm.server.sampling import Sampling
from lpm.server.settings import ServerSettings
from lpm.server.vllm_wire import cache_salt, encode_request
from lpm.store import open_store
from lpm.testing import make_memory, tiny_backbone, tiny_model

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from with_vllm import HIDDEN_SIZE, NAME, free_port, serving  # noqa: E402

FOLDER = ROOT / "results" / "server"
TENANTS = ("north", "south")
MAX_BATCH, MAX_TOKENS = 64, 64
TINY = "tiny"
SPELT = {
    TINY: f"tiny Qwen3 of random weights, hidden size {HIDDEN_SIZE}, float32",
    EMBEDDED: "SmolLM2-135M-Instruct",
}
STREAM_INTERVAL_S: float = ServerSettings.model_fields["stream_interval_s"].default
Found = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request: who asks what."""

    tenant: str
    user: str
    text: str


def shared_model(backbone: str) -> LPMModel:
    """Return backbone and projector, the same in every process."""
    if backbone == EMBEDDED:
        return load_shared(None, Backbone.load())
    return tiny_model(tiny_backbone(hidden_size=HIDDEN_SIZE))


def write_memories(home: Path, model: LPMModel, users: int) -> dict[str, LatentPersonalMemory]:
    """Store a memory of random slots for every user; both tenants' users have the same names."""
    store = open_store(home)
    memories = {}
    for number, tenant in enumerate(TENANTS):
        view = store.for_tenant(tenant)
        for user in range(users):
            view.put(make_memory(f"user{user}", model=model, seed=users * number + user))
        memories[tenant] = LatentPersonalMemory(view, model)
    return memories


def serve(home: str, keys: str, port: int, found: dict[str, str], backbone: str) -> None:
    """Serve in a process of its own, with the weights that vLLM has, in float32."""
    from lpm.server.app import build_service
    from lpm.server.serving import serve as serve_until_stopped

    torch.set_num_threads(1)
    logging.disable(logging.INFO)
    settings: dict[str, Any] = {"max_batch": MAX_BATCH, "max_queue": 1024, "port": port}
    if found:
        settings |= {"engine": "vllm", "vllm_url": found["LPM_VLLM_URL"]}
        settings |= {"vllm_key": found["LPM_VLLM_KEY"]}
    given = ServerSettings(keys=Path(keys), home=home, **settings)  # type: ignore[arg-type]
    serve_until_stopped(build_service(given, model=shared_model(backbone)))


@dataclass(frozen=True)
class Gateway:
    """A running server. model: its name. keys: one for each tenant."""

    url: str
    model: str
    keys: dict[str, str]
    process: psutil.Process

    def cpu_s(self) -> float:
        """Return the processor time it has used, of all its threads."""
        used = self.process.cpu_times()
        return float(used.user + used.system)


@contextmanager
def gateway(folder: Path, found: dict[str, str], backbone: str = TINY) -> Iterator[Gateway]:
    """Run the server until the block ends."""
    from lpm.server.keys import KeyStore

    keys = KeyStore(folder / "keys.json")
    texts = {tenant: keys.create(tenant)[1] for tenant in TENANTS}
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(
        target=serve,
        args=(str(folder / "home"), str(keys.path), port, found, backbone),
        daemon=True,
    )
    process.start()
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                if httpx.get(f"{url}/readyz", timeout=30).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.2)
            if time.monotonic() > deadline or not process.is_alive():
                raise SystemExit("The server did not become ready.")
        yield Gateway(
            url, EMBEDDED if backbone == EMBEDDED else NAME, texts, psutil.Process(process.pid)
        )
    finally:
        process.terminate()
        process.join(60)


@dataclass
class Timed:
    """What one request took. text: None where it failed."""

    text: str | None
    tokens: int
    first_s: float
    seconds: float
    status: int


Call = Callable[[aiohttp.ClientSession, Asked, bool], Awaitable[Timed]]


async def post(
    session: aiohttp.ClientSession, url: str, body: Found, key: str, streamed: bool
) -> Timed:
    """Send one request and read its answer, of our server or of vLLM."""
    begin = time.perf_counter()
    headers = {"Authorization": f"Bearer {key}"}
    body = body | {"stream": streamed}
    if streamed:
        body["stream_options"] = {"include_usage": True}
    async with session.post(url, json=body, headers=headers) as answer:
        if answer.status != 200:
            await answer.read()
            return Timed(None, 0, 0.0, 0.0, answer.status)
        if not streamed:
            whole = await answer.json()
            took = time.perf_counter() - begin
            choice = whole["choices"][0]
            text = choice["message"]["content"] if "message" in choice else choice["text"]
            return Timed(text, whole["usage"]["completion_tokens"], took, took, 200)
        first, tokens, pieces = 0.0, 0, []
        async for line in answer.content:
            if line.startswith(b"data: {"):
                first = first or time.perf_counter() - begin
                event = json.loads(line[6:])
                for choice in event["choices"]:
                    told = choice["delta"]["content"] if "delta" in choice else choice["text"]
                    pieces.append(told)
                # An event may hold several tokens, or none that is a whole character.
                tokens = (event.get("usage") or {}).get("completion_tokens", tokens)
        return Timed("".join(pieces), tokens, first, time.perf_counter() - begin, 200)


async def drive(call: Call, asked: list[Asked], users: int, streamed: bool) -> tuple[float, Any]:
    """Send all requests, `users` at a time; return (seconds, answers in order)."""
    answers: list[Timed | None] = [None] * len(asked)
    left = iter(range(len(asked)))

    async def one_user(session: aiohttp.ClientSession) -> None:
        for index in left:
            answers[index] = await call(session, asked[index], streamed)

    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=2)
    timeout = aiohttp.ClientTimeout(total=300)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        begin = time.perf_counter()
        await asyncio.gather(*(one_user(session) for _ in range(users)))
        return time.perf_counter() - begin, answers


def to_gateway(server: Gateway, max_tokens: int) -> Call:
    """Return a call of our server."""

    async def call(session: aiohttp.ClientSession, asked: Asked, streamed: bool) -> Timed:
        body = {"model": server.model, "user": asked.user, "max_tokens": max_tokens}
        body |= {"messages": [{"role": "user", "content": asked.text}]}
        url = f"{server.url}/v1/chat/completions"
        return await post(session, url, body, server.keys[asked.tenant], streamed)

    return call


def to_vllm(
    found: dict[str, str],
    memories: dict[str, LatentPersonalMemory],
    asked: list[Asked],
    max_tokens: int,
) -> Call:
    """Return a call of vLLM with the bodies that the server would send, made beforehand."""
    bodies = {}
    for one in asked:
        messages = [{"role": "user", "content": one.text}]
        prompt, rows = memories[one.tenant].prepare(one.user, messages, "memory", max_tokens)  # type: ignore[arg-type]
        sampling = Sampling(max_tokens=max_tokens)
        request = EngineRequest(one.tenant, one.user, prompt, rows, sampling)
        salt = cache_salt(b"a secret of this measurement", one.tenant, one.user)
        bodies[one] = encode_request(memories[one.tenant].backbone, request, NAME, salt)

    async def call(session: aiohttp.ClientSession, asked: Asked, streamed: bool) -> Timed:
        url = f"{found['LPM_VLLM_URL']}/v1/completions"
        return await post(session, url, bodies[asked], found["LPM_VLLM_KEY"], streamed)

    return call


def to_local_engine(
    engine: LocalEngine,
    memories: dict[str, LatentPersonalMemory],
    asked: list[Asked],
    max_tokens: int,
) -> Call:
    """Return a call of an engine in this process, with prompts and rows made beforehand."""
    readings = {
        one: memories[one.tenant].prepare(
            one.user, [{"role": "user", "content": one.text}], "memory", max_tokens
        )
        for one in asked
    }

    async def call(session: aiohttp.ClientSession, asked: Asked, streamed: bool) -> Timed:
        begin, first, text, tokens = time.perf_counter(), 0.0, "", 0
        sampling = Sampling(max_tokens=max_tokens)
        request = EngineRequest(
            asked.tenant, asked.user, *readings[asked], sampling, streamed=streamed
        )
        async for pieces in engine.generate(request):
            first = first or time.perf_counter() - begin
            for _, piece in pieces:
                text, tokens = text + piece.text, piece.tokens
        return Timed(text, tokens, first, time.perf_counter() - begin, 200)

    return call


def questions(users: int, count: int, seed: int) -> list[Asked]:
    """Return requests of random users of both tenants."""
    drawn = random.Random(seed)
    words = ("my sister", "the boat", "our garden", "that summer", "the old house")
    return [
        Asked(
            drawn.choice(TENANTS),
            f"user{drawn.randrange(users)}",
            f"What did I tell you about {drawn.choice(words)}, and when was it, if I may ask?",
        )
        for _ in range(count)
    ]


def overhead(options: argparse.Namespace) -> Found:
    """Compare the bare engine with the server before it, in rounds that take turns."""
    found: Found = {"engine": options.engine, "concurrent_users": options.users}
    found["max_tokens"] = MAX_TOKENS
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        model = shared_model(options.backbone)
        memories = write_memories(folder / "home", model, 32)
        vllm = stack.enter_context(serving(folder)) if options.engine == "vllm" else {}
        server = stack.enter_context(gateway(folder, vllm, options.backbone))
        asked = questions(32, options.requests, seed=0)
        calls = {"gateway": to_gateway(server, MAX_TOKENS)}
        if vllm:
            calls["bare"] = to_vllm(vllm, memories, asked, MAX_TOKENS)
        else:
            settings = EngineConfig(MAX_BATCH, 1024, stream_interval_s=STREAM_INTERVAL_S)
            engine = LocalEngine(model.backbone, settings)
            stack.callback(engine.stop)
            calls["bare"] = to_local_engine(engine, memories, asked, MAX_TOKENS)
        kinds = (("whole", options.users, False), ("streamed", options.users, True),
                 ("one_at_a_time", 1, True))  # fmt: skip
        for kind, users, streamed in kinds:
            some = asked if users > 1 else asked[:16]
            found[kind] = _rounds(server, calls, some, users, streamed, options.rounds)
    return found


def _rounds(
    server: Gateway,
    calls: dict[str, Call],
    asked: list[Asked],
    users: int,
    streamed: bool,
    rounds: int,
) -> Found:
    rates: dict[str, list[float]] = {name: [] for name in calls}
    firsts: dict[str, list[float]] = {name: [] for name in calls}
    cpu_s = {"gateway": 0.0} | {f"{name}_clients": 0.0 for name in calls}
    for number in range(rounds + 1):
        # Whoever is first in one round is second in the next.
        for name in sorted(calls, reverse=bool(number % 2)):
            begun = (server.cpu_s(), time.process_time())
            seconds, answers = asyncio.run(drive(calls[name], asked, users, streamed))
            spent = (server.cpu_s() - begun[0], time.process_time() - begun[1])
            failed = [one.status for one in answers if one.text is None]
            if failed:
                raise SystemExit(f"{name} failed with status {failed[0]}.")
            if number:  # The first round warms up.
                rates[name].append(sum(one.tokens for one in answers) / seconds)
                firsts[name].append(1000 * median(one.first_s for one in answers))
                cpu_s[f"{name}_clients"] += spent[1]
                cpu_s["gateway"] += spent[0] if name == "gateway" else 0.0
    found: Found = {f"{name}_tokens_per_s": median(rates[name]) for name in calls}
    pairs = zip(rates["bare"], rates["gateway"], strict=True)
    found["overhead"] = 1 - median(behind / bare for bare, behind in pairs)
    for who, seconds in cpu_s.items():
        found[f"{who}_cpu_ms_per_request"] = 1000 * seconds / (len(asked) * rounds)
    found["rounds"] = {name: [round(rate, 1) for rate in rates[name]] for name in calls}
    if streamed:
        found |= {f"{name}_first_token_p50_ms": median(firsts[name]) for name in calls}
        added = [b - a for a, b in zip(firsts["bare"], firsts["gateway"], strict=True)]
        found["added_first_token_p50_ms"] = median(added)
    return found


def mixed(options: argparse.Namespace) -> Found:
    """Check every answer of many users against what its user's memory gives alone."""
    tokens = 12
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        memories = write_memories(folder / "home", shared_model(TINY), options.users)
        asked = questions(options.users, options.requests, seed=1)
        expected = _expected(memories, asked, tokens)
        vllm = stack.enter_context(serving(folder)) if options.engine == "vllm" else {}
        server = stack.enter_context(gateway(folder, vllm))
        call = to_gateway(server, tokens)
        seconds, answers = asyncio.run(drive(call, asked, MAX_BATCH, streamed=False))
    of_others: dict[str, set[Asked]] = {}
    for one, text in expected.items():
        of_others.setdefault(text, set()).add(one)
    wrong = [
        (one, answer.text.strip())
        for one, answer in zip(asked, answers, strict=True)
        if answer.text is not None and answer.text.strip() != expected[one]
    ]
    return {
        "engine": options.engine,
        "requests": len(asked),
        "concurrent_requests": MAX_BATCH,
        "tenants": len(TENANTS),
        "users": options.users * len(TENANTS),
        "distinct_requests": len(expected),
        "distinct_expected_answers": len(of_others),
        "errors": sum(answer.text is None for answer in answers),
        "answers_not_as_expected": len(wrong),
        "answers_expected_for_another_user": sum(text in of_others for _, text in wrong),
        "requests_per_s": len(asked) / seconds,
        "answer_tokens_per_s": sum(answer.tokens for answer in answers) / seconds,
        "p50_ms": 1000 * median(answer.seconds for answer in answers),
    }


def _expected(
    memories: dict[str, LatentPersonalMemory], asked: list[Asked], tokens: int
) -> dict[Asked, str]:
    """Return the greedy answer to every distinct request, each decoded alone."""
    return {
        one: memories[one.tenant].answer(one.user, one.text, max_new_tokens=tokens).text
        for one in set(asked)
    }


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    costs = commands.add_parser("overhead")
    costs.add_argument("--engine", choices=("local", "vllm"), default="vllm")
    costs.add_argument("--backbone", choices=(TINY, EMBEDDED), default=TINY)
    costs.add_argument("--users", type=int, default=32)
    costs.add_argument("--requests", type=int, default=256, help="of one round")
    costs.add_argument("--rounds", type=int, default=8)
    checked = commands.add_parser("mixed")
    checked.add_argument("--engine", choices=("local", "vllm"), default="local")
    checked.add_argument("--users", type=int, default=100, help="of each of two tenants")
    checked.add_argument("--requests", type=int, default=10_000)
    options = parser.parse_args()
    own = getattr(options, "backbone", TINY)
    if own != TINY and options.engine == "vllm":
        parser.error("vLLM is started with the tiny backbone; choose --engine local.")
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    measured = overhead(options) if options.command == "overhead" else mixed(options)
    name = f"{options.command}-{options.engine}" + ("" if own == TINY else f"-{own}")
    document = measured | {
        "backbone": SPELT[own],
        "cores": os.cpu_count(),
        "load_average_before": round(load, 2),
        "load_average_after": round(os.getloadavg()[0], 2),
        "environment": environment(),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
