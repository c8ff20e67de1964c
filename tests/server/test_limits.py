"""Limits of keys and tenants, keys that are rotated, tokens that speak for one user."""

from __future__ import annotations

import json
import time

import jwt
import openai
import pytest
from running_server import ANN, BOB, ask, running

from lpm.cli.app import app
from lpm.errors import ConfigError, InputError
from lpm.server.keys import KeyRefusedError, KeyStore
from lpm.server.quotas import Budget, QuotaError, Quotas
from lpm.server.tokens import MAX_TTL_S


def made(server, **options) -> str:
    return server.keys.create("north", **options)[1]


class TestLimits:
    def test_requests_over_the_limit_are_refused_in_openais_way(self, server):
        key = made(server, budget=Budget(requests_per_minute=3))
        with server.client(key) as client:
            left = [client.get("/v1/models").headers for _ in range(3)]
            refused = client.get("/v1/models")
        assert [h["x-ratelimit-remaining-requests"] for h in left] == ["2", "1", "0"]
        assert left[0]["x-ratelimit-limit-requests"] == "3"
        assert left[0]["x-ratelimit-reset-requests"].endswith("s")
        assert refused.status_code == 429
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
        sdk = openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)
        with pytest.raises(openai.RateLimitError, match="3 requests a minute"):
            sdk.models.list()

    def test_one_keys_limit_is_not_anothers(self, server, client):
        key = made(server, budget=Budget(requests_per_minute=1))
        with server.client(key) as other:
            assert [other.get("/v1/models").status_code for _ in range(2)] == [200, 429]
        assert client.get("/v1/models").status_code == 200
        assert "x-ratelimit-limit-requests" not in client.get("/v1/models").headers

    def test_tokens_are_counted_and_end(self, server):
        key = made(server, budget=Budget(tokens_per_day=120))
        with server.client(key) as client:
            first = ask(client, None, "Hello there")
            used = first.json()["usage"]["total_tokens"]
            assert first.headers["x-ratelimit-remaining-tokens"] == "120"
            deadline = time.monotonic() + 20
            while client.get("/v1/models").headers["x-ratelimit-remaining-tokens"] != str(
                120 - used
            ):
                assert time.monotonic() < deadline
            assert ask(client, None, "word " * 30).status_code == 429
            stream = ask(client, None, "word " * 30, stream=True)
            assert stream.status_code == 429 and stream.json()["error"]["message"]
            assert client.get("/v1/models").status_code == 200

    def test_a_tenants_limit_holds_for_all_its_keys(self, tmp_path):
        with running(tmp_path, tenant_requests_per_minute=2) as server:
            keys = [made(server), made(server)]
            answers = []
            for key in [*keys, server.north]:
                with server.client(key) as client:
                    answers.append(client.get("/v1/models").status_code)
            assert answers == [200, 200, 429]
            with server.client(server.south) as client:
                assert client.get("/v1/models").status_code == 200

    def test_an_answer_is_counted_as_far_as_the_budget_reaches(self):
        quotas = Quotas()
        payer = ((("key", "k"), Budget(tokens_per_day=10)),)
        quotas.spend(payer, 8)
        with pytest.raises(QuotaError, match="10 tokens a day"):
            quotas.spend(payer, 8)
        quotas.spend(payer, 8, at_most_left=True)
        assert quotas.headers(payer)["x-ratelimit-remaining-tokens"] == "0"
        with pytest.raises(QuotaError) as caught:
            quotas.admit(payer)
        assert caught.value.retry_after_s >= 1

    def test_what_one_limit_refuses_is_counted_by_no_other(self):
        quotas = Quotas()
        key = (("key", "k"), Budget(requests_per_minute=5, tokens_per_day=100))
        tenant = (("tenant", "t"), Budget(requests_per_minute=1, tokens_per_day=10))
        quotas.admit((key, tenant))
        before = quotas.headers((key,))
        with pytest.raises(QuotaError, match="This tenant may use 10 tokens"):
            quotas.spend((key, tenant), 20)
        with pytest.raises(QuotaError, match="This tenant may use 1 requests"):
            quotas.admit((key, tenant))
        assert quotas.headers((key,)) == before

    def test_a_storage_that_is_none_is_named(self):
        with pytest.raises(ConfigError, match="LPM_QUOTA_STORAGE"):
            Quotas("nothing://secret@host")


class TestRotation:
    def test_the_old_secret_stays_good_for_the_grace_period(self, tmp_path):
        keys = KeyStore(tmp_path / "keys.json")
        key, old = keys.create("north")
        _, new = keys.rotate(key.key_id, grace_s=60)
        assert keys.check(old).key_id == keys.check(new).key_id == key.key_id
        keys.rotate(key.key_id, grace_s=0)
        for text in (old, new):
            with pytest.raises(KeyRefusedError):
                keys.check(text)

    def test_a_secret_that_came_before_needs_no_argon2_until_it_is_revoked(self, tmp_path):
        keys = KeyStore(tmp_path / "keys.json")
        key, text = keys.create("north")
        assert not keys.knows(text) and not keys.knows("lpm_0_0")
        keys.check(text)
        assert keys.knows(text) and not keys.knows(text + "x")
        KeyStore(keys.path).rotate(key.key_id, 3600)
        assert keys.knows(text)
        # Another process's change is seen at once.
        KeyStore(keys.path).revoke(key.key_id)
        assert not keys.knows(text)
        with pytest.raises(KeyRefusedError):
            keys.check(text)

    def test_a_revoked_key_stays_so(self, tmp_path):
        keys = KeyStore(tmp_path / "keys.json")
        key, old = keys.create("north")
        _, new = keys.rotate(key.key_id, grace_s=60)
        keys.revoke(key.key_id)
        for text in (old, new):
            with pytest.raises(KeyRefusedError):
                keys.check(text)
        with pytest.raises(InputError, match="revoked"):
            keys.rotate(key.key_id, grace_s=60)


def signed(key, secret: str, headers: dict | None = None, algorithm: str = "HS256", **claims):
    now = int(time.time())
    said = {"sub": "ann", "aud": "lpm", "iat": now, "exp": now + 60, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    given = {"kid": key.key_id} if headers is None else headers
    return jwt.encode(said, secret, algorithm, headers=given)


class TestTokens:
    def test_a_token_reaches_its_user_alone(self, server, teach):
        teach("ann", ANN)
        teach("bob", BOB)
        key, secret = server.keys.create("north", signing=True)
        with server.client(signed(key, secret)) as client:
            assert client.get("/v1/memories/ann").status_code == 200
            other, absent = client.get("/v1/memories/bob"), client.get("/v1/memories/nobody")
            assert other.status_code == absent.status_code == 404
            assert other.text.replace("bob", "") == absent.text.replace("nobody", "")
            assert ask(client, "bob", "Where?").status_code == 404
            assert ask(client, None, "Where?").json()["usage"]["soft_tokens"] > 0
            assert [m["user"] for m in client.get("/v1/memories").json()["data"]] == ["ann"]
        with server.client(server.keys.sign("ann", 60, key_id=key.key_id)) as client:
            assert client.get("/v1/memories/ann").status_code == 200
            server.keys.revoke(key.key_id)
            assert client.get("/v1/memories/ann").status_code == 401

    def test_everything_else_is_refused(self, server):
        key, secret = server.keys.create("north", signing=True)
        plain, text = server.keys.create("north")
        now = int(time.time())
        wrong = {
            "expired": signed(key, secret, exp=now - 60, iat=now - 120),
            "of the future": signed(key, secret, iat=now + 600, exp=now + 660),
            "too long": signed(key, secret, exp=now + MAX_TTL_S + 60),
            "never ends": signed(key, secret, exp=None),
            "no begin": signed(key, secret, iat=None),
            "no user": signed(key, secret, sub=None),
            "an odd user": signed(key, secret, sub=" "),
            "for another": signed(key, secret, aud="elsewhere"),
            "for nobody": signed(key, secret, aud=None),
            "another secret": signed(key, secret[::-1]),
            "another algorithm": signed(key, secret * 2, algorithm="HS512"),
            "no algorithm": jwt.encode(
                {"sub": "ann", "aud": "lpm", "iat": now, "exp": now + 60},
                None,
                "none",
                headers={"kid": key.key_id},
            ),
            "no key": signed(key, secret, headers={}),
            "an unknown key": signed(key, secret, headers={"kid": "0" * 16}),
            "a plain key": signed(plain, text),
            "a plain key's hash": signed(plain, plain.hashed),
            "no token": "a.b.c",
            "the secret": secret,
            "the secret as a key": f"lpm_{key.key_id}_{secret}",
        }
        found = {}
        for name, token in wrong.items():
            with server.client(token) as client:
                found[name] = client.get("/v1/memories/ann").status_code
        assert found == dict.fromkeys(wrong, 401)

    def test_a_rotated_secrets_tokens_are_good_for_the_grace_period(self, tmp_path):
        keys = KeyStore(tmp_path / "keys.json")
        key, old = keys.create("north", signing=True)
        _, new = keys.rotate(key.key_id, grace_s=60)
        for secret in (old, new):
            assert keys.check(signed(key, secret)).user == "ann"
        keys.rotate(key.key_id, grace_s=0)
        with pytest.raises(KeyRefusedError):
            keys.check(signed(key, new))

    def test_tokens_share_the_limit_of_their_key(self, server):
        key, secret = server.keys.create(
            "north", signing=True, budget=Budget(requests_per_minute=2)
        )
        answers = []
        for user in ("ann", "bob", "cleo"):
            with server.client(signed(key, secret, sub=user)) as client:
                answers.append(client.get("/v1/models").status_code)
        assert answers == [200, 200, 429]

    def test_a_signing_key_is_for_no_single_user_and_not_for_all(self, tmp_path):
        keys = KeyStore(tmp_path / "keys.json")
        for options in ({"user": "ann"}, {"scopes": ("admin",)}):
            with pytest.raises(InputError, match="signing key"):
                keys.create("north", signing=True, **options)


def test_the_command_line_makes_rotates_and_signs(tmp_path):
    from typer.testing import CliRunner

    def lpm(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["keys", *arguments, "--keys", str(tmp_path / "keys.json")])
        assert done.exit_code == 0, done.output
        return done.output

    limits = ["--requests-per-minute", "5", "--tokens-per-day", "1000"]
    key = json.loads(lpm("create", "--tenant", "acme", *limits, "--json"))
    assert "5/min" in lpm("list").replace("\n", "")
    new = json.loads(lpm("rotate", key["key_id"], "--grace", "0", "--json"))
    keys = KeyStore(tmp_path / "keys.json")
    assert keys.check(new["key"]).budget == Budget(5, 1000)
    with pytest.raises(KeyRefusedError):
        keys.check(key["key"])
    lpm("create", "--tenant", "acme", "--signing")
    token = lpm("token", "--user", "ana", "--ttl", "60", "--tenant", "acme").strip()
    found = keys.check(token)
    assert (found.tenant, found.user) == ("acme", "ana")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 60
