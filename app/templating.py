"""Pages: the Jinja environment, render(), and the addresses templates need."""

from functools import cache
from hashlib import sha256
from typing import ClassVar, Protocol

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.settings import ROOT

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "static"


class Page(Protocol):
    """What a template sees, as its only variable ``page``."""

    template: ClassVar[str]

    @property
    def title(self) -> str:
        """The heading, which also begins the window's title."""


@cache
def environment() -> Environment:
    """The one Jinja environment: everything escaped, an unknown variable is an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["static_url"] = static_url
    return env


def render(page: Page, *, status: int = 200) -> HTMLResponse:
    """A page as a response."""
    html = environment().get_template(page.template).render(page=page)
    return HTMLResponse(html, status_code=status, headers={"vary": "Accept"})


@cache
def static_url(path: str) -> str:
    """The address of a static file, which changes with its contents so that browsers may keep it for ever."""
    digest = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def absolute_url(request: Request, path: str) -> str:
    """A path of ours as an address that works from anywhere: below the public URL, or else below the request's."""
    base: str = request.app.state.settings.public_url or str(request.base_url).rstrip("/")
    return base + path
