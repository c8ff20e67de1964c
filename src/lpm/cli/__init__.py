"""The command line: one module a group of verbs, nothing heavy imported before it is needed."""

from __future__ import annotations


def main() -> None:
    """Run `lpm`."""
    from lpm.cli.app import run

    run()
