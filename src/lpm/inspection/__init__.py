"""Look into memories: what slots hold, which of them a question reads, and what each is worth."""

from lpm.inspection.changes import MemoryChanges, SlotChange, changes
from lpm.inspection.effects import answer_likelihoods, removal_effects, slot_effects
from lpm.inspection.faithfulness import Faithfulness, faithfulness, named_slots
from lpm.inspection.maps import SlotMap, draw_map, map_slots
from lpm.inspection.reading import nearest_words
from lpm.inspection.telling import tell_slots
from lpm.inspection.views import explain_message, view_slots

__all__ = [
    "Faithfulness",
    "MemoryChanges",
    "SlotChange",
    "SlotMap",
    "answer_likelihoods",
    "changes",
    "draw_map",
    "explain_message",
    "faithfulness",
    "map_slots",
    "named_slots",
    "nearest_words",
    "removal_effects",
    "slot_effects",
    "tell_slots",
    "view_slots",
]
