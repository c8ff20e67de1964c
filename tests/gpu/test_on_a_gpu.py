"""With the backbone on a GPU everything gives what it gives on the CPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lpm.backbone import Backbone
from lpm.chunking import Chunk
from lpm.learning.preparation import looking_user
from lpm.learning.shared import SharedTrainer, TrainPlan, trainable_model
from lpm.learning.speaking import Spoken
from lpm.methods.contract import PreparedOnce, Request
from lpm.methods.registry import Parts, build_method, method_names
from lpm.model import LatentPersonalMemory
from lpm.store import open_store
from lpm.testing import tiny_backbone, tiny_model
from lpm.types import History, Session, Turn

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")

TOLD = ("My sister Anna lives in Lisbon with her dog.", "I play the cello on Fridays now.")
HISTORY = History((Session("s1", tuple(Turn("user", text) for text in TOLD)),))
ASKED = (
    Request(({"role": "user", "content": "Where does my sister live?"},), max_new_tokens=4),
    Request(({"role": "user", "content": "What do I play?"},), max_new_tokens=4),
)
FAST = {"steps": 2, "chunks": 2, "questions_per_chunk": 1}
TRAINED = ("prompt-tuning", "prefix-tuning", "lora", "cartridge", "blind-trained")


def backbone_on(device: str) -> Backbone:
    backbone = tiny_backbone()
    return Backbone(backbone.model.to(device), backbone.tokenizer, backbone.name)


@pytest.fixture
def questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A random backbone asks nothing usable, so what it would ask is given."""
    from lpm.learning.self_study import StudyPair

    monkeypatch.setattr(
        "lpm.methods.studied.ask_and_answer",
        lambda backbone, chunks, config: [
            StudyPair(chunk, f"What about {chunk.text[:12]}?", "dog") for chunk in chunks
        ],
    )


@pytest.mark.usefixtures("questions")
@pytest.mark.parametrize("name", method_names())
def test_a_method_answers_as_on_the_cpu(name: str) -> None:
    said, likely = {}, {}
    for device in ("cpu", "cuda"):
        backbone = backbone_on(device)
        parts = Parts(backbone)
        parts.__dict__["model"] = tiny_model(backbone)
        method = build_method(name, parts, FAST if name in TRAINED else {})
        if isinstance(method, PreparedOnce):
            method.prepare_once([HISTORY])
        method.prepare(HISTORY, seed=1)
        said[device] = [reply.text for reply in method.answer(ASKED)]
        options = [["Lisbon", "Rome"], ["cello", "horn"]]
        likely[device] = torch.tensor(method.option_scores(ASKED, options))
    assert said["cuda"] == said["cpu"]
    assert torch.allclose(likely["cuda"], likely["cpu"], atol=1e-2)


def test_a_memory_lives_as_on_the_cpu(tmp_path: Path) -> None:
    answers, slots = {}, {}
    for device in ("cpu", "cuda"):
        model = tiny_model(backbone_on(device))
        with LatentPersonalMemory(open_store(tmp_path / device), model) as memories:
            memories.remember("ann", HISTORY, refine_steps=2)
            slots[device] = memories.store.get("ann").slots
            chat = memories.answer("ann", "Where does Anna live?", max_new_tokens=4)
            streamed = "".join(memories.stream("ann", list(ASKED[0].messages), max_new_tokens=4))
            batch = memories.answer_batch([("ann", "What do I play?")], max_new_tokens=4)
            answers[device] = (chat.text, streamed, batch)
            assert memories.explain("ann", "Where?", answer="Lisbon").slots
            assert memories.show("ann", tell=True).slots
            memories.forget("ann", about="cello")
    assert torch.allclose(slots["cuda"], slots["cpu"], atol=1e-2)
    assert answers["cuda"] == answers["cpu"]


def test_the_stages_of_training_run_and_resume(tmp_path: Path) -> None:
    model = trainable_model(backbone_on("cuda"))
    chunks = [Chunk("s", turn, text, "") for turn, text in enumerate(TOLD)]
    worth = [[("Lisbon", 0)], [("cello", 0)]]
    asked = ["Where does my sister live?", "What do I play?"]
    user = looking_user(model, chunks, worth, asked, torch.eye(2, dtype=torch.bool))
    spoken = [Spoken(asked[0], "Lisbon", (5, 6)), Spoken(asked[1], "You have not told me.", ())]
    for steps in (4, 8):
        plan = TrainPlan(coding_steps=steps, speaking_steps=steps, looking_steps=steps)
        trainer = SharedTrainer(model, plan, tmp_path, resume=True)
        trainer.code()
        trainer.speak(lambda count, generator: spoken)
        trainer.look([user, user], {"tune": [user]})
    assert all(torch.isfinite(weight).all() for weight in model.parameters())
