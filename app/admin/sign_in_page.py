"""The page to sign in on, whichever way one comes to it."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from app.admin.forms import ErrorLine, FormField


@dataclass(frozen=True, slots=True)
class SignInPage:
    """The form to sign in."""

    template: ClassVar[str] = "admin/sign_in.html"

    title: str
    after: str
    fields: tuple[FormField, ...]
    errors: tuple[ErrorLine, ...] = ()
    provider: str = ""
    """What the way in through the provider is called; empty: there is none."""
    provider_url: str = ""
    problem: str = ""
    """What went wrong on that way."""
    sign_out_url: str = ""
    """Where one signs out of the provider as well, shown after signing out here."""
    done: str = ""
    """What was done just now."""

    @classmethod
    def of(
        cls,
        after: str,
        *,
        email: str = "",
        error: str = "",
        provider: str = "",
        problem: str = "",
        sign_out_url: str = "",
        done: str = "",
    ) -> "SignInPage":
        """The form, perhaps with what went wrong."""
        fields = (
            FormField("email", "E-mail address", "email", email, error=error),
            FormField("password", "Password", "password", ""),
        )
        errors = (ErrorLine("email", error),) if error else ()
        provider_url = f"/admin/sign-in/provider?{urlencode({'after': after})}" if provider else ""
        return cls("Sign in", after, fields, errors, provider, provider_url, problem, sign_out_url, done)


def inside(path: str) -> str:
    """An address of the administration; anything else leads to its start."""
    return path if path.startswith("/admin") and path.isprintable() and "\\" not in path else "/admin"
