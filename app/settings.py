"""Settings: each WHICHRIG_* variable with its default and its meaning, listed in docs/settings.md."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from app.field_problems import field_problems

PREFIX = "WHICHRIG_"
ROOT = Path(__file__).resolve().parent.parent
"""Where templates, static files, migrations and the seed lie."""

ROLES = ("viewer", "editor", "approver")
"""Of administrators, from the one who may least; each may do what those before it may."""

_LIMIT = re.compile(r"[1-9]\d{0,8}/(second|minute|hour|day)")


class SettingsError(Exception):
    """A variable holds something that cannot be meant; the message names it."""


class Settings(BaseModel):
    """What an installation can choose; every choice has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str = Field(
        "sqlite:///data/whichrig.db",
        description="Where the catalogue is kept: sqlite:///path or postgresql://user:password@host/name. "
        "A relative path starts at the working directory; the folder is made when missing.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for every interface.")
    port: int = Field(8000, ge=0, le=65_535, description="Port to listen on; 0 takes any that is free.")
    workers: int = Field(1, ge=1, le=64, description="Processes that answer requests.")
    public_url: str = Field(
        "",
        description="Address visitors use, such as https://rig.example.org, when a proxy stands in front. "
        "Links in answers start with it, and forms sent from it are accepted. Empty: taken from each request.",
    )
    two_person_approval: bool = Field(
        False,
        description="Whether a draft has to be published by somebody who made none of its edits.",
    )
    oidc_client_id: str = Field(
        "", description="Name of this service at the OpenID Connect provider that administrators sign in with."
    )
    oidc_client_secret: str = Field(
        "", description="Its secret there; empty for a public client, which PKCE alone protects.", repr=False
    )
    oidc_issuer: str = Field(
        "",
        description="Address of that provider, exactly as it names itself. Empty: administrators sign in with "
        "passwords only.",
    )
    oidc_label: str = Field("single sign-on", min_length=1, description="What the way in through it is called.")
    oidc_scopes: str = Field("openid email profile", description="Scopes that the provider is asked for.")
    oidc_new_accounts: bool = Field(
        False,
        description="Whether somebody without an account gets one when they first come through the provider; "
        "otherwise only addresses that have an account come in.",
    )
    oidc_trust_emails: bool = Field(
        False,
        description="Whether e-mail addresses count as verified when the provider does not say whether they are.",
    )
    oidc_roles_claim: str = Field("groups", min_length=1, description="Claim with somebody's groups at the provider.")
    oidc_roles: str = Field(
        "",
        description="Roles by group, such as admins=approver, staff=editor, *=viewer, where * is everybody; at each "
        "sign-in the highest one counts. Empty: accounts keep their role, and new ones are viewers.",
    )
    prices_every_hours: float = Field(
        0,
        ge=0,
        le=8_760,
        description="How often the service reads live prices by itself; 0 never does. "
        "One worker at a time, also over several machines that share a database.",
    )
    prices_sources: str = Field(
        "", description="Which price sources that reads, several with commas; empty for all that run by themselves."
    )
    prices_skypilot_schema: str = Field(
        "v8",
        pattern=r"^v\d{1,3}$",
        description="Which form of SkyPilot's public catalogue is read: a folder of its repository, such as v9.",
    )
    prices_mirror: str = Field(
        "",
        description="Address that answers for every price source and for the Hugging Face hub, under a path that "
        "begins with its host; empty reads the sources themselves.",
    )
    prices_csv: str = Field(
        "",
        description="Addresses of CSV files with prices, as name=https://… with blanks between, whose columns are "
        "called as in /cloud.csv; others are named in the administration.",
    )
    prices_private_addresses: bool = Field(
        False, description="Whether such addresses may lie in a private network; otherwise only public ones are read."
    )
    log_level: Literal["critical", "error", "warning", "info", "debug"] = Field(
        "info", description="How much is logged on standard error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="Log lines for people, or one JSON object a line, each with the request's id."
    )
    log_requests: bool = Field(
        False,
        description="Whether every request is logged: address without its query, status, duration; never who asked.",
    )
    rate_limit: str = Field(
        "",
        description="Most requests of one client, such as 60/minute or 1000/hour; a batch counts as ten. "
        "All workers count together, and with PostgreSQL all machines. Empty: no limit.",
    )
    key_rate_limit: str = Field(
        "",
        description="Most requests of one holder of an API key, in the place of the limit above. Empty: no limit.",
    )
    request_timeout_s: float = Field(
        30.0, ge=1, le=600, description="Seconds after which a request without an answer gets a 503."
    )
    cors_origins: str = Field(
        "",
        description="Sites whose scripts may call the API from a browser, separated by commas, or * for all; "
        "nothing under /admin is ever open to them. Empty: none.",
    )

    @field_validator("database_url")
    @classmethod
    def _a_database_we_know(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
            message = "Enter sqlite:///path or postgresql://user:password@host/name"
            raise ValueError(message)
        return value

    @field_validator("public_url", "prices_mirror")
    @classmethod
    def _an_origin(cls, value: str) -> str:
        url = urlsplit(value)
        if value and (url.scheme not in {"http", "https"} or not url.netloc):
            message = "Enter an address that begins with https:// or http://"
            raise ValueError(message)
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _a_provider(cls, value: str, info: ValidationInfo) -> str:
        url = urlsplit(value)
        on_this_machine = url.scheme == "http" and url.hostname in {"localhost", "127.0.0.1", "::1"}
        if value and (not url.hostname or not (url.scheme == "https" or on_this_machine)):
            message = "Enter an address that begins with https://"
            raise ValueError(message)
        if value and not info.data.get("oidc_client_id"):
            message = "Set WHICHRIG_OIDC_CLIENT_ID as well"
            raise ValueError(message)
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles_by_group(cls, value: str) -> str:
        for group, role in roles_by_group(value):
            if not group or role not in ROLES:
                message = f"Enter groups with {', '.join(ROLES[:-1])} or {ROLES[-1]}, such as admins=approver, *=viewer"
                raise ValueError(message)
        return value

    @field_validator("prices_csv")
    @classmethod
    def _named_addresses(cls, value: str) -> str:
        for name, address in named_addresses(value):
            if not re.fullmatch(r"[a-z][a-z0-9-]{1,39}", name) or not address.startswith("https://"):
                message = "Enter names of small letters with addresses, such as acme=https://acme.example/prices.csv"
                raise ValueError(message)
        return value

    @field_validator("rate_limit", "key_rate_limit")
    @classmethod
    def _a_limit(cls, value: str) -> str:
        if value and not _LIMIT.fullmatch(value):
            message = "Enter a number and second, minute, hour or day, such as 60/minute"
            raise ValueError(message)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        origins = [one.strip().rstrip("/") for one in value.split(",") if one.strip()]
        for origin in origins if origins != ["*"] else ():
            cls._an_origin(origin)
            if urlsplit(origin).path:
                message = "Enter addresses without a path, such as https://example.org, or * alone"
                raise ValueError(message)
        return ",".join(origins)

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings of this process; an empty variable counts as not set."""
        environment = os.environ if environment is None else environment
        found = {name: _value(environment, variable(name)) for name in cls.model_fields}
        try:
            return cls.model_validate({name: value for name, value in found.items() if value})
        except ValidationError as error:
            problems = field_problems(error.errors(include_url=False), model=cls)
            lines = [f"{variable(problem.pointer.strip('/'))}: {problem.detail}." for problem in problems]
            raise SettingsError("\n".join(lines)) from None


def roles_by_group(text: str) -> list[tuple[str, str]]:
    """Pairs of a group and a role.

    >>> roles_by_group("ml team=editor, *=viewer")
    [('ml team', 'editor'), ('*', 'viewer')]
    """
    pairs = [one.rpartition("=") for one in text.split(",") if one.strip()]
    return [(group.strip(), role.strip()) for group, _, role in pairs]


def named_addresses(text: str) -> list[tuple[str, str]]:
    """Pairs of a name and an address.

    >>> named_addresses("acme=https://acme.example/a.csv?x=1")
    [('acme', 'https://acme.example/a.csv?x=1')]
    """
    pairs = [one.partition("=") for one in text.split()]
    return [(name, address) for name, _, address in pairs]


def variable(name: str) -> str:
    """The environment variable of a setting.

    >>> variable("port")
    'WHICHRIG_PORT'
    """
    return PREFIX + name.upper()


def _value(environment: Mapping[str, str], name: str) -> str:
    """The variable, or the contents of the file that NAME_FILE names: secrets are mounted as files."""
    path = environment.get(f"{name}_FILE", "")
    if not path:
        return environment.get(name, "").strip()
    if environment.get(name):
        raise SettingsError(f"{name}: Set either {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f"{name}_FILE: {path} cannot be read: {reason}.") from error
