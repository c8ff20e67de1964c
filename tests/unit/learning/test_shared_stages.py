"""The three stages of training teach what they promise, on a tiny backbone."""

from __future__ import annotations

import pytest
import torch

from lpm.chunking import Chunk
from lpm.learning.coding import CodeLoss
from lpm.learning.looking import LookingLoss, hit_rate, measure_centres
from lpm.learning.preparation import looking_user, worthy_tokens
from lpm.learning.shared import SharedTrainer, TrainPlan, trainable_model
from lpm.learning.speaking import SpeakingLoss, Spoken, spoken_table

TOLD = [
    ("My dog is called Rufus and he is nine.", "Rufus", "What is my dog called?"),
    ("I moved to Porto because of the sea.", "Porto", "Where do I live?"),
    ("On Sundays I row on the lake.", "row", "What do I do on Sundays?"),
]
PLAN = TrainPlan(coding_steps=60, speaking_steps=8, looking_steps=40, speaking_rows=4)


def user(model, number: int):
    chunks = [
        Chunk("s", turn, f"{text} Day {number}.", "") for turn, (text, _, _) in enumerate(TOLD)
    ]
    worth = [[(answer, 0)] for _, answer, _ in TOLD]
    evidence = torch.eye(len(TOLD), dtype=torch.bool)
    return looking_user(model, chunks, worth, [ask for _, _, ask in TOLD], evidence)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny):
    model = trainable_model(tiny)
    users = [user(model, number) for number in range(4)]
    trainer = SharedTrainer(model, PLAN, tmp_path_factory.mktemp("run"))
    trainer.code()
    spoken = [
        Spoken(ask, answer, worthy_tokens(model, text, [(answer, 0)])) for text, answer, ask in TOLD
    ]
    before = float(SpeakingLoss(model)(spoken).detach())
    trainer.speak(lambda count, generator: spoken)
    trainer.look(users)
    return model, users, spoken, before


def test_codes_name_their_tokens(trained):
    model, *_ = trained
    table = model.backbone.model.get_input_embeddings().weight
    assert CodeLoss(model.writer, model.projector, table).named(200) > 0.9
    with torch.no_grad():
        model.writer.code.weight.neg_()
        assert CodeLoss(model.writer, model.projector, table).named(200) < 0.5
        model.writer.code.weight.neg_()


def test_all_heads_decode_alike_after_coding(trained):
    w_v = trained[0].projector.w_v
    assert torch.allclose(w_v, w_v[:1].expand_as(w_v), atol=1e-5)


def test_speaking_lowers_the_loss_of_the_answers(trained):
    model, _, spoken, before = trained
    assert float(SpeakingLoss(model)(spoken).detach()) < before


@torch.no_grad()
def test_the_rows_that_speaking_trains_on_are_those_that_a_slot_gives(trained):
    model, _, spoken, _ = trained
    table = model.backbone.model.get_input_embeddings().weight
    codes = torch.zeros(1, model.config.tokens_per_slot, model.config.code_dim)
    tokens = torch.tensor(spoken[0].tokens)
    codes[0, : len(tokens)] = model.writer.codes(table[tokens])
    given = SpeakingLoss(model).rows([spoken[0].tokens])
    assert torch.allclose(given, model.projector.rows_of(codes), atol=1e-2)
    assert len(spoken_table(model)) == len(table)


def test_questions_find_their_chunks(trained):
    model, users, *_ = trained
    assert hit_rate(model, users) > 0.9


def test_worthy_tokens_are_known_after_looking(trained):
    model, users, *_ = trained
    scores = model.writer.token_scores(users[0].states)
    worth, mask = users[0].worth[..., 0], users[0].mask
    assert scores[..., 0][mask & worth].mean() > scores[..., 0][mask & ~worth].mean()


def test_the_same_fact_of_another_user_is_no_wrong_answer(tiny):
    model = trainable_model(tiny)
    users = [user(model, number) for number in range(2)]
    measure_centres(model, users)
    same = [type(u)(*(vars(u) | {"facts": ("dog", "home", "sunday")}).values()) for u in users]
    loss = LookingLoss(model, dropout=0.0)
    generator = torch.Generator().manual_seed(0)
    unknown = float(loss.retrieval(users, generator).detach())
    known = float(loss.retrieval(same, generator).detach())
    assert known < unknown


def test_training_resumes_and_the_backbone_stays(tiny, tmp_path):
    frozen = [weight.clone() for weight in tiny.model.parameters()]
    plan = TrainPlan(coding_steps=3, speaking_steps=2, looking_steps=2, speaking_rows=2)
    models = [trainable_model(tiny) for _ in range(2)]
    users = [user(models[0], number) for number in range(2)]
    spoken = [Spoken("Where?", "Porto", (5, 6))]
    for model in models:
        trainer = SharedTrainer(model, plan, tmp_path, resume=True)
        trainer.code()
        trainer.speak(lambda count, generator: spoken)
        trainer.look(users)
    assert models[0].fingerprint == models[1].fingerprint
    log = (tmp_path / "log.jsonl").read_text().splitlines()
    assert sum('"loss"' in line for line in log) == 3, "a finished stage must not run again"
    kept = zip(tiny.model.parameters(), frozen, strict=True)
    assert all(torch.equal(now, then) for now, then in kept)
