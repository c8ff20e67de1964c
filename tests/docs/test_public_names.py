"""`import lpm`: the exact public names, and no PyTorch until one of them needs it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import lpm
import lpm.errors

ERRORS = {
    name
    for name, value in vars(lpm.errors).items()
    if isinstance(value, type) and issubclass(value, lpm.errors.LPMError)
}
OTHERS = {
    "Backbone",
    "History",
    "LPMConfig",
    "LPMModel",
    "LatentPersonalMemory",
    "Memory",
    "Message",
    "QuestionAnswer",
    "Session",
    "Turn",
    "__version__",
    "load_history",
}


def test_all_is_exact_and_sorted() -> None:
    assert lpm.__all__ == sorted(ERRORS | OTHERS)


@pytest.mark.parametrize("name", lpm.__all__)
def test_every_public_name_is_there_and_listed(name: str) -> None:
    assert getattr(lpm, name) is not None
    assert name in dir(lpm)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="LatentMemory"):
        lpm.LatentMemory  # type: ignore[attr-defined]  # noqa: B018


def test_import_loads_neither_torch_nor_transformers() -> None:
    code = (
        "import sys, lpm; lpm.load_history; lpm.History; lpm.UnknownUserError\n"
        "print(sorted({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_version_is_the_distribution_s() -> None:
    assert version("latent-personal-memory") == lpm.__version__
