"""Count what every method takes at published sizes; no weights, no timing, about ten seconds.

    python bench/efficiency.py
    python bench/efficiency.py --projector src/lpm/weights/FINGERPRINT

Writes one file a backbone to results/efficiency/. LoRA is counted twice, by formula and by PEFT,
and nothing is written where the two differ.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from lpm.benchmarks.efficiency.adapters import lora_parameters_by_peft
from lpm.benchmarks.efficiency.counting import LORA_RANKS, MESSAGE_TOKENS, count_methods, lpm_config
from lpm.benchmarks.efficiency.decoder import BACKBONES, PublishedSizes, published_decoder
from lpm.benchmarks.efficiency.report import document, save
from lpm.benchmarks.results import environment

FOLDER = Path(__file__).resolve().parent.parent / "results" / "efficiency"


def count(sizes: PublishedSizes, options: argparse.Namespace) -> None:
    """Count all methods on one backbone, write its file and print a line."""
    decoder = published_decoder(sizes)
    config = lpm_config(decoder, options.projector)
    counts = count_methods(decoder, config, message_tokens=options.message_tokens)
    by_formula = {c.size: c.params_per_user for c in counts if c.method == "lora"}
    by_peft = {rank: lora_parameters_by_peft(sizes, rank) for rank in LORA_RANKS}
    if by_formula != by_peft:
        raise SystemExit(f"{sizes.name}: LoRA has {by_peft} by PEFT, but {by_formula} by formula.")
    path = options.out / f"{sizes.name.lower()}.json"
    content = document(decoder, config, counts, options.message_tokens, by_peft, environment())
    save(path, content)
    print(f"{path.name}: {len(counts)} rows, LPM {counts[0].params_per_user:,} a user", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--projector", type=Path, help="trained weights whose sizes LPM has")
    parser.add_argument("--message-tokens", type=int, default=MESSAGE_TOKENS)
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    for sizes in BACKBONES:
        count(sizes, options)


if __name__ == "__main__":
    main()
