"""The frozen LLM stays frozen, and gives the same whichever way it is asked."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

from lpm.backbone import Backbone, fast_dtype, positions, split_batches
from lpm.errors import BackboneError, ConfigError
from lpm.nn.injection import build_prompt, inject
from lpm.testing import save_tiny_backbone, tiny_backbone, tiny_tokenizer

QUESTIONS = ["Hi", "Where do I live, and with whom?", "What is my dog called?"]


def batch(backbone: Backbone, users=(0, 1, 2)):
    """Return the left-padded prompts of some users, each with rows of their own."""
    prompts, rows = [], []
    for user in users:
        message = {"role": "user", "content": QUESTIONS[user]}
        prompts.append(build_prompt(backbone, [message], "message", rows=True))
        generator = torch.Generator().manual_seed(user)
        rows.append(torch.randn(3 + user, backbone.hidden_size, generator=generator))
    return inject(backbone, prompts, rows)


def new_tokens(backbone: Backbone, tokens: torch.Tensor) -> list[int]:
    """Return generated tokens up to the end token; a batch pads after it."""
    listed = tokens.tolist()
    end = backbone.tokenizer.eos_token_id
    return listed[: listed.index(end)] if end in listed else listed


def one_line(error: BaseException) -> bool:
    return "\n" not in str(error) and str(error).endswith(".")


def test_the_output_embedding_gets_contiguous_states_so_that_no_table_is_copied(tmp_path):
    save_tiny_backbone(tmp_path)
    loaded = Backbone.load(str(tmp_path), device="cpu")
    seen = []
    loaded.model.get_output_embeddings().register_forward_hook(
        lambda module, given, output: seen.append(given[0].is_contiguous())
    )
    embeddings = torch.randn(3, 5, loaded.hidden_size, dtype=loaded.dtype)
    loaded.generate(embeddings, torch.ones(3, 5, dtype=torch.bool), max_new_tokens=3)
    assert seen and all(seen)


def test_cached_decoding_gives_the_tokens_of_uncached(family):
    embeddings, mask = batch(family)
    cached = family.generate(embeddings, mask, max_new_tokens=12)
    assert torch.equal(
        family.generate(embeddings, mask, max_new_tokens=12, use_cache=False), cached
    )


@torch.no_grad()
def test_cached_decoding_gives_the_logits_of_uncached(family):
    embeddings, mask = batch(family)
    width = embeddings.shape[1]
    whole = family.logits_at(embeddings, mask, torch.ones_like(mask)).view(len(mask), width, -1)
    cache, steps = DynamicCache(config=family.text_config), []
    start = width - 6
    for begin, end in [(0, start), *((n, n + 1) for n in range(start, width))]:
        part = embeddings[:, begin:end]
        wanted = torch.ones(part.shape[:2], dtype=torch.bool)
        logits = family.logits_at(part, mask[:, :end], wanted, past=cache)
        steps.append(logits.view(len(mask), end - begin, -1))
    difference = (torch.cat(steps, dim=1) - whole).abs()[mask]
    assert difference.max() < 1e-4


@torch.no_grad()
def test_a_batch_of_users_gives_each_what_they_get_alone(family):
    embeddings, mask = batch(family)
    together = family.generate(embeddings, mask, max_new_tokens=12)
    last = torch.zeros_like(mask)
    last[:, -1] = True
    logits = family.logits_at(embeddings, mask, last)
    for user in range(3):
        own, own_mask = batch(family, (user,))
        alone = family.generate(own, own_mask, max_new_tokens=12)
        assert new_tokens(family, together[user]) == new_tokens(family, alone[0])
        own_logits = family.logits_at(
            own,
            own_mask,
            torch.zeros_like(own_mask).index_fill(1, torch.tensor([own.shape[1] - 1]), True),
        )
        assert torch.allclose(logits[user], own_logits[0], atol=1e-4)


@torch.no_grad()
def test_logits_are_those_of_the_whole_model(family):
    embeddings, mask = batch(family)
    full = family.model(
        inputs_embeds=embeddings, attention_mask=mask.long(), position_ids=positions(mask)
    ).logits
    assert torch.allclose(family.logits_at(embeddings, mask, mask), full[mask], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("layers", [(1,), (2, 1), (1, 3), (3,)])
def test_hidden_states_end_early_with_what_a_full_pass_has_there(family, layers):
    ids, mask = family.tokenize(QUESTIONS, padding_side="right")
    full = family.model(
        ids, attention_mask=mask.long(), position_ids=positions(mask), output_hidden_states=True
    ).hidden_states
    early = family.hidden_states(ids, mask, layers)
    for layer, states in zip(layers, early, strict=True):
        assert torch.allclose(states[mask], full[layer][mask], atol=1e-5)


def test_layer_zero_are_the_input_embeddings(family):
    ids, mask = family.tokenize(QUESTIONS, padding_side="right")
    for layers in ((0,), (0, 2)):
        assert torch.equal(family.hidden_states(ids, mask, layers)[0], family.embed(ids))


def test_looking_early_leaves_the_model_whole(tiny):
    ids, mask = tiny.tokenize(QUESTIONS, padding_side="right")
    before = tiny.model(ids).logits
    tiny.hidden_states(ids, mask, [1])
    assert len(tiny.model.base_model.layers) == tiny.num_layers == 3
    assert torch.equal(tiny.model(ids).logits, before)


@pytest.mark.parametrize("layers", [[-1], [1, 4], []])
def test_a_layer_that_is_not_there_is_refused(tiny, layers):
    ids, mask = tiny.tokenize(["Hi"], padding_side="right")
    with pytest.raises(ConfigError, match=r"`layers` must lie in 0\.\.3"):
        tiny.hidden_states(ids, mask, layers)


def test_no_weight_takes_a_gradient_and_dropout_is_off(family):
    assert not any(weight.requires_grad for weight in family.model.parameters())
    assert not any(module.training for module in family.model.modules())


def test_sampling_repeats_with_its_seed_and_leaves_the_global_generator_alone(tiny):
    embeddings, mask = batch(tiny)
    state = torch.get_rng_state()
    sampled = [
        tiny.generate(embeddings, mask, max_new_tokens=10, temperature=1.5, seed=seed)
        for seed in (1, 1, 2)
    ]
    assert torch.equal(sampled[0], sampled[1])
    assert not torch.equal(sampled[0], sampled[2])
    assert torch.equal(torch.get_rng_state(), state)


def test_padding_stands_on_the_side_asked_for(tiny):
    ids, mask = tiny.pad([[5, 6, 7], [8], []], padding_side="left")
    assert mask.tolist() == [[True] * 3, [False, False, True], [False] * 3]
    assert ids[0].tolist() == [5, 6, 7] and ids[1, 2] == 8
    ids, mask = tiny.pad([[5, 6, 7], [8]], padding_side="right")
    assert mask[1].tolist() == [True, False, False] and ids[1, 0] == 8


def test_positions_count_from_the_first_real_token():
    mask = torch.tensor([[False, False, True, True], [True, True, True, True]])
    assert positions(mask).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]


def test_batches_cover_everything_once():
    assert [(s.start, s.stop) for s in split_batches(5, 2)] == [(0, 2), (2, 4), (4, 5)]
    assert list(split_batches(0, 2)) == []


@pytest.mark.parametrize(("family_name", "heads"), [("llama", 2), ("gpt_neox", 4)])
@pytest.mark.parametrize(("dtype", "width"), [(torch.float32, 4), (torch.bfloat16, 2)])
def test_the_kv_cache_of_a_token_is_what_a_cache_holds(family_name, heads, dtype, width):
    backbone = tiny_backbone(family_name, dtype=dtype)
    assert backbone.kv_bytes_per_token == 2 * 3 * heads * 8 * width
    ids, _ = backbone.tokenize(["Hello"], padding_side="right")
    cache = backbone.model(ids, use_cache=True).past_key_values
    held = sum(part.nbytes for layer in cache.layers for part in (layer.keys, layer.values))
    assert held == backbone.kv_bytes_per_token * ids.shape[1]


def test_the_kv_cache_of_a_token_of_qwen3_8b(shared_data):
    path = shared_data / "qwen3-8b" / "config.json"
    if not path.is_file():
        pytest.skip("the configuration of Qwen3-8B is not in the shared data folder")
    config = AutoConfig.for_model(**json.loads(path.read_text()))
    config.num_hidden_layers = 2
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    backbone = Backbone(model, tiny_tokenizer())
    config.num_hidden_layers = 36
    # Keys and values of 36 layers, 8 heads, 128 wide, in two bytes: 144 KiB.
    assert backbone.kv_bytes_per_token == 2 * 36 * 8 * 128 * 2 == 147_456


def test_the_fingerprint_names_the_weights_in_whatever_dtype(tmp_path):
    folder = save_tiny_backbone(tmp_path / "llm", seed=3)
    made = tiny_backbone(seed=3)
    loaded = [Backbone.load(str(folder), dtype=d) for d in (torch.float32, torch.bfloat16)]
    assert {backbone.fingerprint for backbone in loaded} == {made.fingerprint}
    assert [backbone.dtype for backbone in loaded] == [torch.float32, torch.bfloat16]
    assert len(made.fingerprint) == 16
    assert tiny_backbone(seed=4).fingerprint != made.fingerprint
    assert tiny_backbone(seed=3, layers=2).fingerprint != made.fingerprint


def test_a_saved_backbone_loads_and_answers_the_same(tmp_path, family):
    name = family.model.config.model_type
    folder = save_tiny_backbone(tmp_path / "llm", name)
    loaded = Backbone.load(str(folder), dtype=torch.float32, device="cpu")
    assert loaded.fingerprint == family.fingerprint
    text = "Olá <|im_end|>\n 3 × 4"
    assert loaded.tokenizer.encode(text) == family.tokenizer.encode(text)
    assert torch.equal(loaded.generate(*batch(loaded)), family.generate(*batch(family)))


def test_a_tiny_backbone_comes_from_its_seed_alone():
    state = torch.get_rng_state()
    one, same, other = (tiny_backbone(seed=seed) for seed in (1, 1, 2))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert torch.equal(torch.get_rng_state(), state)


def test_an_unknown_family_is_refused_by_name():
    with pytest.raises(ConfigError, match="'bert'"):
        tiny_backbone("bert")


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_refused_in_a_sentence(tmp_path, device):
    with pytest.raises(BackboneError, match=f"'{device}' cannot be used here") as caught:
        Backbone.load(str(tmp_path), device=device)
    assert one_line(caught.value)


@pytest.mark.parametrize("name", ["no model at all!", "../nowhere", "a/b/c"])
def test_a_name_that_means_nothing_is_refused_in_a_sentence(name):
    with pytest.raises(BackboneError, match="cannot be loaded") as caught:
        Backbone.load(name)
    assert repr(name) in str(caught.value) and one_line(caught.value)


def test_a_folder_without_a_model_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(BackboneError, match="cannot be loaded") as caught:
        Backbone.load(str(tmp_path))
    assert one_line(caught.value)


@pytest.mark.parametrize(
    ("device", "able", "expected"),
    [
        ("cuda", {}, torch.bfloat16),
        ("cpu", {"avx2": True}, torch.float32),
        ("cpu", {"avx512_bf16": False, "amx_bf16": False}, torch.float32),
        ("cpu", {"avx512_bf16": True}, torch.bfloat16),
        ("cpu", {"amx_bf16": True}, torch.bfloat16),
    ],
)
def test_a_cpu_without_bfloat16_arithmetic_computes_in_float32(monkeypatch, device, able, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert fast_dtype(device) is expected
