"""Rewrite the marked blocks of README.md from result files; nothing is run or measured here.

    python scripts/update_readme.py            # rewrite
    python scripts/update_readme.py --check    # exit 1 when a block is not current

demo block: `transcript` (text) of results/demo/demo.json. results block: see `headline.py`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from headline import headline

ROOT = Path(__file__).resolve().parent.parent
DEMO = Path("results/demo/demo.json")


def demo_block(root: Path) -> str:
    """Return what `make demo` printed, as a text block."""
    report = _load(root, DEMO)
    if report is None:
        return "_No run of the demo is on file yet; `make demo` makes one._"
    return f"```text\n{str(report['transcript']).rstrip()}\n```"


def updated(text: str, root: Path) -> str:
    """Return `text` with every marked block made anew from the files under `root`."""
    for name, block in (("demo", demo_block(root)), ("results", headline(root / "results"))):
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
            raise SystemExit(f"README.md needs `{begin}` and then `{end}`, once each.")
        marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
        text = marked.sub(lambda _, new=f"{begin}\n{block}\n{end}": new, text)  # type: ignore[misc]
    return text


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Rewrite or check the README under `root`; return the exit status."""
    parser = argparse.ArgumentParser(description="Rewrite the marked blocks of README.md.")
    parser.add_argument("--check", action="store_true", help="fail when a block is not current")
    readme = root / "README.md"
    check = parser.parse_args(arguments).check
    old = readme.read_text(encoding="utf-8")
    new = updated(old, root)
    if check and new != old:
        print("README.md is not current: run `make docs` and commit it.", file=sys.stderr)
        return 1
    if not check:
        readme.write_text(new, encoding="utf-8")
    return 0


def _load(root: Path, path: Path) -> dict[str, Any] | None:
    if not (root / path).is_file():
        return None
    report: dict[str, Any] = json.loads((root / path).read_text(encoding="utf-8"))
    return report


if __name__ == "__main__":
    raise SystemExit(main())
