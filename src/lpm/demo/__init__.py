"""The demo: learn people from raw conversation, ask in other words, compare three ways."""

from lpm.demo.run import DemoResult, run_demo
from lpm.demo.table import print_table

__all__ = ["DemoResult", "print_table", "run_demo"]
