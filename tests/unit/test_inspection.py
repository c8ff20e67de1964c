"""What inspection says of slots is what the model does with them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lpm.errors import InputError
from lpm.inspection import (
    answer_likelihoods,
    changes,
    draw_map,
    explain_message,
    faithfulness,
    map_slots,
    named_slots,
    removal_effects,
    slot_effects,
    tell_slots,
)
from lpm.memory import SessionRecord
from lpm.nn.injection import build_prompt, inject
from lpm.testing import make_memory
from lpm.types import SlotSource

ASKED, SAID = "Where do I live?", "In Porto."


def plain_likelihood(model, slots, kept, asked=ASKED, date="") -> float:
    """Say the answer token by token through a forward pass of its own."""
    backbone = model.backbone
    rows = None
    if kept.any():
        made, _ = model.projector(slots[None], model.queries([asked]), kept[None])
        rows = made[0]
    placement = model.config.placement
    chat = [{"role": "user", "content": date + asked}]
    prompt = build_prompt(backbone, chat, placement, rows=True)
    answer = [*backbone.tokenizer.encode(SAID, add_special_tokens=False)]
    answer.append(backbone.tokenizer.eos_token_id)
    embeddings, _ = inject(backbone, [prompt], [rows])
    whole = torch.cat([embeddings, backbone.embed(torch.tensor([answer]))], dim=1)
    logits = backbone.model(inputs_embeds=whole).logits[0, -len(answer) - 1 : -1]
    return float(logits.log_softmax(-1)[torch.arange(len(answer)), answer].mean())


@torch.no_grad()
def test_likelihoods_equal_a_plain_forward_pass(shared_weights):
    slots = make_memory(model=shared_weights).slots
    kept = torch.tensor([[1, 1, 1, 1], [0, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]]).bool()
    found = answer_likelihoods(shared_weights, slots, ASKED, SAID, kept)
    expected = [plain_likelihood(shared_weights, slots, row) for row in kept]
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


def test_the_effect_of_a_slot_is_what_its_absence_costs(shared_weights):
    slots = make_memory(model=shared_weights).slots
    effects = slot_effects(shared_weights, slots, ASKED, SAID)
    alone = removal_effects(shared_weights, slots, ASKED, SAID, [[n] for n in range(4)])
    assert torch.allclose(effects, alone, atol=1e-5)
    assert effects.abs().max() > 1e-4, "leaving slots out changes the answer"
    nothing = removal_effects(shared_weights, slots, ASKED, SAID, [[]])
    assert nothing.item() == pytest.approx(0, abs=1e-6)


@torch.no_grad()
def test_an_answer_about_time_is_explained_in_its_dated_prompt(shared_weights):
    memory, asked = make_memory(model=shared_weights), "When did I move to Porto?"
    explained = explain_message(shared_weights, memory, asked, SAID)
    kept = torch.cat([~torch.eye(4).bool(), torch.ones(1, 4).bool()])
    *without, whole = (
        plain_likelihood(shared_weights, memory.slots, row, asked, "DATE: 1 January 2026\n")
        for row in kept
    )
    expected = [whole - without[use.slot] for use in explained.slots]
    assert [use.effect for use in explained.slots] == pytest.approx(expected, abs=1e-4)


def test_many_slots_pass_in_pieces(shared_weights, monkeypatch):
    slots = make_memory(model=shared_weights).slots
    whole = slot_effects(shared_weights, slots, ASKED, SAID)
    monkeypatch.setattr("lpm.inspection.effects.ROWS_AT_ONCE", 2)
    assert torch.allclose(slot_effects(shared_weights, slots, ASKED, SAID), whole, atol=1e-5)


def test_an_answer_without_text_is_refused(shared_weights):
    with pytest.raises(InputError, match="no tokens"):
        slot_effects(shared_weights, make_memory(model=shared_weights).slots, ASKED, "")


def test_each_slot_tells_what_a_memory_of_it_alone_answers(shared_weights):
    slots = make_memory(model=shared_weights).slots
    told = tell_slots(shared_weights, slots, max_new_tokens=8)
    assert len(told) == 4
    assert told[2] == tell_slots(shared_weights, slots[:, 2:3], max_new_tokens=8)[0]


@pytest.mark.parametrize(
    ("weights", "mass", "named"),
    [
        ([0.1, 0.6, 0.3], 0.5, (1,)),
        ([0.1, 0.6, 0.3], 0.7, (1, 2)),
        ([0.25, 0.25, 0.25, 0.25], 0.5, (0, 1)),
        ([1.0, 0.0], 1.0, (0,)),
    ],
)
def test_an_explanation_names_the_fewest_slots_that_hold_the_attention(weights, mass, named):
    assert named_slots(torch.tensor(weights), mass) == named


def test_faithfulness_compares_named_slots_with_as_many_random_ones(shared_weights):
    slots = make_memory(model=shared_weights).slots
    first = faithfulness(shared_weights, slots, ASKED, SAID, seed=3)
    assert first == faithfulness(shared_weights, slots, ASKED, SAID, seed=3)
    alone = removal_effects(shared_weights, slots, ASKED, SAID, [first.named])
    assert first.of_named == pytest.approx(float(alone[0]), abs=1e-5)


class TestChanges:
    old = make_memory()

    def test_a_version_does_not_differ_from_itself(self):
        found = changes(self.old, self.old.updated(version=2))
        assert (found.came, found.went, found.drift) == ((), (), 0.0)
        assert [slot.moved for slot in found.stayed] == [0.0] * 4
        assert (found.old_version, found.new_version) == (1, 2)

    def test_slots_are_known_by_the_turns_that_taught_them(self):
        slots = torch.stack([self.old.slots[:, 2], -self.old.slots[:, 1], self.old.slots[:, 0] + 1])
        new = replace(
            self.old,
            version=2,
            slots=slots.permute(1, 0, 2).contiguous(),
            provenance=(*self.old.provenance[2:0:-1], (SlotSource("s2", 0, 1.0),)),
            sessions=(*self.old.sessions, SessionRecord("s2", "f" * 64, None)),
        )
        found = changes(self.old, new)
        assert [(slot.before, slot.after) for slot in found.stayed] == [(2, 0), (1, 1)]
        assert [slot.moved for slot in found.stayed] == pytest.approx([0.0, 2.0])
        assert found.drift == pytest.approx(1.0)
        assert [(slot.before, slot.after) for slot in found.came] == [(None, 2)]
        assert [slot.before for slot in found.went] == [0, 3]
        assert found.sessions_added == ("s2",) and found.sessions_removed == ()
        back = changes(new, self.old)
        assert back.sessions_removed == ("s2",) and len(back.came) == 2

    def test_two_users_are_not_compared(self):
        with pytest.raises(InputError, match="one user's"):
            changes(self.old, make_memory("other"))


class TestMap:
    def test_users_that_lie_apart_are_told_apart(self):
        pytest.importorskip("sklearn")
        directions = torch.eye(3, 20)
        memories = [
            (direction + 0.05 * make_memory(seed=seed).slots)
            for seed, direction in enumerate(directions)
        ]
        found = map_slots(memories)
        assert found.places.shape == (12, 2) and found.owner.tolist() == [0] * 4 + [1] * 4 + [2] * 4
        assert found.nearest_user == 1.0 and found.silhouette > 0.8
        assert found.nearest_by_chance == pytest.approx(3 / 11)
        assert torch.equal(map_slots(memories).places, found.places)

    def test_users_of_the_same_slots_are_not(self):
        pytest.importorskip("sklearn")
        slots = make_memory(num_slots=16).slots
        found = map_slots([slots + 1e-3 * make_memory(seed=s, num_slots=16).slots for s in (1, 2)])
        assert found.silhouette < 0.1 and found.nearest_user < 0.2

    def test_one_user_makes_no_map(self):
        pytest.importorskip("sklearn")
        with pytest.raises(InputError, match="two users"):
            map_slots([make_memory().slots])

    def test_a_slot_a_user_makes_no_map(self):
        pytest.importorskip("sklearn")
        with pytest.raises(InputError, match="got 4 slots of 4 users; give more memories"):
            map_slots([make_memory(seed=seed, num_slots=1).slots for seed in range(4)])

    def test_a_user_may_have_one_slot_where_another_has_more(self):
        pytest.importorskip("sklearn")
        slots = [make_memory(seed=seed, num_slots=n).slots for seed, n in enumerate((1, 1, 2))]
        assert map_slots(slots).owner.tolist() == [0, 1, 2, 2]

    def test_the_drawing_has_a_dot_a_slot_and_a_colour_a_user(self):
        pytest.importorskip("sklearn")
        pytest.importorskip("matplotlib")
        found = map_slots([make_memory(seed=seed).slots for seed in range(3)])
        (axes,) = draw_map(found).axes
        drawn = [len(dots.get_offsets()) for dots in axes.collections]
        colours = {tuple(dots.get_facecolor()[0]) for dots in axes.collections}
        assert drawn == [4, 4, 4] and len(colours) == 3
