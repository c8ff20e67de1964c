"""Synthetic persona histories: users with facts, changing preferences, and questions on both."""

from lpm.benchmarks.synthetic.generator import GeneratorConfig, SyntheticUser, generate_user
from lpm.benchmarks.synthetic.scoring import KINDS, SyntheticQuestion, is_right
from lpm.benchmarks.synthetic.story import Label

__all__ = [
    "KINDS",
    "GeneratorConfig",
    "Label",
    "SyntheticQuestion",
    "SyntheticUser",
    "generate_user",
    "is_right",
]
