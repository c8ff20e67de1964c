"""Methods by name: the project's own, and those that other packages register."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from lpm.backbone import Backbone
from lpm.errors import ConfigError
from lpm.methods.contract import Method
from lpm.methods.studied import Studies
from lpm.modeling import LPMModel, load_shared

ENTRY_POINT_GROUP = "lpm.methods"
"""An entry point of this group names a callable `(Parts, settings: dict) -> Method`."""


class Parts:
    """What methods are built from; the shared weights are loaded when a method first asks."""

    def __init__(
        self, backbone: Backbone, projector: str | None = None, studies: Path | None = None
    ) -> None:
        """projector: a folder, the shipped one by default. studies: where self-study is kept."""
        self.backbone = backbone
        self._projector = projector
        self._folder = studies

    @cached_property
    def model(self) -> LPMModel:
        """Return the projector and writer that belong to the backbone."""
        return load_shared(self._projector, self.backbone)

    @cached_property
    def studies(self) -> Studies:
        """Return what trained methods are taught from."""
        return Studies(self.backbone, self.model, self._folder)


@dataclass(frozen=True)
class _Own:
    module: str
    kind: str
    settings: str | None
    takes: tuple[str, ...] = ("backbone",)


_TRAINED = ("studies",)
_OWN = {
    "no-memory": _Own("plain", "NoMemory", None),
    "full-context": _Own("plain", "FullContext", "FullContextSettings"),
    "rag-bm25": _Own("retrieval", "BM25", "RetrievalSettings"),
    "rag-dense": _Own("retrieval", "Dense", "RetrievalSettings"),
    "prompt-tuning": _Own("adapted", "TunedPrompt", "PromptTrainingSettings", _TRAINED),
    "prefix-tuning": _Own("prefix", "PrefixTuning", "PrefixSettings", _TRAINED),
    "lora": _Own("adapted", "AdaptedLora", "LoraTrainingSettings", _TRAINED),
    "cartridge": _Own("prefix", "Cartridge", "CartridgeSettings", _TRAINED),
    "lpm": _Own("latent", "Latent", "LatentSettings", ("model",)),
    "hybrid": _Own("latent", "Hybrid", "HybridSettings", ("model",)),
    "empty-memory": _Own("latent", "EmptyMemory", "LatentSettings", ("model",)),
    "swapped-user": _Own("latent", "Latent", "LatentSettings", ("model",)),
    "blind": _Own("plain", "NoMemory", None),
    "blind-trained": _Own("constant", "BlindTrained", "ConstantSettings", ("model", "studies")),
}

SWAPPED_USER = "swapped-user"
"""LPM as it is; whoever runs it prepares it with another user's history."""


def method_names() -> tuple[str, ...]:
    """Return the names that `build_method` knows, sorted; no method is imported for it."""
    return tuple(sorted({*_OWN, *_registered()}))


def build_method(name: str, parts: Parts, settings: Mapping[str, object] | None = None) -> Method:
    """Build a method from its name and settings; only what it needs is imported and loaded.

    Raises ConfigError for an unknown name or setting, with the nearest known one.
    """
    given = dict(settings or {})
    if name not in _OWN:
        return _foreign(name)(parts, given)
    own = _OWN[name]
    module = import_module(f"lpm.methods.{own.module}")
    arguments: list[Any] = [getattr(parts, part) for part in own.takes]
    kind = settings_type(name)
    if kind is not None:
        from lpm.methods.settings import build_settings

        arguments.append(build_settings(kind, given, name))
    elif given:
        raise ConfigError(f"Method '{name}' has no settings, but got {', '.join(given)}.")
    method: Method = getattr(module, own.kind)(*arguments)
    method.name = name
    return method


def settings_type(name: str) -> type | None:
    """Return the settings dataclass of a method; None for one without, or of another package."""
    own = _OWN.get(name)
    if own is None or own.settings is None:
        return None
    kind: type = getattr(import_module(f"lpm.methods.{own.module}"), own.settings)
    return kind


def check_method(name: str) -> None:
    """Raise ConfigError, with the nearest known name, for an unknown method."""
    if name not in method_names():
        near = get_close_matches(name.lower(), method_names(), n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ConfigError(
            f"There is no method {name!r}{hint}; known are {', '.join(method_names())}."
        )


def settings_of(method: Method) -> dict[str, object]:
    """Return a method's settings, defaults included, as plain values."""
    from dataclasses import asdict, is_dataclass

    settings = getattr(method, "settings", None)
    return asdict(settings) if is_dataclass(settings) and not isinstance(settings, type) else {}


def _foreign(name: str) -> Callable[[Parts, dict[str, object]], Method]:
    check_method(name)
    found = _registered()[name]
    try:
        loaded: Callable[[Parts, dict[str, object]], Method] = found.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"Method {name!r} is registered as {found.value!r}, which cannot be imported "
            f"({error}); reinstall the package that registers it."
        ) from error
    return loaded


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
