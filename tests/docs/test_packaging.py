"""Packaging: pinned versions fit the ranges, files of the package travel, facts agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lpm

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def wanted() -> list[Requirement]:
    extras = [text for group in PROJECT["optional-dependencies"].values() for text in group]
    requirements = [Requirement(text) for text in [*PROJECT["dependencies"], *extras]]
    # pip itself is the installer; pinning it would replace it while it runs.
    return [item for item in requirements if item.name not in {"pip", PROJECT["name"]}]


def test_constraints_hold_exact_versions_without_addresses_or_local_labels() -> None:
    assert [line for line in LINES if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    names = [canonicalize_name(line.split("==")[0]) for line in LINES]
    assert len(set(names)) == len(names)
    assert not {"pip", "setuptools", PROJECT["name"]} & set(names)


@pytest.mark.parametrize("requirement", wanted(), ids=lambda item: item.name)
def test_every_dependency_is_pinned_within_its_range(requirement: Requirement) -> None:
    pins = dict(line.split("==") for line in LINES)
    pins = {canonicalize_name(name): version for name, version in pins.items()}
    assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)])
    assert any(part.operator == "<" for part in requirement.specifier), "no upper bound"


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "src" / "lpm" / "py.typed").is_file()


def test_version_agrees_in_citation_and_changelog() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {lpm.__version__}\n" in citation
    assert f"## [{lpm.__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_licence_is_whole_and_named() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "TERMS AND CONDITIONS FOR USE" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert "SmolLM2-135M-Instruct" in (ROOT / "NOTICE").read_text(encoding="utf-8")
