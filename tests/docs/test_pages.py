"""The pages of docs/: all in the navigation, nothing loaded from elsewhere, ADRs in one shape."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DECISIONS = sorted((DOCS / "adr").glob("[0-9]*.md"))


def navigation() -> list[str]:
    _, nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")
    return re.findall(r"([\w/.-]+\.md)$", nav, re.M)


def test_navigation_holds_every_page_once_and_no_other() -> None:
    pages = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
    assert sorted(navigation()) == pages


def test_site_asks_for_no_outside_fonts() -> None:
    assert re.search(r"^  font: false\b", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_decision_is_numbered_listed_and_says_what_it_costs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem[:4]}: ")
    for part in ("**Status:**", "**Context.**", "**Decision.**", "**Why.**", "**Costs.**"):
        assert part in text
    assert f"({path.name})" in (DOCS / "adr" / "index.md").read_text(encoding="utf-8")


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.stem[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("name", ["index.md", "quickstart.md", "concepts.md"])
def test_python_examples_are_python(name: str) -> None:
    for block in re.findall(r"```python\n(.*?)```", (DOCS / name).read_text("utf-8"), re.DOTALL):
        compile(block, name, "exec")
