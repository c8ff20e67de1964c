"""Strict settings of methods: unknown keys and values of the wrong type are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from lpm.errors import ConfigError

SettingsT = TypeVar("SettingsT")


def build_settings(kind: type[SettingsT], given: Mapping[str, object], owner: str) -> SettingsT:
    """Return the settings dataclass `kind` with the given values.

    owner: names the method in errors. Raises ConfigError for an unknown key or a wrong type.
    """
    known = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    hints = get_type_hints(kind)
    for key, value in given.items():
        if key not in known:
            raise ConfigError(
                f"Method '{owner}' has no setting '{key}'{did_you_mean(key, known)} "
                f"It knows {', '.join(known) or 'none'}."
            )
        if not _fits(value, hints[key]):
            raise ConfigError(
                f"Setting '{key}' of method '{owner}' must be {_spell(hints[key])}, "
                f"but is {value!r}."
            )
    return kind(**given)


def did_you_mean(given: str, known: list[str]) -> str:
    """Return " - did you mean …?" with the nearest known name, or a full stop."""
    close = get_close_matches(given, known, n=1)
    return f" - did you mean '{close[0]}'?" if close else "."


def require_at_least(settings: object, **least: float) -> None:
    """Raise ConfigError when a setting is below its least value."""
    for name, smallest in least.items():
        value = getattr(settings, name)
        if value is not None and not value >= smallest:
            raise ConfigError(f"`{name}` must be at least {smallest}, but is {value!r}.")


def _fits(value: object, hint: Any) -> bool:
    kinds = get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)
    for kind in kinds:
        if get_origin(kind) is Literal:
            if value in get_args(kind):
                return True
        elif kind is float:
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return True
        elif kind in (bool, NoneType):
            if isinstance(value, kind):
                return True
        elif isinstance(value, kind) and not isinstance(value, bool):
            return True
    return False


def _spell(hint: Any) -> str:
    kinds = get_args(hint) if get_origin(hint) in (UnionType, Union) else (hint,)
    words = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            words += [repr(value) for value in get_args(kind)]
        else:
            words.append("None" if kind is NoneType else kind.__name__)
    return " or ".join(words)
