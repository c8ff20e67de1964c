"""LoCoMo: questions about very long conversations of two friends (Maharana et al., 2024)."""

from lpm.benchmarks.locomo.benchmark import (
    CATEGORY_NAMES,
    TUNE_CONVERSATIONS,
    LocomoBenchmark,
    load_named_history,
)
from lpm.benchmarks.locomo.prompts import chosen_option, clean_answer
from lpm.benchmarks.locomo.scoring import NO_ANSWER_PHRASES, normalise, score

__all__ = [
    "CATEGORY_NAMES",
    "NO_ANSWER_PHRASES",
    "TUNE_CONVERSATIONS",
    "LocomoBenchmark",
    "chosen_option",
    "clean_answer",
    "load_named_history",
    "normalise",
    "score",
]
