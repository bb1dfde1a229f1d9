"""Readers of the process environment; they fail loudly on a value they cannot read."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class ConfigurationError(Exception):
    """The environment holds a value that cannot be used; the message says which."""


def env_bool(name: str, *, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ConfigurationError(f"{name} must be yes or no; it is {value!r}.")


def env_list(name: str) -> list[str]:
    return [
        part.strip() for part in os.environ.get(name, "").split(",") if part.strip()
    ]


def env_secret(name: str) -> str | None:
    """Return the secret NAME, or the content of the file that NAME_FILE names."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"{name}_FILE: {error}.") from error
    return os.environ.get(name) or None


def database(url: str) -> dict[str, Any]:
    """Turn a postgresql:// URL into Django's form; `?host=` may be a socket folder."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ConfigurationError(
            "Candor needs PostgreSQL: postgresql://user@host/name."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    host = query.pop("host", None) or parts.hostname or ""
    port = query.pop("port", None) or parts.port or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(port),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


def mail_server(url: str) -> dict[str, Any]:
    """Turn smtp://user:password@host:port (smtps:// for TLS) into Django's settings."""
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps", "smtp+tls"}:
        raise ConfigurationError(
            "EMAIL_URL must begin with smtp://, smtp+tls:// or smtps://."
        )
    return {
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
    }


def version_of(changelog: Path) -> str:
    """The program's version is the newest heading of the changelog: they cannot differ."""
    match = re.search(
        r"^## (\d+\.\d+\.\d+)", changelog.read_text("utf-8"), re.MULTILINE
    )
    if match is None:
        raise ConfigurationError(f"{changelog.name} names no version.")
    return match[1]
