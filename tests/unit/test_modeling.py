"""The shared weights behave like any Hugging Face model, and the backbone is none of them."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from lpm.errors import ConfigError, IncompatibleMemoryError
from lpm.modeling import LPMConfig, LPMModel, load_shared
from lpm.testing import make_memory, tiny_backbone, tiny_model

TEXTS = ["Where do I live? Porto.", "My dog? Rufus."]


def batch(model: LPMModel) -> dict[str, torch.Tensor]:
    ids, mask = model.backbone.tokenize(TEXTS, padding_side="right")
    slots = torch.stack([make_memory(model=model, seed=user).slots for user in (0, 1)])
    return {
        "input_ids": ids,
        "attention_mask": mask.long(),
        "slots": slots,
        "query": model.queries(TEXTS),
        "labels": ids.masked_fill(~mask, -100),
    }


def test_a_saved_model_loads_as_it_was(shared_weights, tiny, tmp_path):
    shared_weights.save_pretrained(tmp_path)
    loaded = LPMModel.from_pretrained(tmp_path)
    for name, weight in shared_weights.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], weight) and weight.dtype == torch.float32
    assert loaded.attach(tiny).fingerprint == shared_weights.fingerprint
    given = batch(shared_weights)
    with torch.no_grad():
        assert torch.equal(loaded(**given).logits, shared_weights(**given).logits)
    assert load_shared(tmp_path, tiny).fingerprint == shared_weights.fingerprint


def test_a_saved_model_holds_nothing_of_the_backbone(shared_weights, tmp_path):
    shared_weights.save_pretrained(tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    learnt = {"projector", "query_pooling", "writer"}
    assert {name.split(".")[0] for name in held} == {"query_centre", *learnt}
    assert set(held) == set(shared_weights.state_dict())
    assert {n.split(".")[0] for n, _ in shared_weights.named_parameters()} == learnt
    saved = json.loads((tmp_path / "config.json").read_text())
    assert saved["backbone"] == shared_weights.backbone.fingerprint
    assert saved["model_type"] == "lpm"


def test_it_trains_in_a_plain_loop_and_the_backbone_stays(shared_weights, tiny):
    before = [weight.clone() for weight in tiny.model.parameters()]
    optimiser = torch.optim.Adam(shared_weights.parameters(), lr=0.01)
    given, losses = batch(shared_weights), []
    for _ in range(8):
        loss = shared_weights(**given).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(torch.equal(a, b) for a, b in zip(tiny.model.parameters(), before, strict=True))
    assert all(weight.grad is None for weight in tiny.model.parameters())


@torch.no_grad()
def test_logits_line_up_with_the_input_and_padding_is_not_scored(shared_weights):
    given = batch(shared_weights)
    output = shared_weights(**given)
    assert output.logits.shape[:2] == given["input_ids"].shape
    own = {name: part[1:] for name, part in given.items()}
    length = int(own["attention_mask"].sum())
    for name in ("input_ids", "attention_mask", "labels"):
        own[name] = own[name][:, :length]
    alone = shared_weights(**own)
    assert torch.allclose(output.logits[1, :length], alone.logits[0], atol=1e-4)
    expected = torch.nn.functional.cross_entropy(alone.logits[0, :-1], own["labels"][0, 1:])
    assert torch.allclose(alone.loss, expected, atol=1e-5)


def test_without_labels_there_is_no_loss(shared_weights):
    given = batch(shared_weights)
    del given["labels"], given["attention_mask"]
    assert shared_weights(**given).loss is None


def test_another_backbone_is_refused_with_the_way_out(shared_weights):
    shared_weights.attach(tiny_backbone())
    with pytest.raises(IncompatibleMemoryError, match="train a projector with `lpm train`"):
        shared_weights.attach(tiny_backbone(seed=1))


def test_a_backbone_of_another_width_is_refused():
    with pytest.raises(ConfigError, match="`hidden_size` is 64, but backbone 'tiny-qwen3' is 32"):
        LPMModel(LPMConfig(hidden_size=64), tiny_backbone())


def test_a_model_without_a_backbone_says_so(shared_weights):
    with pytest.raises(ConfigError, match="No backbone is attached"):
        _ = LPMModel(shared_weights.config).backbone


def test_an_unknown_query_kind_is_refused_by_name():
    with pytest.raises((ConfigError, TypeError), match="nearest"):
        LPMConfig(query_kind="nearest")


@pytest.mark.parametrize(
    "change",
    [
        {"layers": (0, 1)},
        {"placement": "front"},
        {"query_kind": "embedding"},
        {"markers": (5, 6)},
        {"query_dim": 8},
        {"seed": 1},
    ],
)
def test_the_fingerprint_names_weights_and_how_they_are_used(tiny, change):
    model = tiny_model(tiny)
    assert tiny_model(tiny).fingerprint == model.fingerprint
    assert tiny_model(tiny, **change).fingerprint != model.fingerprint


def test_fresh_weights_for_an_unknown_backbone_come_from_the_seed(tiny):
    state = torch.get_rng_state()
    one, same, other = (load_shared(None, tiny, seed=seed) for seed in (0, 0, 1))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert not one.config.trained and not one.training
    assert torch.equal(torch.get_rng_state(), state)


def test_a_folder_without_a_projector_is_refused(tiny, tmp_path):
    with pytest.raises(ConfigError, match="holds no projector"):
        load_shared(tmp_path, tiny)


def test_a_test_memory_fits_its_model(shared_weights, tiny):
    memory = make_memory("ann", model=shared_weights, seed=3)
    memory.check_fits(
        tiny.fingerprint, shared_weights.fingerprint, shared_weights.projector.config.slot_dim
    )
    assert memory.encode() == make_memory("ann", model=shared_weights, seed=3).encode()
    assert memory.encode() != make_memory("ann", model=shared_weights, seed=4).encode()
    assert make_memory().slots.shape == memory.slots.shape
