"""Light things stay light, and modules import only what stands below them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lpm

SOURCE = Path(lpm.__file__).parent
# docs/architecture.md draws this. A module may import its own layer and those before it.
LAYERS = [
    {
        "errors",
        "types",
        "config",
        "chunking",
        "client",
        "histories",
        "embedded",
        "written",
        "container",
        "files",
        "former",
    },
    {"nn"},
    {"backbone", "memory", "store"},
    # `model` shows what its slots hold, so reading them stands below it.
    {"checked_store", "dating", "inspection", "learning", "modeling", "prompting", "writing"},
    {"superseding"},
    {"forgetting", "probing", "remembering"},
    {"answering", "revising"},
    {"model", "training"},
    {"methods"},
    {"benchmarks", "demo", "scale", "server"},
    {"cli"},
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}


def imports(path: Path) -> set[str]:
    """Return the parts of the package that a module imports, but for its types alone."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] + [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("lpm.")}
        waiting += ast.iter_child_nodes(node)
    return found & {*RANK, "testing"}


def modules() -> list[tuple[str, Path]]:
    paths = sorted(SOURCE.rglob("*.py"))
    return [(p.relative_to(SOURCE).with_suffix("").parts[0], p) for p in paths]


@pytest.mark.parametrize(
    ("part", "path"), modules(), ids=lambda v: v.stem if isinstance(v, Path) else v
)
def test_a_module_imports_only_what_stands_below_it(part, path):
    if part in ("__init__", "__main__", "testing"):
        return
    assert part in RANK, f"'{part}' has no layer yet; give it one here and in the documentation"
    above = {name for name in imports(path) if RANK.get(name, len(LAYERS)) > RANK[part]}
    assert not above, f"{path.name} imports {above}"


def test_a_store_knows_memories_alone():
    for part, path in modules():
        if part == "store":
            assert imports(path) <= {"store", "memory", "types", "errors", "files"}


def run_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True
    )
    return done.stdout


LOADED = "sorted({'torch', 'transformers', 'numpy', 'matplotlib'} & {*sys.modules})"


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, lpm, lpm.types, lpm.errors, lpm.histories; dir(lpm); print({LOADED})"
    assert run_python(code).strip() == "[]"


def test_asking_the_command_for_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom lpm.cli import main\nsys.argv = ['lpm', '--help']\n"
        f"try:\n    main()\nfinally:\n    print({LOADED})"
    )
    printed = run_python(code)
    assert "remember" in printed and printed.strip().endswith("[]")
