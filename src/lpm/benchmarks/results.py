"""Result files: one typed JSON document a measurement (EVALUATION.md, publishing rules)."""

from __future__ import annotations

import json
import math
import platform
import subprocess
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lpm.errors import ConfigError
from lpm.files import write_atomic

SCHEMA_VERSION = 1
_LIBRARIES = ("torch", "transformers", "peft", "safetensors")


@dataclass(frozen=True)
class Result:
    """One method's score on one benchmark setting, with all that is needed to read it.

    seconds: wall time of fitting and answering. stderr: standard error clustered by user.
    params_per_user and params_shared: trained floats; bytes_per_user: stored; both of the user who
    takes most. kv_bytes: mean cache of a request: rows, text and learnt prefix. by_kind: score and
    n of each question kind. metric: what `overall` means; `score` is the benchmark's own rule,
    `option-likelihood` the share of questions whose right option is the likeliest. macro: mean over
    question kinds. by_kind_stderr: clustered standard error of each kind's score, where there are
    two users or more. prepare_seconds: the part of `seconds` that users took to learn.
    history_tokens: mean length of a user's history. question_set, user_set: names of what was asked
    and of whom, the same for the same questions and users. These five are absent from older files.
    """

    benchmark: str
    mode: str
    split: str
    backbone: str
    backbone_fingerprint: str
    method: str
    settings: dict[str, Any]
    seed: int
    overall: float
    stderr: float
    n: int
    num_users: int
    params_per_user: int
    params_shared: int
    bytes_per_user: int
    kv_bytes: int
    soft_tokens: int
    prompt_tokens: float
    seconds: float
    by_kind: dict[str, list[float]]
    metric: str = "score"
    macro: float | None = None
    macro_stderr: float | None = None
    by_kind_stderr: dict[str, float] = field(default_factory=dict)
    prepare_seconds: float | None = None
    history_tokens: float | None = None
    question_set: str | None = None
    user_set: str | None = None
    schema_version: int = SCHEMA_VERSION
    environment: dict[str, str] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the result as JSON, keys sorted; an unknown error is null. Whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {key: _or_none(value) for key, value in asdict(self).items()}
        text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n"
        write_atomic(path, text.encode())

    @classmethod
    def load(cls, path: Path) -> Result:
        """Read a result file; ConfigError when it is none, or of another schema version."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            known = {item.name for item in fields(cls)}
            unknown = sorted(set(found) - known)
            if unknown or found["schema_version"] != SCHEMA_VERSION:
                raise ConfigError(
                    f"{path.name} is no result file of schema version {SCHEMA_VERSION}"
                    + (f": it has {unknown[0]!r}." if unknown else ".")
                )
            result = cls(**found | {"stderr": _or_nan(found["stderr"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                f"{path.name} cannot be read as a result file ({type(error).__name__}); measure "
                "again with `lpm eval`."
            ) from error
        result.check()
        return result

    def check(self) -> None:
        """Raise ConfigError when a number cannot be: a score beyond 0 to 1, a negative count."""
        shares = [self.overall, *(value for value, _ in self.by_kind.values())]
        counts = [self.n, self.num_users, self.params_per_user, self.params_shared,
                  self.bytes_per_user, self.kv_bytes, self.soft_tokens]  # fmt: skip
        if not all(0 <= share <= 1 for share in shares) or min(counts) < 0 or self.n < 1:
            raise ConfigError(
                f"The result of {self.method!r} on {self.benchmark!r} holds a score beyond 0 to 1 "
                "or a negative count; measure again."
            )


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def environment() -> dict[str, str]:
    """Return library versions, the machine's kind and the git commit."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
        found["commit"] = commit.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found["commit"] = "unknown"
    return found
