"""Write docs/cli.md from the command line itself.

python scripts/update_cli_docs.py            # rewrite
python scripts/update_cli_docs.py --check    # exit 1 when the page is not current
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
INTRODUCTION = """# Command line

Made from `lpm --help` by `scripts/update_cli_docs.py`. Exit codes: 0 done, 1 failed, 2 wrong usage
or bad input, 130 stopped by Ctrl-C. Errors are one line on stderr, from `lpm serve` one a fault;
`--debug` adds the traceback.
"""


def page() -> str:
    """Return the text of the page: the help of `lpm`, of every command and of those in groups."""
    parts = [INTRODUCTION, f"```text\n{_help()}\n```"]
    parts += [f"## lpm {name}\n\n```text\n{_help(*name.split())}\n```" for name in _names()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _names() -> list[str]:
    from lpm.cli.app import app

    names = [_name(command) for command in app.registered_commands]
    for group in app.registered_groups:
        names += [f"{group.name} {_name(c)}" for c in group.typer_instance.registered_commands]
    return names


def _name(command: Any) -> str:
    return str(command.name or command.callback.__name__)


def _help(*command: str) -> str:
    # A fixed width and no colour: the page must not depend on the terminal.
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    environment.pop("LPM_BACKBONE", None)
    code = "import sys; sys.argv[0] = 'lpm'; from lpm.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def main() -> int:
    """Rewrite or check the page; return the exit status."""
    parser = argparse.ArgumentParser(description="Write docs/cli.md from the command line.")
    parser.add_argument("--check", action="store_true", help="fail when the page is not current")
    text = page()
    if parser.parse_args().check:
        if not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
            print("docs/cli.md is not current: run `make docs` and commit it.", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
