"""Which engine the settings choose."""

from __future__ import annotations

from lpm.backbone import Backbone
from lpm.errors import ConfigError
from lpm.server.engine import Engine, EngineConfig
from lpm.server.settings import ServerSettings


def build_engine(settings: ServerSettings, backbone: Backbone) -> Engine:
    """Return the chosen engine, not yet asked whether it answers; ConfigError for a bad address."""
    config = EngineConfig(
        max_batch=settings.max_batch,
        max_queue=settings.max_queue,
        stream_interval_s=settings.stream_interval_s,
    )
    if settings.engine == "local":
        from lpm.server.local_engine import LocalEngine

        return LocalEngine(backbone, config)
    if settings.vllm_url is None:
        raise ConfigError(
            "LPM_ENGINE is `vllm`, but LPM_VLLM_URL is not set; give the address of the engine, "
            "such as http://127.0.0.1:8001."
        )
    from lpm.server.vllm_connection import VllmConfig
    from lpm.server.vllm_engine import VllmEngine

    key, secret = settings.vllm_key, settings.vllm_cache_secret
    address = VllmConfig(
        url=settings.vllm_url,
        key=key.get_secret_value() if key else None,
        cache_secret=secret.get_secret_value().encode() if secret else None,
        timeout_s=settings.vllm_timeout_s,
    )
    return VllmEngine(backbone, address, config)
