"""Counts by formula are what real models, adapters and caches hold and compute."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import DynamicCache

from lpm.backbone import Backbone
from lpm.benchmarks.efficiency.adapters import adapter_parameters, lora_parameters_by_peft
from lpm.benchmarks.efficiency.counting import (
    MethodCount,
    count_cartridge,
    count_full_context,
    count_lora,
    count_lpm,
    count_methods,
    count_prompt_tuning,
    lpm_config,
)
from lpm.benchmarks.efficiency.decoder import (
    BACKBONES,
    QWEN3,
    SMOLLM2,
    Decoder,
    published_decoder,
    read_decoder,
)
from lpm.benchmarks.efficiency.operations import (
    all_pairs,
    causal_pairs,
    layers_operations,
    lora_operations,
    output_operations,
)
from lpm.benchmarks.efficiency.report import CLAIMED_KV_RATIO, ratios
from lpm.benchmarks.efficiency.timing import (
    full_context_request,
    latent_request,
    message_of,
    time_request,
)
from lpm.embedded import NUM_PARAMETERS
from lpm.errors import ConfigError
from lpm.modeling import LPMConfig, untrained_config
from lpm.testing import make_memory, tiny_backbone, tiny_model

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
# PEFT 0.21 reads a property that transformers 5.23 renames.
peft_warns = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def decoder_of(backbone: Backbone) -> Decoder:
    return read_decoder(backbone.name, "made here", backbone.model)


@pytest.fixture
def backbone() -> Backbone:
    return tiny_backbone()


@pytest.mark.parametrize("sizes", QWEN3, ids=lambda sizes: sizes.name)
def test_published_sizes_are_those_of_the_published_file(sizes):
    path = DATA / sizes.name.lower() / "config.json"
    if not path.is_file():
        pytest.skip(f"{path.parent.name}/config.json is not at hand")
    published = json.loads(path.read_text(encoding="utf-8"))
    ours = {key: value for key, value in vars(sizes).items() if key not in ("name", "source")}
    assert {key: published[key] for key in ours} == ours


def test_the_default_backbone_has_as_many_parameters_as_its_conversion_demands():
    assert published_decoder(SMOLLM2).parameters == NUM_PARAMETERS


@pytest.mark.parametrize("family", ["qwen3", "llama"])
@pytest.mark.parametrize("rank", [1, 8])
def test_lora_is_counted_as_peft_builds_it(family, rank):
    backbone = tiny_backbone(family)
    counted = count_lora(decoder_of(backbone), rank, 5).params_per_user
    assert counted == adapter_parameters(backbone.model, rank)


def test_lora_at_a_published_size_is_counted_as_peft_builds_it():
    sizes = QWEN3[0]
    counted = count_lora(published_decoder(sizes), 64, 5).params_per_user
    assert counted == lora_parameters_by_peft(sizes, 64)


@peft_warns
def test_cartridge_and_prompt_tuning_are_counted_as_peft_builds_them():
    import peft

    counts = {
        peft.CartridgeConfig: count_cartridge,
        peft.PromptTuningConfig: count_prompt_tuning,
    }
    for config, count in counts.items():
        backbone = tiny_backbone()
        counted = count(decoder_of(backbone), 7, 5).params_per_user
        made = peft.get_peft_model(
            backbone.model, config(task_type="CAUSAL_LM", num_virtual_tokens=7)
        )
        assert counted == made.get_nb_trainable_parameters()[0], config.__name__


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", ["qwen3", "llama"])
def test_kv_bytes_are_those_of_a_real_cache(family, dtype):
    backbone = tiny_backbone(family, dtype=dtype)
    cache = DynamicCache(config=backbone.text_config)
    backbone.model(torch.arange(1, 12)[None], past_key_values=cache, use_cache=True)
    held = sum(
        part.numel() * part.element_size()
        for layer in cache.layers
        for part in (layer.keys, layer.values)
    )
    decoder = decoder_of(backbone)
    assert held == count_full_context(decoder, 8, 3).request_kv_bytes
    assert decoder.kv_bytes_per_token == backbone.kv_bytes_per_token


@pytest.mark.parametrize("held", [0, 9])
def test_prefill_operations_are_those_that_pytorch_counts(backbone, held):
    new, model, decoder = 6, backbone.model, decoder_of(backbone)
    model.set_attn_implementation("eager")
    cache = DynamicCache(config=backbone.text_config)
    if held:
        model(torch.ones(1, held, dtype=torch.long), past_key_values=cache)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.ones(1, new, dtype=torch.long), past_key_values=cache, logits_to_keep=1)
    expected = layers_operations(decoder, new, all_pairs(new, held)) + output_operations(decoder)
    assert counter.get_total_flops() == expected


def test_a_causal_pair_is_a_token_and_itself_or_one_before_it():
    for new, held in ((1, 0), (5, 0), (3, 4)):
        mask = torch.ones(new, held + new).tril(diagonal=held)
        assert causal_pairs(new, held) == int(mask.sum())


def test_lora_adds_the_operations_that_pytorch_counts(backbone):
    ids, decoder = torch.ones(1, 6, dtype=torch.long), decoder_of(backbone)
    totals = []
    for adapted in (False, True):
        if adapted:
            adapter_parameters(backbone.model, 4)
            for name, parameter in list(backbone.model.named_parameters()):
                if "lora_" in name:
                    owner, _, field = name.rpartition(".")
                    real = torch.nn.Parameter(torch.zeros(parameter.shape))
                    setattr(backbone.model.get_submodule(owner), field, real)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            backbone.model(ids, logits_to_keep=1)
        totals.append(counter.get_total_flops())
    assert totals[1] - totals[0] == lora_operations(decoder, 4, 6)


def test_lpm_is_counted_as_memory_and_model_hold_it(backbone):
    model = tiny_model(backbone)
    count = count_lpm(decoder_of(backbone), model.config, 5)
    memory = make_memory(model=model)
    assert count.params_per_user == memory.slots.numel()
    assert count.bytes_per_user == memory.slots.numel() * memory.slots.element_size()
    assert count.params_shared == sum(parameter.numel() for parameter in model.parameters())
    rows, _ = model.projector(memory.slots[None], model.queries(["Where do I live?"]))
    assert count.added_tokens == rows.shape[1]
    assert count.kv_bytes == rows.shape[1] * backbone.kv_bytes_per_token


def test_reading_a_message_first_costs_layers_of_their_own(backbone):
    decoder = decoder_of(backbone)
    shallow, deep = (
        count_lpm(decoder, tiny_model(backbone, layers=layers).config, 50).prefill_operations
        for layers in ((0, 1), (0, 3))
    )
    assert deep - shallow == layers_operations(decoder, 50, causal_pairs(50), 2)


def test_reading_is_counted_where_messages_can_ask_for_the_past(backbone):
    decoder = decoder_of(backbone)
    plain, past = (
        count_lpm(decoder, tiny_model(backbone, past=past).config, 50).prefill_operations
        for past in (False, True)
    )
    assert past > plain


def test_lpm_reads_the_layers_that_an_untrained_projector_reads():
    backbone = tiny_backbone(layers=28, hidden_size=16)
    expected, config = untrained_config(backbone), lpm_config(decoder_of(backbone))
    assert config.layers == expected.layers
    assert config.hidden_size == backbone.hidden_size
    assert config.num_soft_tokens == expected.num_soft_tokens


def test_sizes_of_trained_weights_are_taken_over(backbone, tmp_path):
    model = tiny_model(backbone)
    model.save_pretrained(tmp_path)
    config = lpm_config(published_decoder(QWEN3[0]), tmp_path)
    assert config.num_soft_tokens == model.config.num_soft_tokens
    assert config.writer.slot_dim == model.config.writer.slot_dim
    assert config.hidden_size == QWEN3[0].hidden_size


def test_storing_a_full_context_trades_operations_for_bytes(backbone):
    decoder = decoder_of(backbone)
    read = count_full_context(decoder, 500, 5)
    stored = count_full_context(decoder, 500, 5, cached=True)
    assert stored.kv_bytes == read.kv_bytes == stored.bytes_per_user > read.bytes_per_user
    assert stored.prefill_operations < read.prefill_operations
    assert read.params_per_user == stored.params_per_user == 0


def tiny_counts(backbone: Backbone, context_tokens: tuple[int, ...]) -> tuple[MethodCount, ...]:
    config = tiny_model(backbone).config
    return count_methods(
        decoder_of(backbone), config, message_tokens=5, context_tokens=context_tokens
    )


def test_the_claimed_ratio_holds_from_the_stated_history_on(backbone):
    least = ratios(tiny_counts(backbone, (1,))).context_for_claim
    found = ratios(tiny_counts(backbone, (least - 1, least))).request_kv
    assert found[least - 1] < CLAIMED_KV_RATIO <= found[least]


def test_ratios_divide_by_lpm(backbone):
    counts = tiny_counts(backbone, (100,))
    own = counts[0]
    (full,) = [count for count in counts if count.method == "full-context"]
    found = ratios(counts)
    assert found.kv[100] * own.added_tokens == pytest.approx(100)
    assert found.prefill[100] * own.prefill_operations == pytest.approx(full.prefill_operations)
    for rank in (8, 16, 64):
        lora = count_lora(decoder_of(backbone), rank, 5).params_per_user
        assert found.lora_parameters[rank] * own.params_per_user == pytest.approx(lora)


@pytest.mark.parametrize("family", ["gemma2", "mistral"])
def test_a_backbone_whose_windows_slide_is_refused(family):
    with pytest.raises(ConfigError, match="full attention"):
        decoder_of(tiny_backbone(family))


@pytest.mark.parametrize("sizes", BACKBONES, ids=lambda sizes: sizes.name)
def test_committed_counts_are_what_is_counted_today(sizes):
    path = ROOT / "results" / "efficiency" / f"{sizes.name.lower()}.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    counts = count_methods(
        published_decoder(sizes),
        LPMConfig(**report["lpm"]["config"]),
        message_tokens=report["message_tokens"],
    )
    assert report["counts"] == [vars(count) for count in counts], "run python bench/efficiency.py"


def test_lpm_takes_at_least_120_times_fewer_parameters_than_lora():
    for sizes in BACKBONES:
        decoder = published_decoder(sizes)
        own = count_lpm(decoder, lpm_config(decoder), 64).params_per_user
        assert count_lora(decoder, 8, 64).params_per_user >= 120 * own


def test_a_timed_request_reads_what_it_says(backbone):
    model, message = tiny_model(backbone), message_of(backbone, 20)
    own = time_request("lpm", backbone, latent_request(model, message), new_tokens=3, repeats=2)
    full = time_request(
        "full-context",
        backbone,
        full_context_request(backbone, message, 150, 3),
        new_tokens=3,
        repeats=1,
    )
    prompt = own.read_tokens - model.config.num_soft_tokens
    assert 20 < prompt < 150 - 3
    assert full.read_tokens == 147
    assert full.context_tokens == 150
    assert len(own.first_tokens_s) == 2
    assert own.first_token_s > 0 < own.decode_tokens_per_s


def test_a_context_without_room_for_a_history_is_refused(backbone):
    with pytest.raises(ConfigError, match="no room"):
        full_context_request(backbone, message_of(backbone, 20), 30, 3)
