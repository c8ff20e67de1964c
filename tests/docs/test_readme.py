"""The README keeps its word: commands, example, file map and generated blocks."""

from __future__ import annotations

import ast
import importlib
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from lpm.benchmarks.results import Result
from lpm.errors import BackboneError

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("update_readme")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a folder with this README and no results."""
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    return tmp_path


def test_two_commands_are_shown_alone_in_a_block_and_exist() -> None:
    assert "make demo\nmake test\n" in fenced("sh")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert {"demo", "test"} <= set(targets)


def test_continuous_integration_runs_the_command_that_the_readme_shows() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.splitlines()[-1] == "make test"
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_example_is_at_most_ten_lines() -> None:
    (example,) = fenced("python")
    ast.parse(example)
    assert len(example.splitlines()) <= 10


@pytest.mark.e2e
@pytest.mark.slow
def test_example_runs_and_names_the_turn_it_learnt_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lpm.embedded import embedded_backbone_path

    try:
        embedded_backbone_path(progress=False)
    except BackboneError as error:
        pytest.skip(f"the embedded backbone is neither cached nor fetchable: {error}")
    monkeypatch.chdir(tmp_path)
    (example,) = fenced("python")
    exec(compile(example, "README.md", "exec"), {})
    answer, sources = capsys.readouterr().out.splitlines()[-2:]
    assert answer
    assert "turn=0" in sources


def test_generated_blocks_are_current(script: ModuleType) -> None:
    assert script.main(["--check"]) == 0


def test_blocks_hold_what_the_result_files_say(copied: Path, script: ModuleType) -> None:
    demo, scores = copied / "results" / "demo", copied / "results" / "locomo"
    demo.mkdir(parents=True)
    (demo / "demo.json").write_text(json.dumps({"transcript": "ana: her \\1 cat\n\n"}))
    measured = Result.load(next((ROOT / "results" / "locomo").glob("*-lora-*-report.json")))
    replace(measured, overall=0.625, stderr=0.01, n=420, seed=0).save(scores / "lora.json")
    assert script.main(["--check"], root=copied) == 1
    assert script.main([], root=copied) == 0
    assert script.main(["--check"], root=copied) == 0
    text = (copied / "README.md").read_text(encoding="utf-8")
    assert "<!-- demo:begin -->\n```text\nana: her \\1 cat\n```\n<!-- demo:end -->" in text
    assert "[0.625 ± 0.010](results/locomo/lora.json) (n=420)" in text


def test_the_readme_says_so_where_nothing_was_measured(copied: Path, script: ModuleType) -> None:
    assert script.main([], root=copied) == 0
    text = (copied / "README.md").read_text(encoding="utf-8")
    assert "_Nothing has been measured for this version yet._" in text


def test_check_changes_nothing(copied: Path, script: ModuleType) -> None:
    (copied / "README.md").write_text(README.replace("_No", "_Now", 1) + " ", encoding="utf-8")
    before = (copied / "README.md").read_bytes()
    script.main(["--check"], root=copied)
    assert (copied / "README.md").read_bytes() == before


def test_a_lost_mark_is_an_error(copied: Path, script: ModuleType) -> None:
    lost = README.replace("<!-- demo:end -->", "")
    (copied / "README.md").write_text(lost, encoding="utf-8")
    with pytest.raises(SystemExit, match="demo:end"):
        script.main([], root=copied)


def file_map() -> dict[str, str]:
    (block,) = [text for text in fenced("text") if text.startswith("src/lpm/")]
    entries = {}
    for line in block.splitlines():
        indent, name, purpose = re.fullmatch(r"( *)(\S+) +(.+)", line).groups()  # type: ignore[union-attr]
        entries[f"src/lpm/{name}" if indent else name] = purpose
    return entries


def is_filled(path: Path) -> bool:
    if path.is_file():
        return path.suffix == ".py"
    return any(item.is_file() and item.suffix != ".pyc" for item in path.rglob("*"))


def test_file_map_names_every_module_of_the_package_and_no_other() -> None:
    on_disk = {
        f"src/lpm/{path.name}{'/' if path.is_dir() else ''}"
        for path in (ROOT / "src" / "lpm").iterdir()
        if path.name != "__pycache__" and is_filled(path)
    }
    mapped = {name for name in file_map() if name.startswith("src/lpm/") and name != "src/lpm/"}
    assert mapped == on_disk


def test_file_map_names_only_what_exists() -> None:
    assert [name for name in file_map() if not (ROOT / name).exists()] == []


def test_purposes_in_the_file_map_have_at_most_six_words() -> None:
    assert {name: text for name, text in file_map().items() if len(text.split()) > 6} == {}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_to_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []
