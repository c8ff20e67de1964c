"""Settings of the server, from the environment (LPM_…) or by name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from lpm.backbone import EMBEDDED


class ServerSettings(BaseSettings):
    """What `lpm serve` needs to know; LPM_PORT=9000 sets `port`, and so on.

    home: of the memories, as everywhere. keys: the file of API keys, `keys.json` in the user's
    configuration folder by default. open_access: serve without keys; for one machine and one person
    only. hot_bytes: memories kept decoded. max_body_bytes: of a request. drain_s: how long a stop
    waits for answers that are being made.
    workers: threads that work jobs off; 0 leaves them to other processes on the same store.
    max_jobs: of one tenant that may wait. remember: whether chats are remembered by themselves,
    remember_after_s after the last answer.
    quota_storage: where limits are counted, memory:// or redis://HOST:PORT.
    tenant_requests_per_minute, tenant_tokens_per_day: of every tenant, beside what its keys may.
    engine: what decodes; `vllm` needs vllm_url. vllm_key: what the engine's `--api-key` says.
    vllm_timeout_s: the longest the engine may be silent. vllm_cache_secret: keys the salts of the
    engine's prefix cache; drawn anew at every start when absent.
    """

    model_config = SettingsConfigDict(env_prefix="LPM_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    home: SecretStr | None = None
    backbone: str = EMBEDDED
    device: str | None = None
    projector: Path | None = None
    keys: Path | None = None
    open_access: bool = False
    hot_bytes: int = Field(256 * 2**20, ge=0)
    max_batch: int = Field(16, ge=1, le=1024)
    max_queue: int = Field(256, ge=1)
    max_tokens: int = Field(1024, ge=1)
    max_body_bytes: int = Field(8 * 2**20, ge=1024)
    drain_s: float = Field(30.0, ge=0)
    workers: int = Field(1, ge=0, le=64)
    max_jobs: int = Field(1000, ge=1)
    remember: bool = False
    remember_after_s: float = Field(60.0, ge=0)
    quota_storage: SecretStr = SecretStr("memory://")
    tenant_requests_per_minute: int | None = Field(None, ge=1)
    tenant_tokens_per_day: int | None = Field(None, ge=1)
    engine: Literal["local", "vllm"] = "local"
    vllm_url: str | None = None
    vllm_key: SecretStr | None = None
    vllm_timeout_s: float = Field(600.0, gt=0)
    vllm_cache_secret: SecretStr | None = Field(None, min_length=16)

    @property
    def keys_path(self) -> Path:
        """Return the file of API keys."""
        if self.keys is not None:
            return self.keys
        from platformdirs import user_config_path

        return user_config_path("latent-personal-memory") / "keys.json"
