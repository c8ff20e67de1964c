"""The bytes of a memory: tensors and a JSON object, as safetensors, within limits.

Equal content gives equal bytes. Sizes are checked before any tensor is made.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from lpm.errors import MemoryFileError

SCHEMA_VERSION = "1"
MAX_MEMORY_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024 * 1024


def packed(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> bytes:
    """Return the bytes.

    Raises UnicodeEncodeError for text that is no Unicode, MemoryFileError for a header that no
    reader would take.
    """
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    text.encode()
    metadata = {"memory": text, "schema_version": SCHEMA_VERSION}
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    return _canonical(save(whole, metadata=metadata))


def unpacked(data: bytes) -> tuple[dict[str, Tensor], Any]:
    """Return (tensors, facts).

    Raises MemoryFileError for another kind of file, SafetensorError and ValueError for a damaged
    one.
    """
    metadata = _metadata(data)
    return load(data), json.loads(metadata["memory"])


def _canonical(data: bytes) -> bytes:
    """Sort the header's keys: safetensors writes metadata in no fixed order."""
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER_BYTES:
        raise MemoryFileError(
            f"The memory's header would take {len(text)} bytes, but readers take at most "
            f"{MAX_HEADER_BYTES}; remember fewer sessions, or sessions with shorter identifiers."
        )
    return struct.pack("<Q", len(text)) + text + data[8 + size :]


def _metadata(data: bytes) -> Mapping[str, str]:
    if len(data) < 8 or len(data) > MAX_MEMORY_BYTES + MAX_HEADER_BYTES:
        raise MemoryFileError("This is no memory file: its size is out of range.")
    (size,) = struct.unpack("<Q", data[:8])
    if size > min(MAX_HEADER_BYTES, len(data) - 8):
        raise MemoryFileError("This is no memory file: it does not start as safetensors does.")
    try:
        metadata = json.loads(data[8 : 8 + size]).get("__metadata__", {})
    except (ValueError, AttributeError, RecursionError):
        raise MemoryFileError("This is no memory file: its header is no JSON.") from None
    found = metadata.get("schema_version") if isinstance(metadata, dict) else None
    if found != SCHEMA_VERSION:
        raise MemoryFileError(
            f"The memory file has schema version {str(found)[:20]!r}, but this release reads "
            f"{SCHEMA_VERSION!r}. Install the release that wrote it."
        )
    return dict(metadata)
