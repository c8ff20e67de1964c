"""From settings to the parts of a server: keys, store, model, limits."""

from __future__ import annotations

from lpm.backbone import Backbone
from lpm.errors import ConfigError
from lpm.modeling import LPMModel, load_shared
from lpm.server.keys import KeyStore
from lpm.server.quotas import Quotas
from lpm.server.settings import ServerSettings
from lpm.store import MemoryStore, open_store


def open_keys(settings: ServerSettings) -> KeyStore | None:
    """Return the API keys, None for open access; raises ConfigError without any good key."""
    if settings.open_access:
        return None
    keys = KeyStore(settings.keys_path)
    if not [key for key in keys.list() if not key.revoked]:
        raise ConfigError(
            f"No API key is in '{settings.keys_path}'; make one with `lpm keys create`, or set "
            "LPM_OPEN_ACCESS=true on a machine of your own."
        )
    return keys


def open_memories(settings: ServerSettings) -> MemoryStore:
    """Return the store, with its object store and master keys where there are any."""
    from lpm.store.encryption import MasterKeys

    return open_store(
        settings.home.get_secret_value() if settings.home else None,
        blobs=settings.blobs,
        master_keys=MasterKeys.load(settings.master_keys) if settings.master_keys else None,
        hot_bytes=settings.hot_bytes,
    )


def open_quotas(settings: ServerSettings) -> Quotas:
    """Return the counters of limits."""
    return Quotas(settings.quota_storage.get_secret_value())


def open_model(settings: ServerSettings) -> LPMModel:
    """Return the shared weights over the backbone."""
    folder = str(settings.projector) if settings.projector else None
    return load_shared(folder, Backbone.load(settings.backbone, device=settings.device))
