"""Measure time to first token, decode rate and peak memory: LPM's rows against full context.

    python bench/latency.py                                 # embedded backbone, 512 to 8K tokens
    python bench/latency.py --quick                         # up to 1K tokens, about a minute
    python bench/latency.py --random-weights Qwen3-8B       # needs CUDA, 4K to 128K tokens

Writes results/speed/latency-BACKBONE-DEVICE.json. On a CPU every request is measured in a process
of its own, so that no peak is another one's. LPM has random shared weights of its default sizes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import torch

from lpm.backbone import Backbone
from lpm.benchmarks.efficiency.counting import MESSAGE_TOKENS, lpm_config
from lpm.benchmarks.efficiency.decoder import QWEN3, SMOLLM2, read_decoder
from lpm.benchmarks.efficiency.report import SCHEMA_VERSION, save
from lpm.benchmarks.efficiency.timing import (
    RequestTime,
    full_context_request,
    latent_request,
    message_of,
    random_backbone,
    time_request,
)
from lpm.benchmarks.results import environment
from lpm.modeling import LPMModel
from lpm.testing import tiny_tokenizer

FOLDER = Path(__file__).resolve().parent.parent / "results" / "speed"
CPU_TOKENS = (512, 1024, 2048, 4096, 8192)
CUDA_TOKENS = (4096, 16384, 32768, 65536, 131072)
QUICK_TOKENS = (512, 1024)


def measure(
    backbone: Backbone, context_tokens: int | None, new_tokens: int, repeats: int
) -> RequestTime:
    """Measure full context at a length, or LPM where there is none."""
    message = message_of(backbone, MESSAGE_TOKENS)
    if context_tokens is None:
        decoder = read_decoder(backbone.name, "as loaded", backbone.model)
        torch.manual_seed(0)
        model = LPMModel(lpm_config(decoder), backbone).to(backbone.device).eval()
        return time_request(
            "lpm", backbone, latent_request(model, message), new_tokens=new_tokens, repeats=repeats
        )
    request = full_context_request(backbone, message, context_tokens, new_tokens)
    return time_request("full-context", backbone, request, new_tokens=new_tokens, repeats=repeats)


def measure_embedded(
    context_tokens: int | None, new_tokens: int, repeats: int, threads: int
) -> RequestTime:
    """Load the embedded backbone on the CPU and measure one request; run in a fresh process."""
    torch.set_num_threads(threads)
    return measure(Backbone.load(device="cpu"), context_tokens, new_tokens, repeats)


def on_cpu(options: argparse.Namespace, lengths: Sequence[int]) -> Iterator[RequestTime]:
    """Yield the measurements of the embedded backbone, one process each."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as pool:
        for length in (None, *lengths):
            given = (length, options.new_tokens, options.repeats, options.threads)
            yield pool.submit(measure_embedded, *given).result()


def on_cuda(options: argparse.Namespace, lengths: Sequence[int]) -> Iterator[RequestTime]:
    """Yield the measurements of a random-weight Qwen3."""
    if not torch.cuda.is_available():
        raise SystemExit("`--random-weights` needs a CUDA device, but torch finds none here.")
    (sizes,) = [sizes for sizes in QWEN3 if sizes.name == options.random_weights]
    torch.manual_seed(0)
    backbone = random_backbone(sizes, tiny_tokenizer(), "cuda", max(lengths))
    for length in (None, *lengths):
        yield measure(backbone, length, options.new_tokens, options.repeats)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--random-weights", choices=[sizes.name for sizes in QWEN3])
    parser.add_argument("--lengths", type=int, nargs="+", help="tokens of message, answer, history")
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--quick", action="store_true", help="short contexts, one repeat")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    name, device, lengths, run = SMOLLM2.name, "cpu", CPU_TOKENS, on_cpu
    if options.random_weights:
        name, device, lengths, run = options.random_weights, "cuda", CUDA_TOKENS, on_cuda
    if options.quick:
        lengths, options.repeats, options.new_tokens = QUICK_TOKENS, 1, 8
    load_average = os.getloadavg()[0]
    rows = []
    for row in run(options, options.lengths or lengths):
        rows.append(row)
        print(
            f"{row.method} {row.context_tokens:,}: first token {row.first_token_s:.3f} s, then "
            f"{row.decode_tokens_per_s:.1f} tokens a second",
            flush=True,
        )
    content = {
        "schema_version": SCHEMA_VERSION,
        "kind": "latency",
        "backbone": name,
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "threads": options.threads,
        "load_average": load_average,
        "random_weights": bool(options.random_weights),
        "message_tokens": MESSAGE_TOKENS,
        "new_tokens": options.new_tokens,
        "repeats": options.repeats,
        "rows": [asdict(row) for row in rows],
        "environment": environment(),
    }
    save(options.out / f"latency-{name.lower()}-{device}.json", content)


if __name__ == "__main__":
    main()
