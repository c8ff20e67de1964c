"""PersonaMem v1: multiple-choice questions about users whose preferences change (Jiang et al.)."""

from lpm.benchmarks.personamem.benchmark import (
    KINDS,
    Coverage,
    PersonaMemBenchmark,
    is_tune_persona,
)
from lpm.benchmarks.personamem.parsing import parse, strip_thinking

__all__ = [
    "KINDS",
    "Coverage",
    "PersonaMemBenchmark",
    "is_tune_persona",
    "parse",
    "strip_thinking",
]
