"""The real embedded backbone: converted rightly and served from the cache without network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from lpm.embedded import NUM_PARAMETERS, embedded_backbone_path
from lpm.errors import BackboneError

FRESH_PROCESS = """
import socket, sys
def refuse(*_):
    raise RuntimeError("the network was touched")
socket.socket.connect = socket.getaddrinfo = refuse
from lpm.embedded import embedded_backbone_path
from transformers import AutoModelForCausalLM, AutoTokenizer
folder = embedded_backbone_path(progress=False)
AutoModelForCausalLM.from_pretrained(folder)
AutoTokenizer.from_pretrained(folder)
print(folder)
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    try:
        return embedded_backbone_path(progress=False)
    except BackboneError as error:
        pytest.skip(f"the embedded backbone is neither cached nor fetchable: {error}")


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return AutoModelForCausalLM.from_pretrained(folder)


def test_it_has_135_million_bfloat16_parameters(model: Any) -> None:
    assert sum(p.numel() for p in model.parameters()) == NUM_PARAMETERS
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not hasattr(model.config, "quantization_config")


def test_it_knows_the_capital_of_france(folder: Path, model: Any) -> None:
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.pad_token == tokenizer.eos_token == "<|im_end|>"
    question = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(
        question, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    output = model.generate(**inputs, max_new_tokens=16, do_sample=False)
    assert "Paris" in tokenizer.decode(output[0, inputs["input_ids"].shape[1] :])


def test_a_fresh_process_loads_it_without_network(folder: Path) -> None:
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder)
