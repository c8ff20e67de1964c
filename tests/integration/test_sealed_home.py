"""Every command opens a home as the server does: with its object store and its master keys."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lpm.cli.app import run
from lpm.store.encryption import MasterKeys
from lpm.testing import save_tiny_backbone

SAID = "I keep the planted-marker-zeppelin in the cellar of the old mill."


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture
def lpm(backbone: Path, tmp_path: Path, capsys, monkeypatch):
    """Return a call of a command on a home whose memories are sealed objects."""
    (tmp_path / "h.jsonl").write_text(json.dumps({"session": "s", "role": "user", "content": SAID}))
    (tmp_path / "master.keys").write_text(MasterKeys.generate().text())
    (tmp_path / "objects").mkdir()
    monkeypatch.setenv("LPM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LPM_BACKBONE", str(backbone))
    monkeypatch.setenv("LPM_BLOBS", f"file://{tmp_path / 'objects'}")
    monkeypatch.setenv("LPM_MASTER_KEYS", str(tmp_path / "master.keys"))

    def call(*arguments: object, status: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert int(ended.value.code or 0) == status, captured.err
        return captured.out if status == 0 else captured.err

    call("remember", "ann", tmp_path / "h.jsonl", "--refine-steps", 0)
    return call


def test_what_is_written_is_sealed_and_every_command_reads_it(lpm, tmp_path: Path):
    (object_,) = (path for path in (tmp_path / "objects").rglob("*") if path.is_file())
    for path in (object_, *(tmp_path / "home").iterdir()):
        assert b"planted-marker" not in path.read_bytes()
    assert json.loads(lpm("show", "ann", "--json"))["summary"]["user"] == "ann"
    assert [one["user"] for one in json.loads(lpm("users", "--json"))] == ["ann"]
    assert json.loads(lpm("history", "ann", "--json"))[0]["session_ids"] == ["s"]
    lpm("ask", "ann", "Where?", "--max-new-tokens", 2)
    lpm("export", "ann", tmp_path / "file")
    assert "is forgotten" in lpm("forget", "ann", "--yes")
    assert not object_.exists()


@pytest.mark.parametrize("missing", ["LPM_BLOBS", "LPM_MASTER_KEYS"])
@pytest.mark.parametrize(
    "command", [("show", "ann"), ("ask", "ann", "Where?"), ("diff", "ann", "1")]
)
def test_without_either_one_sentence_says_which_is_missing(lpm, monkeypatch, missing, command):
    monkeypatch.delenv(missing)
    said = lpm(*command, status=1)
    assert missing in said and said.count("\n") == 1


def test_keys_that_cannot_be_read_are_named(lpm, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("LPM_MASTER_KEYS", str(tmp_path / "nowhere"))
    said = lpm("users", status=2)
    assert "nowhere" in said and said.count("\n") == 1


def test_a_folder_of_secrets_tells_every_command_what_it_tells_the_server(
    lpm, monkeypatch, tmp_path: Path
):
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("LPM_HOME", "LPM_BLOBS", "LPM_MASTER_KEYS"):
        (secrets / name.lower()).write_text(f"{os.environ[name]}\n")
        monkeypatch.delenv(name)
    monkeypatch.setenv("LPM_SECRETS_DIR", str(secrets))
    assert [one["user"] for one in json.loads(lpm("users", "--json"))] == ["ann"]
    monkeypatch.setenv("LPM_SECRETS_DIR", str(tmp_path / "absent"))
    assert "LPM_SECRETS_DIR" in lpm("users", status=2)


def test_a_tenants_users_are_its_own_in_every_command(lpm, monkeypatch, tmp_path: Path):
    lpm("remember", "ben", tmp_path / "h.jsonl", "--refine-steps", 0, "--tenant", "acme",
        "--keep-days", 0)  # fmt: skip
    assert [one["user"] for one in json.loads(lpm("users", "--json"))] == ["ann"]
    lpm("show", "ben", status=2)
    lpm("forget", "ben", "--yes", status=2)
    assert "0 sessions" in lpm("expire")
    monkeypatch.setenv("LPM_TENANT", "acme")
    assert [one["user"] for one in json.loads(lpm("users", "--json"))] == ["ben"]
    assert "1 sessions" in lpm("expire")
    lpm("show", "ben", status=2)
