"""Send fuzzed requests to a server of its own, with a tiny model, and count what it answers.

    python bench/fuzz.py --requests 100000 --at-most-s 1500

Cases that schemathesis makes of /openapi.json, bodies, headers, files and tensors that are broken,
raw bytes, and good requests in between. Writes results/server/fuzz.json: answers by status, every
5xx, and the memory of the server's process along the way.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import socket
import struct
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings

from lpm.benchmarks.results import environment

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis

OUT = Path(__file__).resolve().parent.parent / "results" / "server" / "fuzz.json"
SEED = 0
CONNECTIONS = 12
TIMEOUT_S = 60
WARM = 2_000
USERS = [f"user{n}" for n in range(40)] + ["a/b", "ä ö", "100%", "x" * 200]
WORDS = ["I", "keep", "a", "cat", "called", "Mia", "and", "boats", "in", "Faro", "since", "then"]

HEADERS = [
    *("Authorization", "Content-Type", "traceparent", "Accept", "Cookie", "Host", "Range"),
    *("X-Forwarded-For", "Accept-Encoding", "Expect", "If-Match", "Content-Encoding"),
]


@dataclass(frozen=True)
class Sent:
    """One request. raw: the whole of it, where no HTTP client would send it."""

    kind: str
    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None


def serve(folder: str, port: int, ready: Any) -> None:
    """Run the server; in a process of its own."""
    import torch
    import uvicorn

    from lpm.server.app import build_service, create_app
    from lpm.server.keys import KeyStore
    from lpm.server.settings import ServerSettings
    from lpm.store import open_store
    from lpm.testing import tiny_backbone, tiny_model

    torch.set_num_threads(1)
    keys = KeyStore(Path(folder) / "keys.json")
    _, key = keys.create("fuzz")
    given_settings = ServerSettings(
        keys=keys.path, max_tokens=4, max_body_bytes=2**20, remember_after_s=0, max_jobs=50
    )
    store = open_store(Path(folder) / "home", hot_bytes=2**20)
    # A trained writer needs no fit unless asked, so that requests are fuzzed and not fits.
    model = tiny_model(tiny_backbone(), trained=True)
    service = build_service(given_settings, store=store, model=model)
    ready.put(key)
    uvicorn.run(create_app(service), host="127.0.0.1", port=port, log_level="critical")


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def bounded(body: Any) -> Any:
    """Take the steps out of a body: a fit of 10,000 of them is right, and takes minutes."""
    if isinstance(body, dict) and isinstance(body.get("refine_steps"), (int, float)):
        return body | {"refine_steps": min(body["refine_steps"], 0)}
    return body


def schemathesis_cases(url: str, per_operation: int) -> list[Sent]:
    """Return cases of every route, valid and invalid ones."""
    made: list[Sent] = []
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    for found in schema.get_all_operations():
        for mode in modes:

            @seed(SEED)
            @settings(
                max_examples=per_operation,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=found.ok().as_strategy(generation_mode=mode))
            def take(case: Any) -> None:
                kwargs = case.as_transport_kwargs(base_url=url)
                if "json" in kwargs:
                    kwargs["json"] = bounded(kwargs["json"])
                kwargs["params"] = {
                    key: value
                    for key, value in (kwargs.get("params") or {}).items()
                    if key != "refine_steps"
                }
                allowed = ("method", "url", "headers", "params", "json", "data")
                ready = requests.Request(**{k: kwargs[k] for k in allowed if k in kwargs}).prepare()
                body = ready.body or b""
                if not isinstance(body, (str, bytes)):
                    return
                parts = urlsplit(ready.url or "")
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
                names = {str(k): str(v) for k, v in ready.headers.items()}
                # The key is chosen later: a made-up one would hide all else behind a 401.
                for name in ("Content-Length", "Authorization"):
                    names.pop(name, None)
                made.append(Sent("schemathesis", str(ready.method), path, names, raw))

            # Some routes take nothing that could be wrong.
            try:
                take()
            except Exception as error:
                if mode is modes[0]:
                    raise
                print(f"no negative cases of {found.ok().label}: {type(error).__name__}")
    return made


class Fuzzer:
    """Makes requests, the same for the same seed."""

    def __init__(self, cases: list[Sent], key: str, file: bytes) -> None:
        self.rng = random.Random(SEED)
        self.cases, self.key, self.file = cases, key, file
        self.with_body = [case for case in cases if case.body[:1] == b"{"]

    def make(self) -> Sent:
        """Return the next request."""
        kinds: list[tuple[int, Callable[[], Sent]]] = [
            (50, self.case),
            (17, self.broken_body),
            (10, self.broken_headers),
            (12, self.broken_file),
            (3, self.raw),
            (8, self.good),
        ]
        (chosen,) = self.rng.choices([make for _, make in kinds], [share for share, _ in kinds])
        made = chosen()
        if "authorization" not in {name.lower() for name in made.headers} and made.raw is None:
            made = replace(made, headers=made.headers | {"Authorization": f"Bearer {self.key}"})
        return made

    def user(self) -> str:
        return self.rng.choice(USERS)

    def of(self, rest: str) -> str:
        return f"/v1/memories/{quote(self.user(), safe='')}{rest}"

    def text(self) -> str:
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(1, 12)))

    def case(self) -> Sent:
        made = self.rng.choice(self.cases)
        parts = made.path.split("/")
        if made.path.startswith("/v1/memories/") and self.rng.random() < 0.8:
            # Most made-up names are of nobody; those of somebody reach further.
            query = f"?{parts[3].partition('?')[2]}" if "?" in parts[3] else ""
            parts[3] = quote(self.user(), safe="") + query
        return replace(made, path="/".join(parts))

    def mangled(self, data: bytes) -> bytes:
        rng, out = self.rng, bytearray(data)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(out) + 1)
            act = rng.randrange(6)
            if act == 0:
                del out[place:]
            elif act == 1:
                out[place:place] = rng.randbytes(rng.randint(1, 8))
            elif act == 2 and out:
                out[min(place, len(out) - 1)] ^= 1 << rng.randrange(8)
            elif act == 3:
                del out[place : place + rng.randint(1, 20)]
            elif act == 4:
                out[place:place] = out[: rng.randint(0, 200)]
            else:
                out[place:place] = rng.choice(ODD)
        return bytes(out[: 2**19])

    def broken_body(self) -> Sent:
        made = self.rng.choice(self.with_body)
        return replace(self.case_of(made), kind="body", body=self.mangled(made.body))

    def case_of(self, made: Sent) -> Sent:
        if not made.path.startswith("/v1/memories/"):
            return made
        parts = made.path.split("/")
        parts[3] = quote(self.user(), safe="")
        return replace(made, path="/".join(parts))

    def broken_headers(self) -> Sent:
        made, rng = self.good(), self.rng
        junk = "".join(chr(rng.randint(33, 126)) for _ in range(rng.randint(1, 300)))
        name = rng.choice(HEADERS)
        values = (junk, f"Bearer {junk}", f"Bearer a.{junk}.c", "Bearer lpm_00_11", "Basic eA==")
        return replace(made, kind="headers", headers=made.headers | {name: rng.choice(values)})

    def broken_file(self) -> Sent:
        rng = self.rng
        if rng.random() < 0.3:
            data = self.mangled(
                rng.choice((b'{"role":"user","content":"x"}\n', b"[]", b"\x80\x04."))
            )
            rest = rng.choice(("/file-sessions", "/file-jobs"))
            return Sent("file", "POST", self.of(f"{rest}?refine_steps=0"), body=data)
        data = rng.choice((self.mangled, self.tensors))(self.file)
        return Sent("tensors", "PUT", self.of("/file"), body=data)

    def tensors(self, file: bytes) -> bytes:
        """Return a memory file whose header or numbers lie."""
        (size,) = struct.unpack("<Q", file[:8])
        header, data = json.loads(file[8 : 8 + size]), file[8 + size :]
        rng, slots = self.rng, header["slots"]
        act = rng.randrange(7)
        if act == 0:
            slots["shape"] = [
                rng.choice((0, 1, -1, 2**31, 2**62)) for _ in range(rng.randint(0, 5))
            ]
        elif act == 1:
            slots["dtype"] = rng.choice(("F64", "F16", "BF16", "I64", "BOOL", "X", "F8_E4M3"))
        elif act == 2:
            slots["data_offsets"] = [rng.randint(0, 99), rng.choice((0, 50, len(data), 2**40))]
        elif act == 3:
            data = struct.pack("<f", rng.choice((float("nan"), float("inf")))) * (len(data) // 4)
        elif act == 4:
            header[rng.choice(("slots2", "a" * 1000, ""))] = slots
        elif act == 5:
            facts = json.loads(header["__metadata__"]["memory"])
            values = (None, -1, 2**70, "x", [], {}, [[]], 1e308, "\ud800", "a\0b")
            facts[rng.choice([*facts])] = rng.choice(values)
            header["__metadata__"]["memory"] = json.dumps(facts)
        else:
            header = {"slots": slots}
        text = json.dumps(header).encode()
        claimed = len(text) if rng.random() < 0.9 else rng.choice((0, 2**63, len(text) * 2))
        return struct.pack("<Q", claimed) + text + data

    def raw(self) -> Sent:
        rng = self.rng
        lines = (
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{",
            b"POST /v1/models HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
            b"GET /v1/memories/%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            rng.randbytes(rng.randint(1, 400)),
        )
        return Sent("raw", "", "", raw=self.mangled(rng.choice(lines)))

    def good(self) -> Sent:
        rng = self.rng
        message = {"role": "user", "content": self.text()}
        session = {"session_id": f"s{rng.randint(0, 9)}", "messages": [message]}
        chat = {"model": "tiny-qwen3", "user": self.user(), "messages": [message], "max_tokens": 3}
        calls: list[tuple[str, str, Any]] = [
            ("POST", "/v1/chat/completions", chat | {"stream": rng.random() < 0.5}),
            ("POST", "/v1/chat/completions", chat | {"remember": True}),
            ("POST", self.of("/sessions"), {"sessions": [session], "refine_steps": 0}),
            ("POST", self.of("/explain"), {"message": self.text(), "answer": "Mia"}),
            ("POST", self.of("/rollback"), {"version": rng.randint(1, 3)}),
            ("GET", "/v1/memories?order=updated&limit=5", None),
            ("GET", self.of("/diff?old=1"), None),
            ("DELETE", self.of(""), None),
            ("GET", "/metrics", None),
        ]
        method, path, body = rng.choice(calls)
        data = b"" if body is None else json.dumps(body).encode()
        return Sent("good", method, path, {"Content-Type": "application/json"}, data)


ODD = (
    *(b"null", b"[" * 5000, b"1e999", b"-1", b"NaN", b'"\\ud800"', b"\0", b"\xff\xfe", b"{}"),
    *(b"99999999999999999999999", b"true", b'"' + b"x" * 150_000 + b'"', b"\\u0000", b","),
)


class Counts:
    """What came back."""

    def __init__(self) -> None:
        self.by_kind: dict[str, Counter[str]] = {}
        self.failures: list[dict[str, str]] = []

    def add(self, sent: Sent, status: str) -> None:
        self.by_kind.setdefault(sent.kind, Counter())[status] += 1
        if status.startswith("5"):
            self.failures.append({"kind": sent.kind, "status": status, "method": sent.method})
            print(status, sent.kind, sent.method, sent.path[:200], sent.body[:300])

    def by_status(self) -> dict[str, int]:
        whole: Counter[str] = sum(self.by_kind.values(), Counter())
        return dict(sorted(whole.items()))


async def send(session: aiohttp.ClientSession, url: str, port: int, sent: Sent) -> str:
    """Return the status of the answer, or how the connection ended."""
    if sent.raw is not None:
        return await _send_raw(port, sent.raw)
    try:
        async with session.request(
            sent.method, _encoded(url + sent.path), headers=sent.headers, data=sent.body
        ) as answer:
            await answer.read()
            return str(answer.status)
    except (aiohttp.ClientError, ValueError) as error:
        # Refused by the client, or the server would not read on.
        return f"no answer ({type(error).__name__})"
    except TimeoutError:
        return "timeout"


def _encoded(url: str) -> Any:
    from yarl import URL

    return URL(url, encoded=True)


async def _send_raw(port: int, data: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        writer.write_eof()
        line = await asyncio.wait_for(reader.readline(), 5)
        parts = line.split()
        return parts[1].decode("latin-1") if len(parts) > 1 else "closed"
    except TimeoutError:
        return "waits on"
    except OSError:
        return "closed"
    finally:
        writer.close()


async def fuzz(url: str, port: int, pid: int, fuzzer: Fuzzer, count: int, most_s: float) -> Any:
    """Send requests over some connections until all are sent or the time is over."""
    counts, memory, sent = Counts(), [], 0
    begin = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:

        async def work() -> None:
            nonlocal sent
            while sent < count and time.monotonic() - begin < most_s:
                sent += 1
                if sent == WARM or sent % max(1, count // 20) == 0:
                    memory.append({"requests": sent, "rss_mb": round(rss_mb(pid), 1)})
                    print(sent, memory[-1]["rss_mb"], counts.by_status(), flush=True)
                made = fuzzer.make()
                counts.add(made, await send(session, url, port, made))

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
        async with session.get(f"{url}/readyz") as answer:
            ready = answer.status == 200
    memory.append({"requests": sent, "rss_mb": round(rss_mb(pid), 1)})
    return {
        "asked": count,
        "sent": sent,
        "seconds": round(time.monotonic() - begin, 1),
        "stopped_by_time": sent < count,
        "by_status": counts.by_status(),
        "by_kind": {kind: dict(sorted(found.items())) for kind, found in counts.by_kind.items()},
        "server_errors": len(counts.failures),
        "failures": counts.failures[:20],
        "ready_at_the_end": ready,
        "memory": memory,
    }


def memory_file(url: str, key: str) -> bytes:
    """Return a memory file of the server's own."""
    headers = {"Authorization": f"Bearer {key}"}
    message = {"role": "user", "content": " ".join(WORDS)}
    body = {"sessions": [{"session_id": "s", "messages": [message]}], "refine_steps": 0}
    for user in USERS:
        path = f"{url}/v1/memories/{quote(user, safe='')}"
        requests.post(f"{path}/sessions", json=body, headers=headers, timeout=60).raise_for_status()
    return requests.get(f"{url}/v1/memories/user0/file", headers=headers, timeout=60).content


def main() -> None:
    """Fuzz and write the result file."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--requests", type=int, default=100_000)
    options.add_argument("--at-most-s", type=float, default=850.0)
    options.add_argument("--per-operation", type=int, default=60)
    options.add_argument("--out", type=Path, default=OUT)
    chosen = options.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        ready = context.Queue()
        server = context.Process(target=serve, args=(folder, port, ready), daemon=True)
        server.start()
        try:
            key = ready.get(timeout=120)
            _await_ready(url)
            file = memory_file(url, key)
            cases = schemathesis_cases(url, chosen.per_operation)
            print(f"{len(cases)} cases of schemathesis", flush=True)
            fuzzer = Fuzzer(cases, key, file)
            pid = int(server.pid or 0)
            found = asyncio.run(fuzz(url, port, pid, fuzzer, chosen.requests, chosen.at_most_s))
        finally:
            server.terminate()
            server.join(30)
    found |= {"cases": len(cases), "connections": CONNECTIONS, "seed": SEED}
    found["environment"] = environment()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def _await_ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise SystemExit("the server did not become ready")


if __name__ == "__main__":
    main()
