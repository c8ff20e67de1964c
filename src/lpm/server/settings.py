"""Settings of the server, from the environment (LPM_…) or by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import DirectoryPath, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from lpm.backbone import EMBEDDED
from lpm.embedded import CACHE_DIR_VARIABLE, WHEEL_VARIABLE

PREFIX = "LPM_"
TENANT_VARIABLE = "LPM_TENANT"
"""Of the other commands: who asks the server says by their key whose users they mean."""


class ServerSettings(BaseSettings):
    """What `lpm serve` needs to know; LPM_PORT=9000 sets `port`, and so on.

    secrets_dir: a folder with one file a setting, named like its variable; the environment goes
    before it. listen_fd: a listening socket that was inherited, in place of host and port.
    home: of the memories, as everywhere. blobs: the object store for their bytes. master_keys: the
    file of master keys, which encrypts what is stored. keys: the file of API keys, `keys.json` in
    the user's configuration folder by default. open_access: serve without keys; for one machine
    and one person only. hot_bytes: memories kept decoded. max_body_bytes: of a request.
    stream_interval_s: how long tokens of a stream are let come together after each event.
    linger_s: how long a stopping server still answers what comes, for proxies to look elsewhere.
    drain_s: how long it then waits for answers that are being made.
    workers: threads that work jobs off; 0 leaves them to other processes on the same store.
    max_jobs: of one tenant that may wait. remember: whether chats are remembered by themselves,
    remember_after_s after the last answer.
    quota_storage: where limits are counted, memory:// or redis://HOST:PORT.
    tenant_requests_per_minute, tenant_tokens_per_day: of every tenant, beside what its keys may.
    engine: what decodes; `vllm` needs vllm_url. vllm_key: what the engine's `--api-key` says.
    vllm_timeout_s: the longest the engine may be silent. vllm_cache_secret: keys the salts of the
    engine's prefix cache; drawn anew at every start when absent.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    secrets_dir: DirectoryPath | None = None
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    listen_fd: int | None = Field(None, ge=3)
    home: SecretStr | None = None
    blobs: str | None = None
    master_keys: Path | None = None
    backbone: str = EMBEDDED
    device: str | None = None
    projector: Path | None = None
    keys: Path | None = None
    open_access: bool = False
    hot_bytes: int = Field(256 * 2**20, ge=0)
    max_batch: int = Field(16, ge=1, le=1024)
    max_queue: int = Field(256, ge=1)
    max_tokens: int = Field(1024, ge=1)
    stream_interval_s: float = Field(0.05, ge=0, le=1)
    max_body_bytes: int = Field(8 * 2**20, ge=1024)
    linger_s: float = Field(1.0, ge=0)
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

    @property
    def place(self) -> str:
        """Say where the server listens."""
        if self.listen_fd is not None:
            return f"the socket inherited as descriptor {self.listen_fd}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what is given by name, then the environment, then the folder of secrets."""
        folder = os.environ.get(f"{PREFIX}SECRETS_DIR")
        if not folder or not Path(folder).is_dir():
            # That it is no folder, the field itself says.
            return init_settings, env_settings
        secrets = SecretsSettingsSource(settings_cls, secrets_dir=folder)
        return init_settings, env_settings, secrets


def variables() -> tuple[str, ...]:
    """Return the name of every variable that is a setting."""
    return tuple(f"{PREFIX}{name}".upper() for name in ServerSettings.model_fields)


def wrong_values(error: ValidationError) -> list[str]:
    """Return one sentence a wrong setting; none quotes the value, which may be a secret."""
    return [
        f"{PREFIX}{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}."
        for fault in error.errors()
    ]


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """Return one sentence a variable that looks like a setting and is none."""
    known = {*variables(), CACHE_DIR_VARIABLE, WHEEL_VARIABLE, TENANT_VARIABLE}
    found = []
    for name in sorted(set(environment) - known):
        if name.startswith(PREFIX):
            near = get_close_matches(name, known, n=1)
            meant = f"; is {near[0]} meant?" if near else "; remove it."
            found.append(f"{name} is no setting{meant}")
    return found
