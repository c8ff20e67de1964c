"""Run a command beside a vLLM server with a small backbone of random weights, on this CPU.

    python scripts/with_vllm.py -- python -m pytest tests/vllm

vLLM comes from .venv-vllm, see `make test-vllm`. The command finds the server by LPM_VLLM_URL,
LPM_VLLM_KEY and LPM_VLLM_BACKBONE, the backbone's folder; its exit status is returned.
"""

from __future__ import annotations

import argparse
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lpm.testing import save_tiny_backbone

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
NAME, HIDDEN_SIZE, START_S = "tiny-qwen3", 128, 300.0
# One core for the engine, and the same arithmetic at every batch size.
SURROUNDINGS = {
    "OMP_NUM_THREADS": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "HF_HUB_OFFLINE": "1",
}


def free_port() -> int:
    """Return a port of loopback that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[dict[str, str]]:
    """Serve a backbone written to `folder` until the block ends; yield the variables to find it."""
    backbone = save_tiny_backbone(folder / "backbone", hidden_size=HIDDEN_SIZE)
    port, key = free_port(), secrets.token_urlsafe(16)
    command = [
        *(str(PYTHON), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", str(backbone), "--served-model-name", NAME),
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--enable-prompt-embeds", "--dtype", "float32", "--max-model-len", "1024"),
        *("--enforce-eager", "--max-num-seqs", "64", "--disable-uvicorn-access-log"),
        *options,
    ]
    # The key travels in the environment: a command line is for all to read.
    environment = os.environ | SURROUNDINGS | {"VLLM_API_KEY": key}
    log = folder / "vllm.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(process, f"{url}/health", log)
        yield {"LPM_VLLM_URL": url, "LPM_VLLM_KEY": key, "LPM_VLLM_BACKBONE": str(backbone)}
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    last = log.read_text(errors="replace").splitlines()[-15:]
    raise SystemExit("\n".join([*last, "vLLM did not start; its last words stand above."]))


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", nargs="+", help="what to run, after --")
    command = parser.parse_args().command
    if not PYTHON.is_file():
        raise SystemExit("There is no .venv-vllm; `make test-vllm` sets it up.")
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as found:
        return subprocess.run(command, env=os.environ | found, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
