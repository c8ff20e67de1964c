"""The ledger of an evaluation: one JSON line a prediction, written through, never twice."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from lpm.errors import ConfigError


@dataclass(frozen=True)
class Prediction:
    """One answered and scored question.

    example: `example_id` of the question. option: index of the likeliest option, None where there
    are none. seconds: of answering, and this question's share of learning the user, which is
    prepare_seconds. device: what it was answered on. The other numbers are those of `Reply` and
    `Cost`.
    """

    example: str
    user: str
    cluster: str
    category: str
    prediction: str
    score: float
    option: int | None
    option_right: bool | None
    soft_tokens: int
    prompt_tokens: int
    kv_bytes: int
    params_per_user: int
    params_shared: int
    bytes_per_user: int
    seconds: float
    prepare_seconds: float | None = None
    device: str | None = None


class Ledger:
    """Append-only predictions on disk; what was appended survives a kill."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        """Open a ledger. ConfigError when it exists and is not to be resumed, or is damaged.

        A line that a kill left incomplete is cut off.
        """
        self.path = path
        self._known: dict[str, Prediction] = {}
        if path.exists():
            if not resume:
                raise ConfigError(
                    f"{path} exists already; add --resume to go on with it, or choose another "
                    "--out folder."
                )
            self._read()
        path.parent.mkdir(parents=True, exist_ok=True)

    def _read(self) -> None:
        content = self.path.read_bytes()
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            with self.path.open("rb+") as file:
                file.truncate(len(whole) + 1 if whole else 0)
        names = {item.name for item in fields(Prediction)}
        needed = {item.name for item in fields(Prediction) if item.default is MISSING}
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                found = json.loads(line)
            except ValueError:
                found = None
            if not isinstance(found, dict) or not needed <= set(found) <= names:
                raise ConfigError(
                    f"{self.path}, line {number}, is no prediction; delete the file to start over."
                )
            self._known[found["example"]] = Prediction(**found)

    def __contains__(self, example: object) -> bool:
        return example in self._known

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)

    def append(self, predictions: Sequence[Prediction]) -> None:
        """Write predictions through to the disk; known examples are refused."""
        new = [prediction.example for prediction in predictions]
        if len(set(new)) < len(new) or any(example in self._known for example in new):
            raise ConfigError("An example was scored twice; examples of a benchmark must differ.")
        text = "".join(json.dumps(asdict(item), sort_keys=True) + "\n" for item in predictions)
        with self.path.open("ab") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        self._known.update(zip(new, predictions, strict=True))
