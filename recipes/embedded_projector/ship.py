"""Write trained weights into the package, in bfloat16, under the backbone's fingerprint.

python recipes/embedded_projector/ship.py runs/embedded/model
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from lpm.modeling import SHIPPED, LPMModel

MAX_PROJECTOR_BYTES = 8_000_000
MAX_BYTES = 16_000_000
_BYTES_A_WEIGHT = 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trained", type=Path)
    options = parser.parse_args()
    model = LPMModel.from_pretrained(options.trained, dtype=torch.float32)
    model.config.trained = True
    model.to(torch.bfloat16)
    folder = SHIPPED / model.config.backbone
    model.save_pretrained(folder)
    size = (folder / "model.safetensors").stat().st_size
    reading = _BYTES_A_WEIGHT * sum(
        weight.numel() for name, weight in model.state_dict().items() if "writer" not in name
    )
    if size > MAX_BYTES or reading > MAX_PROJECTOR_BYTES:
        raise SystemExit(
            f"The weights take {size} bytes, {reading} of them to read, but at most {MAX_BYTES} "
            f"and {MAX_PROJECTOR_BYTES} are shipped."
        )
    print(f"{folder}: {size} bytes, {reading} of them to read memories")


if __name__ == "__main__":
    main()
