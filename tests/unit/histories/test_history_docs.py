"""The examples in docs/histories.md load as the page says."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from lpm.histories import load_history, load_locomo_questions

PAGE = Path(__file__).resolve().parents[3] / "docs" / "histories.md"


def test_every_example_file_loads(tmp_path: Path) -> None:
    examples = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    paths = [tmp_path / f"example_{number}" for number in range(len(examples))]
    for path, example in zip(paths, examples, strict=True):
        path.write_text(example, encoding="utf-8")
    jsonl, locomo, personamem, chatgpt = (load_history(path) for path in paths)
    assert [session.session_id for session in jsonl.sessions] == ["monday", "friday"]
    assert jsonl.sessions[0].time == datetime(2024, 3, 4, 17, 20)
    assert locomo.sessions[0].turns[1].content == "Same here and shared a red canoe on a lake."
    assert load_locomo_questions(paths[1])[0].answer == "2"
    assert personamem.sessions[0].turns[1].content == "I miss the sea."
    assert [turn.role for _, _, turn in chatgpt.turns()] == ["user", "assistant"]
