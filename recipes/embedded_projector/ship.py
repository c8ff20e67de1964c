"""Write trained weights into the package, in bfloat16, under the backbone's fingerprint.

python recipes/embedded_projector/ship.py runs/embedded/model
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from lpm.modeling import SHIPPED, LPMModel

MAX_BYTES = 8_000_000


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
    if size > MAX_BYTES:
        raise SystemExit(f"The weights take {size} bytes, but at most {MAX_BYTES} are shipped.")
    print(f"{folder}: {size} bytes")


if __name__ == "__main__":
    main()
