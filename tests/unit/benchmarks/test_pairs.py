"""What is measured with pairs given says which weights it was measured with."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from lpm.backbone import Backbone
from lpm.benchmarks.results import Result
from lpm.modeling import LPMModel

BENCH = Path(__file__).resolve().parents[3] / "bench"


@pytest.fixture
def measured(
    tiny: Backbone, shared_weights: LPMModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, dict[str, Any]]:
    """Return the settings in each result file, by its name."""
    monkeypatch.syspath_prepend(str(BENCH))
    personas = importlib.import_module("personas")
    monkeypatch.setattr(Backbone, "load", lambda name: tiny)
    monkeypatch.setattr(personas, "load_shared", lambda projector, backbone: shared_weights)
    few = ["--users", "1", "--facts", "1", "--steps", "1", "--out", str(tmp_path)]
    monkeypatch.setattr(
        "sys.argv", ["personas.py", "pairs", "--methods", "lpm", "prompt-tuning", *few]
    )
    personas.main()
    return {path.name: Result.load(path).settings for path in tmp_path.glob("*.json")}


TRIED = {"steps": 1, "rate": 0.02, "facts": 1}


def test_the_projector_is_named_where_there_is_one(
    measured: dict[str, dict[str, Any]], shared_weights: LPMModel
) -> None:
    assert measured == {
        "pairs-report-lpm-steps1-rate0.02-facts1-seed0.json": {
            **TRIED,
            "projector": shared_weights.fingerprint,
        },
        "pairs-report-prompt-tuning-steps1-rate0.02-facts1-seed0.json": TRIED,
    }
