"""Rewrite the marked table of docs/server.md from results/server.

python scripts/update_server.py            # rewrite
python scripts/update_server.py --check    # exit 1 when the table is not current
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from result_tables import DOCS, Row, filled, read, table

PAGE = DOCS / "server.md"
SPELT = {
    "lpm serve": "`lpm serve`",
    "forked": "a server with its imports done",
    "postgresql": "PostgreSQL and the connections",
}


def load(found: dict[str, Any]) -> str:
    """Return how busy the machine was."""
    before, after = found["load_average_before"], found["load_average_after"]
    return f"{before:.1f} before, {after:.1f} after, on {found['cores']} cores"


def overhead(name: str, alone: str) -> list[Row]:
    """Return what the server costs over an engine. alone: how the engine is called in the table."""
    found, file = read(f"server/overhead-{name}.json")
    if found is None:
        return []
    users = found["concurrent_users"]
    names = {
        "whole": f"{users} users, whole answers",
        "streamed": f"{users} users, streamed",
        "one_at_a_time": "one user, streamed",
    }
    rows = []
    for key, spelt in names.items():
        one = found[key]
        rate = f"{one['bare_tokens_per_s']:,.0f} → {one['gateway_tokens_per_s']:,.0f}"
        rows += [
            (f"{spelt}: tokens/s, {alone} alone → behind the server", rate, file),
            (f"{spelt}: tokens/s lost", f"{one['overhead']:.1%}", file),
        ]
        if "added_first_token_p50_ms" in one:
            bare, behind = one["bare_first_token_p50_ms"], one["gateway_first_token_p50_ms"]
            what = f"{spelt}: time to the first token, p50, {alone} alone → behind the server"
            rows.append((what, f"{bare:.1f} → {behind:.1f} ms", file))
        cpu_ms = one["gateway_cpu_ms_per_request"]
        rows.append((f"{spelt}: the server's processor time a request", f"{cpu_ms:.1f} ms", file))
    return [*rows, ("load average of the machine", load(found), file)]


def mixed(engine: str, spelt: str) -> list[Row]:
    """Return what many users' requests found on one engine."""
    found, file = read(f"server/mixed-{engine}.json")
    if found is None:
        return []
    count = f"{found['requests']:,} requests of {found['users']} users, {spelt}"
    distinct = f"{found['distinct_expected_answers']:,} of {found['distinct_requests']:,}"
    others = str(found["answers_expected_for_another_user"])
    return [
        (f"{count}: errors", str(found["errors"]), file),
        ("answers other than expected", str(found["answers_not_as_expected"]), file),
        ("of these, what another user was to get", others, file),
        ("distinct answers among distinct requests", distinct, file),
        ("rate", f"{found['requests_per_s']:.0f} requests/s", file),
        ("load average of the machine", load(found), file),
    ]


def crashes() -> list[Row]:
    """Return what kills of the server and of PostgreSQL left behind."""
    found, file = read("server/crashes.json")
    if found is None:
        return []
    wanted = f"{found['moments']} of {found['moments_wanted']}"
    rows = [("kill -9 under load: moments, of those wanted", wanted, file)]
    for key, spelt in {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.items():
        one = found[key]
        killed = one["killed"]
        servers, databases = killed["lpm serve"] + killed["forked"], killed["postgresql"]
        taught = f"{one['acknowledged_sessions']} + {one['acknowledged_jobs']}"
        asked = f"{one['answers'].get('ask: 200', 0)}, {one['answers'].get('ask: 404', 0)}"
        bad = one["memory_files_bad"] + one["versions_not_readable"]
        rows += [
            (
                f"{spelt}: server and worker killed, database killed",
                f"{servers}, {databases}",
                file,
            ),
            (f"{spelt}: sessions + jobs acknowledged", taught, file),
            (f"{spelt}: questions answered meanwhile, refused", asked, file),
            (
                f"{spelt}: acknowledged and lost, jobs not done in time",
                f"{one['lost']}, {one['jobs_not_done']}",
                file,
            ),
            (f"{spelt}: memories damaged, of versions", f"{bad} of {one['versions_read']}", file),
        ]
        rows += [
            (f"{spelt}: ready after, {SPELT[kind]}, p50, most", f"{s['p50']} s, {s['max']} s", file)
            for kind, s in one["ready_s"].items()
        ]
        rows += [
            (f"{spelt}: processor time of it, {SPELT[kind]}, p50", f"{s['p50']} s", file)
            for kind, s in one.get("ready_cpu_s", {}).items()
        ]
        if "restart_ready_s_minus_model_load_s" in one:
            beyond = one["restart_ready_s_minus_model_load_s"]
            what = f"{spelt}: ready after, `lpm serve`, less loading the model, p50, most"
            rows.append((what, f"{beyond['p50']} s, {beyond['max']} s", file))
    if "model_load_s" in found:
        alone = found["model_load_s"]
        what = "a process that imports PyTorch and loads the model, no more, p50, most"
        rows.append((what, f"{alone['p50']} s, {alone['max']} s", file))
    return [*rows, ("load average of the machine", load(found), file)]


def fuzzed() -> list[Row]:
    """Return what bench/fuzz.py found, and how far it came."""
    found, file = read("server/fuzz.json")
    if found is None:
        return []
    first, last = found["memory"][0], found["memory"][-1]
    unanswered = found["by_status"].get("timeout", 0)
    return [
        ("fuzzed requests, of those asked for", f"{found['sent']:,} of {found['asked']:,}", file),
        ("answers of 5xx", f"{found['server_errors']}", file),
        ("requests without an answer in time", f"{unanswered}", file),
        (
            f"memory of the server after {first['requests']:,} and {last['requests']:,} requests",
            f"{first['rss_mb']:.0f} → {last['rss_mb']:.0f} MB",
            file,
        ),
    ]


def main() -> int:
    """Rewrite or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="fail when the page is not current")
    check = parser.parse_args().check
    rows = [*overhead("vllm", "vLLM"), *overhead("local", "the in-process engine")]
    rows += overhead("local-embedded", "the in-process engine with the embedded backbone")
    rows += [*mixed("local", "in-process engine"), *mixed("vllm", "vLLM")]
    rows += [*crashes(), *fuzzed()]
    text = PAGE.read_text(encoding="utf-8")
    wanted = filled(text, "server", table(rows))
    if wanted == text:
        return 0
    if check:
        print("docs/server.md is not current: run `make docs` and commit it.", file=sys.stderr)
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
