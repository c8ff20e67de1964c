"""Synthetic persona histories: users with facts, changing preferences, and questions on both."""

from lpm.benchmarks.synthetic.generator import GeneratorConfig, SyntheticUser, generate_user
from lpm.benchmarks.synthetic.scoring import KINDS, SyntheticQuestion, is_right

__all__ = [
    "KINDS",
    "GeneratorConfig",
    "SyntheticQuestion",
    "SyntheticUser",
    "generate_user",
    "is_right",
]
