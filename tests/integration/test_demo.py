"""The demo from raw conversation to the page, on a tiny frozen LLM of random weights."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from lpm.demo import DemoResult, run_demo
from lpm.demo.people import NAMES
from lpm.errors import InputError
from lpm.modeling import LPMModel
from lpm.testing import save_tiny_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a tiny backbone."""
    return save_tiny_backbone(tmp_path_factory.mktemp("backbone"), layers=2)


@pytest.fixture(scope="module")
def projector(backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a projector that says it is trained, so that writing takes no fit."""
    from lpm.backbone import Backbone
    from lpm.testing import tiny_model

    folder = tmp_path_factory.mktemp("projector")
    loaded = Backbone.load(str(backbone))
    model: LPMModel = tiny_model(loaded, num_slots=8, layers=(0, 1), trained=True)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def done(
    backbone: Path, projector: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DemoResult, Path, list[str]]:
    """Run the demo once; return its result, its folder and the lines of progress."""
    out, told = tmp_path_factory.mktemp("out") / "report", list[str]()
    result = run_demo(
        None,
        backbone=str(backbone),
        device="cpu",
        seed=0,
        out=out,
        projector=projector,
        progress=told.append,
    )
    return result, out, told


def test_everybody_is_asked_ten_questions_in_three_ways(
    done: tuple[DemoResult, Path, list[str]],
) -> None:
    result, _, told = done
    assert tuple(person.name for person in result.people) == NAMES
    for person in result.people:
        assert (person.num_sessions, len(person.asked)) == (6, 10)
        for asked in person.asked:
            replies = {reply.mode: reply for reply in asked.replies}
            assert set(replies) == {"memory", "no-memory", "full-context"}
            assert replies["memory"].soft_tokens > 0 == replies["no-memory"].soft_tokens
            assert replies["full-context"].prompt_tokens > replies["memory"].prompt_tokens
            assert sum(asked.weights) == pytest.approx(1, abs=1e-4)
            assert asked.weights[asked.top_slot] == max(asked.weights)
            assert asked.source is not None and asked.excerpt
    assert len(told) == 3 * 11


def test_a_history_longer_than_the_window_is_marked(
    done: tuple[DemoResult, Path, list[str]],
) -> None:
    # One token a byte: these histories do not fit 2048 positions.
    replies = [r for p in done[0].people for asked in p.asked for r in asked.replies]
    assert all(reply.truncated == (reply.mode == "full-context") for reply in replies)


def test_the_folder_holds_a_page_and_the_numbers(
    done: tuple[DemoResult, Path, list[str]],
) -> None:
    result, out, _ = done
    assert sorted(path.name for path in out.iterdir()) == ["demo.json", "index.html"]
    text = (out / "index.html").read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag == "html"
    report = json.loads((out / "demo.json").read_text(encoding="utf-8"))
    assert report["transcript"] == result.transcript
    assert "30" in report["transcript"] and "marta" in report["transcript"]


def test_a_folder_that_cannot_be_made_is_refused_before_any_work(
    backbone: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be made"):
        run_demo(None, backbone=str(backbone), device="cpu", seed=0, out=tmp_path / "file")
