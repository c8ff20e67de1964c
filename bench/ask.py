"""Time what a person waits for: loading, one user's `remember`, and one `answer` after it.

    python bench/ask.py
    python bench/ask.py --fit-steps 60         # a fit by self-study too, which takes minutes
    python bench/ask.py --random-weights

Writes results/speed/ask-BACKBONE.json. The history is that of a synthetic user of the test split.
`--random-weights` makes shared weights of LPM's default sizes, where none that fit are shipped:
what is answered is then meaningless and as long as it happens to be, so mind `answer_tokens`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from statistics import median

import torch

from lpm.backbone import Backbone
from lpm.benchmarks.efficiency.decoder import SMOLLM2
from lpm.benchmarks.efficiency.report import SCHEMA_VERSION, save
from lpm.benchmarks.results import environment
from lpm.benchmarks.synthetic import generate_user
from lpm.model import LatentPersonalMemory
from lpm.modeling import LPMConfig, LPMModel, load_shared
from lpm.store import open_store

FOLDER = Path(__file__).resolve().parent.parent / "results" / "speed"
USER_SEED = 20_000_000


def shared_weights(backbone: Backbone, options: argparse.Namespace) -> LPMModel:
    """Return the shared weights that the options name."""
    if not options.random_weights:
        return load_shared(options.projector, backbone)
    torch.manual_seed(0)
    return LPMModel(LPMConfig(), backbone).eval()


def measure(options: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Load, remember (written, then fitted where steps are asked for) and ask."""
    begin = time.perf_counter()
    model = shared_weights(Backbone.load(device=options.device), options)
    loaded = time.perf_counter() - begin
    user = generate_user(USER_SEED, "test")
    asked = [question.question for question in user.questions[: options.questions]]
    with LatentPersonalMemory(open_store(folder), model) as memory:
        written = memory.remember("written", user.history, refine_steps=0)
        fitted = None
        if options.fit_steps:
            fitted = memory.remember("fitted", user.history, refine_steps=options.fit_steps)
        memory.answer("written", asked[0])
        answers = [memory.answer("written", text) for text in asked]
    return {
        "load_s": loaded,
        "remember_s": written.seconds,
        "remember_fitted_s": fitted.seconds if fitted else None,
        "fit_steps": fitted.steps if fitted else 0,
        "ask_s": median(answer.seconds for answer in answers),
        "asks_s": [answer.seconds for answer in answers],
        "answer_tokens": [
            len(model.backbone.tokenizer.encode(answer.text, add_special_tokens=False))
            for answer in answers
        ],
        "history_turns": user.history.num_turns,
        "soft_tokens": answers[0].soft_tokens,
        "prompt_tokens": answers[0].prompt_tokens,
        "device": str(model.backbone.device),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--projector", type=Path, help="trained weights; the shipped by default")
    weights.add_argument("--random-weights", action="store_true")
    parser.add_argument("--device")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--fit-steps", type=int, default=0, help="also time a fit")
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    load_average = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(options, Path(folder))
    content = {
        "schema_version": SCHEMA_VERSION,
        "kind": "ask",
        "backbone": SMOLLM2.name,
        "random_weights": options.random_weights,
        "threads": options.threads,
        "load_average": load_average,
        **seconds,
        "environment": environment(),
    }
    save(options.out / f"ask-{SMOLLM2.name.lower()}.json", content)
    print({key: value for key, value in seconds.items() if key != "asks_s"})


if __name__ == "__main__":
    main()
