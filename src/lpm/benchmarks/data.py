"""Fetch the public benchmark files: shown before, verified after, in place whole or not at all."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path

from lpm.errors import ConfigError, DownloadError

CHUNK_BYTES = 1 << 20
TIMEOUT_S = 30.0
PARTIAL = ".part"

Progress = Callable[[str, int, int | None], None]
"""Told (file name, bytes done, bytes in all or None when unknown)."""


@dataclass(frozen=True)
class RemoteFile:
    """One file to fetch; size in bytes and sha256 are None where they are not known beforehand."""

    name: str
    url: str
    size_bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class DataSet:
    """A public data set: where it is from and under which licence.

    parts: its files, by the name of the part to choose (`default` if nobody chooses).
    """

    name: str
    source: str
    licence: str
    note: str
    parts: dict[str, tuple[RemoteFile, ...]]
    default: str

    def files(self, part: str | None = None) -> tuple[RemoteFile, ...]:
        """Return the files of a part; ConfigError for an unknown one."""
        part = part or self.default
        if part not in self.parts:
            raise ConfigError(
                f"Data set {self.name!r} has no part {part!r}; choose {', '.join(self.parts)}."
            )
        return self.parts[part]


@dataclass(frozen=True)
class Fetched:
    """A file in its place. verified: its hash was known before and holds."""

    name: str
    url: str
    size_bytes: int
    sha256: str
    verified: bool


_LOCOMO_COMMIT = "3eb6f2c585f5e1699204e3c3bdf7adc5c28cb376"
_PERSONAMEM = "https://huggingface.co/datasets/bowen-upenn/PersonaMem-v1"


def _personamem_files(split: str) -> tuple[RemoteFile, ...]:
    names = (f"questions_{split}.csv", f"shared_contexts_{split}.jsonl")
    return tuple(RemoteFile(name, f"{_PERSONAMEM}/resolve/main/{name}") for name in names)


DATA_SETS = {
    "locomo": DataSet(
        name="locomo",
        source="https://github.com/snap-research/locomo",
        licence="CC BY-NC 4.0",
        note="for evaluation alone, not for commercial use; do not pass it on with this project",
        parts={
            "10": (
                RemoteFile(
                    "locomo10.json",
                    "https://raw.githubusercontent.com/snap-research/locomo/"
                    f"{_LOCOMO_COMMIT}/data/locomo10.json",
                    2_805_274,
                    "79fa87e90f04081343b8c8debecb80a9a6842b76a7aa537dc9fdf651ea698ff4",
                ),
            )
        },
        default="10",
    ),
    "personamem": DataSet(
        name="personamem",
        source=_PERSONAMEM,
        licence="MIT",
        note="version 1; the publisher pins no revision, so the hashes found are written down",
        parts={split: _personamem_files(split) for split in ("32k", "128k", "1M")},
        default="32k",
    ),
}


def find_data_set(name: str) -> DataSet:
    """Return a data set by name; ConfigError, with the nearest name, for an unknown one."""
    if name in DATA_SETS:
        return DATA_SETS[name]
    near = get_close_matches(name.lower(), DATA_SETS, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    raise ConfigError(
        f"There is no data set {name!r}{hint}; known are {', '.join(sorted(DATA_SETS))}."
    )


def fetch(
    data_set: DataSet, folder: Path, part: str | None = None, progress: Progress | None = None
) -> tuple[Fetched, ...]:
    """Fetch the files of a part into a folder and record their hashes in `<name>.source.json`.

    A file already there with the known or recorded hash is kept. Raises DownloadError, one
    sentence, when there is no network or a hash is wrong; no file with its final name is half-made.
    """
    record_path = folder / f"{data_set.name}.source.json"
    record = _read_record(record_path)
    found: list[Fetched] = []
    for file in data_set.files(part):
        target = folder / file.name
        known = file.sha256 or record.get(file.name, {}).get("sha256")
        if not (target.is_file() and known and _sha256(target) == known):
            _download(file, target, progress or (lambda name, done, total: None))
        sha256 = _sha256(target)
        size = target.stat().st_size
        found.append(Fetched(file.name, file.url, size, sha256, file.sha256 is not None))
        record[file.name] = asdict(found[-1])
        _write(record_path, record, data_set)
    return tuple(found)


def remote_size(file: RemoteFile) -> int | None:
    """Ask the server for a file's size in bytes, None if it does not say; DownloadError offline."""
    if file.size_bytes is not None:
        return file.size_bytes
    try:
        request = urllib.request.Request(file.url, method="HEAD")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length")
            return int(length) if length and length.isdigit() else None
    except (OSError, http.client.HTTPException) as error:
        raise _failure(file, error) from error


def _download(file: RemoteFile, target: Path, progress: Progress) -> None:
    """Download beside the target, going on where an earlier try stopped, then rename."""
    partial = target.with_name(target.name + PARTIAL)
    done = partial.stat().st_size if partial.is_file() else 0
    if file.size_bytes is not None and done > file.size_bytes:
        partial.unlink()
        done = 0
    try:
        if done != file.size_bytes:
            _stream(file, partial, done, progress)
    except (OSError, http.client.HTTPException) as error:
        raise _failure(file, error) from error
    sha256 = _sha256(partial)
    if file.sha256 is not None and sha256 != file.sha256:
        partial.unlink()
        raise DownloadError(
            f"{file.name} should have sha256 {file.sha256}, but what came has {sha256}; it was "
            "thrown away: try again, and if it stays so, the publisher has changed the file."
        )
    os.replace(partial, target)


def _stream(file: RemoteFile, partial: Path, done: int, progress: Progress) -> None:
    headers = {"Range": f"bytes={done}-"} if done else {}
    request = urllib.request.Request(file.url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not done:
            raise
        # What lies there is no beginning of this file: start over.
        error.close()
        partial.unlink()
        _stream(file, partial, 0, progress)
        return
    with answer:
        if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
            done = 0
        length = answer.headers.get("Content-Length")
        total = done + int(length) if length and length.isdigit() else file.size_bytes
        # Made only now: without a network no folder and no file appears.
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab" if done else "wb") as out:
            while chunk := answer.read(CHUNK_BYTES):
                out.write(chunk)
                done += len(chunk)
                progress(file.name, done, total)
        if total is not None and done < total:
            raise http.client.IncompleteRead(b"", total - done)


def _failure(file: RemoteFile, error: Exception) -> DownloadError:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
    reason = " ".join(str(reason or type(error).__name__).split())[:200]
    return DownloadError(
        f"{file.name} could not be fetched from {file.url} ({reason}); check the network and run "
        "the same command again, or put the file there by hand."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_record(path: Path) -> dict[str, dict[str, str]]:
    try:
        files = json.loads(path.read_bytes())["files"]
        return {str(key): dict(value) for key, value in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # absent or damaged: the files are fetched and recorded again


def _write(path: Path, files: dict[str, dict[str, str]], data_set: DataSet) -> None:
    record = {"source": data_set.source, "licence": data_set.licence, "files": files}
    partial = path.with_name(path.name + PARTIAL)
    partial.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(partial, path)
