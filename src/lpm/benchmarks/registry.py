"""Benchmarks by name: the project's own, and those that other packages register."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lpm.benchmarks.contract import Benchmark
from lpm.errors import ConfigError

ENTRY_POINT_GROUP = "lpm.benchmarks"
"""An entry point of this group names a callable that takes options and returns a `Benchmark`."""

_OWN = {
    "locomo": ("lpm.benchmarks.locomo", "LocomoBenchmark"),
    "personamem": ("lpm.benchmarks.personamem", "PersonaMemBenchmark"),
    "personas": ("lpm.benchmarks.personas", "PersonasBenchmark"),
}


def benchmark_names() -> tuple[str, ...]:
    """Return the names that `build_benchmark` knows, sorted; nothing is imported for it."""
    return tuple(sorted({*_OWN, *_registered()}))


def build_benchmark(name: str, **options: Any) -> Benchmark:
    """Build a benchmark from its name and the options of its class.

    Only the benchmark asked for is imported. The project's own names cannot be taken by others.
    Raises ConfigError for an unknown name or option, with the nearest known one.
    """
    build = _find(name)
    parameters = inspect.signature(build).parameters
    takes_any = any(item.kind is item.VAR_KEYWORD for item in parameters.values())
    for option in options:
        if option not in parameters and not takes_any:
            raise ConfigError(
                f"Benchmark {name!r} has no option {option!r}{_nearest(option, [*parameters])}; "
                f"its options are {', '.join(parameters) or 'none'}."
            )
    needed = [
        key
        for key, item in parameters.items()
        if item.default is item.empty
        and item.kind in (item.POSITIONAL_OR_KEYWORD, item.KEYWORD_ONLY)
        and key not in options
    ]
    if needed:
        raise ConfigError(f"Benchmark {name!r} needs the option {needed[0]!r}; give it.")
    return build(**options)


def _find(name: str) -> Callable[..., Benchmark]:
    if name in _OWN:
        module, attribute = _OWN[name]
        build: Callable[..., Benchmark] = getattr(import_module(module), attribute)
        return build
    found = _registered().get(name)
    if found is None:
        raise ConfigError(
            f"There is no benchmark {name!r}{_nearest(name, [*benchmark_names()])}; "
            f"known are {', '.join(benchmark_names())}."
        )
    try:
        loaded: Callable[..., Benchmark] = found.load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"Benchmark {name!r} is registered as {found.value!r}, which cannot be imported "
            f"({error}); reinstall the package that registers it."
        ) from error
    return loaded


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
