"""Forgetting, versions and explanations from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from told_histories import HISTORY

from lpm.cli.app import run
from lpm.testing import save_tiny_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"))


class TestCommands:
    @pytest.fixture
    def lpm(self, backbone: Path, tmp_path: Path, capsys):
        lines = [
            {"session": s.session_id, "time": str(s.time), "role": t.role, "content": t.content}
            for s in HISTORY.sessions
            for t in s.turns
        ]
        (tmp_path / "h.jsonl").write_text("\n".join(map(json.dumps, lines)))

        def call(*arguments: object, status: int = 0, model: bool = True) -> str:
            options = ["--home", tmp_path / "home"]
            options += ["--backbone", backbone] if model else []
            with pytest.raises(SystemExit) as ended:
                run([str(argument) for argument in (*arguments, *options)])
            assert int(ended.value.code or 0) == status
            captured = capsys.readouterr()
            return captured.out if status == 0 else captured.err

        call("remember", "ann", tmp_path / "h.jsonl", "--refine-steps", 0)
        return call

    def test_forget_asks_shows_and_writes_a_receipt(self, lpm, tmp_path: Path):
        assert "cannot be undone" in lpm("forget", "ann", "--about", "zeppelin", status=2)
        said = lpm("forget", "ann", "--about", "zeppelin", "--dry-run")
        assert "would be forgotten" in said
        file = tmp_path / "receipt.json"
        lpm("forget", "ann", "--about", "zeppelin", "--yes", "--receipt", file)
        receipt = json.loads(file.read_text())
        assert receipt["sessions_removed"] == ["s3"] and not receipt["dry_run"]
        assert "does not exist" in lpm(
            "forget",
            "ann",
            "--session",
            "s1",
            "--yes",
            "--receipt",
            tmp_path / "no" / "r",
            status=2,
        )
        assert "is a folder" in lpm("forget", "ann", "--yes", "--receipt", tmp_path, status=2)
        assert "not both" in lpm("forget", "ann", "--session", "s1", "--about", "tea", status=2)
        done = json.loads(lpm("forget", "ann", "--yes", "--json"))
        assert done["scope"] == "user" and done["versions_removed"] == 1

    def test_versions(self, lpm, tmp_path: Path):
        later = {"session": "s8", "role": "user", "content": "I adopted a greyhound called Pixel."}
        (tmp_path / "later.jsonl").write_text(json.dumps(later))
        said = lpm("remember", "ann", tmp_path / "later.jsonl", "--dry-run", "--refine-steps", 0)
        assert "would be version 2" in said and "1 new, 0 gone" in said
        lpm("remember", "ann", tmp_path / "later.jsonl", "--refine-steps", 0, "--keep-days", 0)
        log = json.loads(lpm("history", "ann", "--json", model=False))
        assert [item["session_ids"] for item in log] == [["s1", "s2", "s3"], ["s8"]]
        assert "1 slots came, 0 went" in lpm("diff", "ann", 1, model=False)
        assert "1 sessions past their time were forgotten" in lpm("expire")
        assert "not stored" in lpm("rollback", "ann", 7, status=2, model=False)
        lpm("rollback", "ann", 3, model=False)
        assert "s8" not in lpm("show", "ann", "--tell")

    def test_explain_with_an_answer(self, lpm):
        found = json.loads(
            lpm("explain", "ann", "Where do I work?", "--answer", "Gdansk", "--json")
        )
        assert all(isinstance(use["effect"], float) for use in found["slots"])
