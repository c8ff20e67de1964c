"""Memories over HTTP: what one may do with them, and that nobody reaches another's."""

from __future__ import annotations

import logging
import random
from urllib.parse import quote

import httpx
import pytest
from running_server import ANN, BOB, ask, running, said

from lpm.errors import ConfigError
from lpm.server.app import build_service
from lpm.server.settings import ServerSettings
from lpm.testing import tiny_backbone, tiny_model


def test_a_memory_lives_from_its_first_session_to_its_end(client, teach):
    assert teach("eve", ANN)["version"] == 1
    assert teach("eve", BOB, session="s2")["version"] == 2
    assert teach("eve", BOB, session="s2")["sessions_added"] == 0
    shown = client.get("/v1/memories/eve").json()
    assert shown["summary"]["version"] == 2
    assert {s["session_id"] for slot in shown["slots"] for s in slot["sources"]} == {"s1", "s2"}
    listed = client.get("/v1/memories", params={"prefix": "ev"}).json()
    assert [item["user"] for item in listed["data"]] == ["eve"]
    found = client.post("/v1/memories/eve/explain", json={"message": "Where?", "answer": "Gdansk"})
    assert sum(use["weight"] for use in found.json()["slots"]) == pytest.approx(1, abs=1e-4)
    assert [item["version"] for item in client.get("/v1/memories/eve/versions").json()["data"]] == [
        1,
        2,
    ]
    back = client.post("/v1/memories/eve/rollback", json={"version": 1}).json()
    assert back["version"] == 3
    dry = client.delete("/v1/memories/eve", params={"about": "tea", "dry_run": True}).json()
    assert dry["dry_run"] and dry["scope"] == "about"
    file = client.get("/v1/memories/eve/file").content
    receipt = client.delete("/v1/memories/eve").json()
    assert receipt["scope"] == "user" and receipt["versions_removed"] == 3
    assert client.get("/v1/memories/eve").status_code == 404
    restored = client.put("/v1/memories/eve/file", content=file)
    assert restored.status_code == 201 and restored.json()["version"] == 1
    assert client.put("/v1/memories/eve/file", content=file).status_code == 400
    client.delete("/v1/memories/eve")


def test_files_that_are_no_memory_of_that_user_are_refused(client, teach):
    teach("ida", ANN)
    file = client.get("/v1/memories/ida/file").content
    for content in (b"", b"\0" * 100, file[:-1], file[: len(file) // 2], b"\x80\x04K\x01."):
        assert client.put("/v1/memories/joe/file", content=content).status_code == 400
    assert "another user" in client.put("/v1/memories/joe/file", content=file).text
    assert client.get("/v1/memories/joe").status_code == 404


def test_lists_have_pages(client, teach):
    for name in ("page1", "page2", "page3"):
        teach(name, ANN)
    first = client.get("/v1/memories", params={"prefix": "page", "limit": 2}).json()
    assert [item["user"] for item in first["data"]] == ["page1", "page2"] and first["has_more"]
    rest = client.get("/v1/memories", params={"prefix": "page", "after": "page2"}).json()
    assert [item["user"] for item in rest["data"]] == ["page3"] and not rest["has_more"]


def test_one_tenant_never_reaches_anothers_users(server, teach):
    """Random calls of two tenants with the same user names leave each with its own."""
    rng = random.Random(0)
    expected: dict[tuple[str, str], str] = {}
    keys = {"north": server.north, "south": server.south}
    for number in range(24):
        tenant, user = rng.choice(["north", "south"]), rng.choice(["kim", "lou"])
        with server.client(keys[tenant]) as client:
            if rng.random() < 0.3 and (tenant, user) in expected:
                assert client.delete(f"/v1/memories/{user}").status_code == 200
                del expected[tenant, user]
            else:
                teach(user, f"I own {number} boats in {tenant}.", keys[tenant], f"s{number}")
                memory = server.service.memories(tenant).store.get(user)
                expected[tenant, user] = memory.slots
        for where, key in keys.items():
            with server.client(key) as client:
                for who in ("kim", "lou"):
                    shown = client.get(f"/v1/memories/{who}")
                    assert (shown.status_code == 200) == ((where, who) in expected)
                    if (where, who) in expected:
                        own = server.service.memories(where).store.get(who).slots
                        assert own.equal(expected[where, who])


def test_a_key_of_one_user_speaks_for_that_user_alone(server, teach):
    teach("mia", ANN)
    teach("noa", BOB)
    _, key = server.keys.create("north", user="mia")
    with server.client(key) as client, server.client() as all_of_them:
        assert client.get("/v1/memories/mia").status_code == 200
        other = client.get("/v1/memories/noa")
        unknown = client.get("/v1/memories/nobody")
        assert other.status_code == unknown.status_code == 404
        assert other.text.replace("noa", "") == unknown.text.replace("nobody", "")
        assert [m["user"] for m in client.get("/v1/memories").json()["data"]] == ["mia"]
        assert ask(client, "noa", "Where do I work?").status_code == 404
        own = said(ask(client, None, "Where do I work?"))
        assert own == said(ask(all_of_them, "mia", "Where do I work?"))
        assert client.delete("/v1/memories/noa").status_code == 404


def test_keys_are_needed_scoped_and_revoked_at_once(server):
    with httpx.Client(base_url=server.url) as nobody:
        for path in ("/v1/models", "/v1/memories", "/v1/memories/ann"):
            answer = nobody.get(path)
            assert answer.status_code == 401
            assert answer.json()["error"]["type"] == "authentication_error"
    key, text = server.keys.create("north", ("chat",))
    with server.client(text) as client:
        assert client.get("/v1/models").status_code == 200
        assert client.get("/v1/memories").status_code == 403
        server.keys.revoke(key.key_id)
        assert client.get("/v1/models").status_code == 401
    for wrong in ("x", "lpm_", f"lpm_{key.key_id}_wrong", f"{server.north}x", "lpm__"):
        with server.client(wrong) as client:
            assert client.get("/v1/models").status_code == 401


def test_secrets_are_not_stored_and_the_file_is_private(server):
    stored = server.keys.path.read_text()
    assert server.north.split("_", 2)[2] not in stored and "argon2id" in stored
    assert server.keys.path.stat().st_mode & 0o077 == 0


def test_a_server_without_any_key_does_not_start(tmp_path):
    with pytest.raises(ConfigError, match="lpm keys create"):
        build_service(
            ServerSettings(keys=tmp_path / "none.json"), model=tiny_model(tiny_backbone())
        )


def test_nothing_of_a_message_or_a_user_is_logged(server, client, teach, caplog):
    with caplog.at_level(logging.DEBUG):
        teach("planted-user", "I keep the planted-zeppelin in Porto.")
        ask(client, "planted-user", "Where is the planted-zeppelin?")
        client.get("/v1/memories/planted-user")
        client.delete("/v1/memories/planted-user", params={"about": "planted-nothing"})
    own = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
    assert any("/v1/memories/{user}" in line for line in own)
    assert not [line for line in own if "planted" in line]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/memories/ann/sessions", {"sessions": []}),
        ("POST", "/v1/memories/ann/sessions", {"sessions": [{"session_id": "s", "messages": []}]}),
        (
            "POST",
            "/v1/memories/ann/sessions",
            {
                "sessions": [
                    {"session_id": "s", "messages": [{"role": "assistant", "content": "x"}]}
                ]
            },
        ),
        (
            "POST",
            "/v1/memories/ann/sessions",
            {
                "sessions": [
                    {"session_id": "s", "messages": [{"role": "user", "content": "a\u0000b"}]}
                ]
            },
        ),
        ("POST", "/v1/memories/ann/explain", {"message": " "}),
        ("POST", "/v1/memories/ann/rollback", {"version": 0}),
        ("GET", "/v1/memories?limit=0", None),
        ("DELETE", "/v1/memories/ann?session=a&about=b", None),
    ],
)
def test_bad_requests_change_nothing(client, teach, method, path, body):
    teach("ann", ANN)
    before = client.get("/v1/memories/ann/versions").json()
    answer = client.request(method, path, json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["message"]
    assert client.get("/v1/memories/ann/versions").json() == before


def test_the_description_is_complete(client):
    described = client.get("/openapi.json").json()
    assert {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/models",
        "/v1/memories",
        "/v1/memories/{user}",
        "/v1/memories/{user}/sessions",
        "/healthz",
        "/readyz",
        "/metrics",
    } <= set(described["paths"])


def test_memories_outlive_the_server(tmp_path):
    with running(tmp_path) as server, server.client() as client:
        body = {"sessions": [{"session_id": "s1", "messages": [{"role": "user", "content": ANN}]}]}
        client.post("/v1/memories/ann/sessions", json=body | {"refine_steps": 0})
        before = said(ask(client, "ann", "Where does she live?"))
    with running(tmp_path) as server, server.client() as client:
        assert said(ask(client, "ann", "Where does she live?")) == before


ODD = ("a/b", "a/versions", "ann%2Fversions", "100%", "../x", "ä/ö ü", "?#&", "a//b", "%25", "%2F")


@pytest.mark.parametrize("user", ODD)
def test_every_character_of_a_name_may_stand_in_a_path(server, client, teach, user):
    path = f"/v1/memories/{quote(user, safe='')}"
    body = {"sessions": [{"session_id": "s1", "messages": [{"role": "user", "content": ANN}]}]}
    made = client.post(f"{path}/sessions", json=body | {"refine_steps": 0})
    assert made.status_code == 201 and made.json()["user"] == user
    assert client.get(path).json()["summary"]["user"] == user
    assert client.get(f"{path}/versions").json()["data"][0]["version"] == 1
    assert ask(client, user, "Where?").json()["usage"]["soft_tokens"] > 0
    _, key = server.keys.create("north", user=user)
    with server.client(key) as own:
        assert own.get(path).status_code == 200
        # What a name could be mistaken for is another user's.
        assert (
            own.get(f"/v1/memories/{quote(user.split('/')[0] + 'x', safe='')}").status_code == 404
        )
    assert client.delete(path).json()["user"] == user


def test_lists_are_filtered_by_time_and_ordered(client, teach):
    for name in ("when1", "when3", "when2"):
        teach(name, ANN)
    mine = {"prefix": "when"}
    latest = client.get("/v1/memories", params=mine | {"order": "updated", "limit": 2}).json()
    assert [item["user"] for item in latest["data"]] == ["when2", "when3"] and latest["has_more"]
    rest = client.get(
        "/v1/memories", params=mine | {"order": "updated", "after": latest["next"]}
    ).json()
    assert [item["user"] for item in rest["data"]] == ["when1"]
    assert not rest["has_more"] and rest["next"] is None
    since = latest["data"][1]["updated_at"]
    found = client.get("/v1/memories", params=mine | {"updated_since": since}).json()
    assert [item["user"] for item in found["data"]] == ["when2", "when3"]
    assert client.get("/v1/memories", params={"order": "updated", "after": "x"}).status_code == 400


def test_what_changed_between_two_versions(client, teach):
    teach("dan", ANN)
    teach("dan", BOB, session="s2")
    told = client.get("/v1/memories/dan/diff", params={"old": 1, "new": 2}).json()
    assert (told["old_version"], told["new_version"]) == (1, 2)
    assert told["sessions_added"] == ["s2"] and told["came"]
    assert client.get("/v1/memories/dan/diff", params={"old": 1}).json() == told
    assert client.get("/v1/memories/dan/diff", params={"old": 9}).status_code == 404


def test_what_one_may_not_see_answers_like_what_is_absent(server, teach):
    """Word for word but for the name, whatever is asked and whoever asks."""
    teach("seen", ANN)
    teach("hidden", BOB)
    _, bound = server.keys.create("north", user="seen")
    session = {"session_id": "s", "messages": [{"role": "user", "content": BOB}]}
    calls = [
        ("GET", "", {}),
        ("DELETE", "", {}),
        ("DELETE", "?about=boat", {}),
        ("GET", "/versions", {}),
        ("GET", "/file", {}),
        ("GET", "/sessions", {}),
        ("GET", "/diff?old=1", {}),
        ("POST", "/explain", {"json": {"message": "Where?"}}),
        ("POST", "/rollback", {"json": {"version": 1}}),
    ]
    writes = [
        ("POST", "/sessions", {"json": {"sessions": [session]}}),
        ("POST", "/jobs", {"json": {"sessions": [session]}}),
        ("PUT", "/file", {"content": b"x"}),
    ]
    for key, asked in ((server.south, calls), (bound, calls + writes)):
        with server.client(key) as client:
            for method, rest, more in asked:
                other, absent = (
                    client.request(method, f"/v1/memories/{user}{rest}", **more)
                    for user in ("hidden", "absent")
                )
                assert other.status_code == absent.status_code == 404, (method, rest)
                assert other.text.replace("hidden", "absent") == absent.text
                assert {*other.headers} == {*absent.headers}
