"""Settings: flags > `TELEOSCE_*` > `teleosce.toml` > the defaults below. An unknown key refuses to start."""

import os
import tomllib
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from teleosce.core.db import sqlite_url
from teleosce.core.errors import Invalid
from teleosce.core.paths import STATIONS

PREFIX = "TELEOSCE_"


class Settings(BaseSettings):
    """Everything a school can set. Durations are in the unit that the name says."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, toml_file="teleosce.toml", extra="forbid", frozen=True)

    data: Path = Field(Path("recordings"), description="Folder for the database, recordings and keys.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8400, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    public_url: str | None = Field(None, description="The address people reach, as written in links.")
    school: str | None = Field(None, description="The school’s name, as credentials say who issued them.")
    trusted_proxies: list[str] = Field(
        default_factory=list, description="Addresses of reverse proxies whose X-Forwarded-For is believed."
    )
    tls_cert: Path | None = Field(None, description="Certificate chain, PEM.")
    tls_key: Path | None = Field(None, description="Private key of the certificate, PEM.")
    database_url: str | None = Field(None, description="PostgreSQL as postgresql+asyncpg://…; SQLite when empty.")
    media_addresses: list[str] = Field(
        default_factory=list, description="Public addresses to offer for media when the server is behind NAT."
    )
    stun_urls: list[str] = Field(default_factory=list, description="STUN servers given to browsers.")
    turn_urls: list[str] = Field(default_factory=list, description="TURN servers given to browsers.")
    turn_secret: SecretStr | None = Field(None, description="The TURN server's static-auth-secret.")
    turn_minutes: int = Field(240, ge=5, description="How long a TURN credential is valid, in minutes.")
    smtp_host: str | None = Field(None, description="Mail server that sends people their links.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port: 587, or 465 with smtp_tls = tls.")
    smtp_user: str | None = Field(None, description="User at the mail server; none signs in as nobody.")
    smtp_password: SecretStr | None = Field(None, description="The user's password.")
    smtp_from: str | None = Field(None, description="Sender, as “Exam office <exams@school.org>”.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="How the way to it is secured.")
    reserve_mb: int = Field(64, ge=0, description="Room held back so that marks can be saved on a full disk, in MiB.")
    stations: Path = Field(STATIONS, description="Folder of station folders; those that come with teleosce.")
    worker: bool = Field(True, description="Start a transcription worker with the server.")
    whisper_model: str = Field("base", description="`tiny.en`, `base`, or a folder with a CTranslate2 model.")
    large_model_url: str | None = Field(
        None, description="An OpenAI-compatible address, as https://…/v1, for exams that ask a large language model."
    )
    large_model_name: str | None = Field(None, description="The model to ask there, as the address names it.")
    large_model_key: SecretStr | None = Field(None, description="The key for it, where it wants one.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags arrive as keyword arguments, so they come first."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def database(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or sqlite_url(self.data)


def load(**flags: Any) -> Settings:
    """Reads the settings; a flag that is None was not given. Raises Invalid, naming every wrong key."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    unknown = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    faults: list[str] = []
    settings = None
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise Invalid(f"teleosce.toml cannot be read: {error}.", code="settings") from error
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(part) for part in one["loc"])
            if one["type"] == "extra_forbidden":
                unknown.append(f"{name} in teleosce.toml")
            else:
                faults.append(f"{name}: {one['msg']}")
    if unknown:
        there = ", ".join(Settings.model_fields)
        raise Invalid(f"No such setting: {', '.join(unknown)}. Nothing was done. There are: {there}.", code="settings")
    if settings is None:
        raise Invalid("These settings cannot be used: " + "; ".join(faults), code="settings")
    _hold_together(settings)
    return settings


def _hold_together(settings: Settings) -> None:
    """What no single value tells. Raises Invalid."""
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise Invalid("tls_cert and tls_key go together: give both or neither.", code="settings")
    if settings.public_url is not None and not _is_address(settings.public_url):
        raise Invalid("public_url must be an address such as https://exam.school.org.", code="settings")
    if settings.database_url is not None and not _is_database(settings.database_url):
        raise Invalid("database_url must be like postgresql+asyncpg://user:password@host/name.", code="settings")
    if (settings.large_model_url is None) != (settings.large_model_name is None):
        raise Invalid("large_model_url and large_model_name go together: give both or neither.", code="settings")
    if settings.large_model_url is not None and not _is_private(settings.large_model_url):
        raise Invalid(
            "large_model_url must begin with https://, as candidates’ words are sent there; "
            "http:// is for this machine alone.",
            code="settings",
        )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_database(url: str) -> bool:
    try:
        make_url(url)
    except ArgumentError:
        return False
    return True


def _is_private(url: str) -> bool:
    """Whether nobody on the way can read what is sent to it."""
    return _is_address(url) and (url.lower().startswith("https:") or _local(urlsplit(url).hostname or ""))


def unsafe(settings: Settings) -> str | None:
    """Why browsers off this machine could not use the server, or should not; None where all is well."""
    public = settings.public_url or ""
    reached = [settings.host, urlsplit(public).hostname or settings.host]
    if settings.tls_cert or public.startswith("https://") or all(map(_local, reached)):
        return None
    return (
        "This server is open to other machines without TLS. Browsers give a page no camera and no microphone there, "
        "and passwords and links travel in the clear. Give --tls-cert and --tls-key, or put a TLS proxy in front and "
        "give --public-url https://…"
    )


def _local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
