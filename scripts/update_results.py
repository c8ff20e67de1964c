"""Write docs/results.md from the result files of personas, LoCoMo and PersonaMem.

python scripts/update_results.py            # rewrite
python scripts/update_results.py --check    # exit 1 when the page is not current
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lpm.benchmarks.reporting import render

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "results.md"


def main() -> int:
    """Rewrite or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/results.md from result files.")
    parser.add_argument("--check", action="store_true", help="fail when the page is not current")
    text = render(ROOT / "results", "md")
    if parser.parse_args().check:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/results.md is not current: run `make docs` and commit it.", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
