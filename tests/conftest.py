"""What all tests share: a tiny frozen LLM, an empty home, the shared data, checked shapes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lpm.backbone import Backbone
    from lpm.modeling import LPMModel

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# Before anything imports them: shapes in the signatures of these modules are checked in tests.
# The hook is for test environments only, so its absence must not stop a user from running tests.
if find_spec("jaxtyping") and find_spec("beartype"):
    from jaxtyping import install_import_hook

    install_import_hook(
        ["lpm.backbone", "lpm.learning", "lpm.modeling", "lpm.nn", "lpm.writing"],
        "beartype.beartype",
    )


@pytest.fixture(scope="session")
def tiny() -> Backbone:
    """Return a tiny Qwen3; frozen, so all tests may share it."""
    from lpm.testing import tiny_backbone

    return tiny_backbone()


@pytest.fixture(scope="session", params=["qwen3", "llama", "gemma2", "mistral", "gpt_neox"])
def family(request: pytest.FixtureRequest) -> Backbone:
    """Return a tiny backbone of each model family."""
    from lpm.testing import tiny_backbone

    return tiny_backbone(request.param)


@pytest.fixture
def shared_weights(tiny: Backbone) -> LPMModel:
    """Return a fresh, untrained projector and writer for the tiny backbone."""
    from lpm.testing import tiny_model

    return tiny_model(tiny)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a folder for memories that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def shared_data() -> Path:
    """Return the folder with real data sets and tokenizers that lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder does not lie beside the checkout")
    return SHARED_DATA
