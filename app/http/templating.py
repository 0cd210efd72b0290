"""Pages: the Jinja environment, render(), and the addresses templates need."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from hashlib import sha256
from itertools import zip_longest
from typing import ClassVar, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from app.http.negotiation import VARY, in_language
from app.languages import Language, known_languages, spoken, text_of_count
from app.learn.glossary import marked
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
    env.globals["_"] = said
    env.globals["_n"] = said_of_count
    env.globals["marked"] = lambda text, known: marked(text, known=known)
    env.globals["no_terms_yet"] = set
    env.globals["language"] = spoken
    env.globals["other_languages"] = other_languages
    env.globals["languages"] = lambda: list(known_languages().values())
    env.globals["address_in"] = address_in
    env.globals["theme"] = _THEME.get
    env.globals["fit_door"] = fit_door
    return env


def said(text: str, /, **places: object) -> Markup:
    """A text of a template in the visitor's language; what stands in its places is escaped, the text itself is ours."""
    found = Markup(spoken().texts.get(text, text))  # noqa: S704 - from our templates and catalogues only
    return found.format(**places) if places else found


def said_of_count(one: str, several: str, /, *, of: float, **places: object) -> Markup:
    """The same for a number of things, which stands in the place ``count``."""
    return Markup(text_of_count(one, several, of=of)).format(**{"count": of} | places)  # noqa: S704 - see above


def address_in(language: Language, address: str) -> str:
    """Where a page stands in a language; in English at the address itself."""
    return address if language.english else in_language(address, language.code)


_STANDING: ContextVar[str] = ContextVar("standing", default="/")


@contextmanager
def standing_at(address: str) -> Iterator[None]:
    """The address of the page that is made in this block, for links to the same page in other languages."""
    token = _STANDING.set(address)
    try:
        yield
    finally:
        _STANDING.reset(token)


_THEME: ContextVar[str] = ContextVar("theme", default="")


@contextmanager
def in_theme(name: str) -> Iterator[None]:
    """Pages that are made in this block are light or dark; "" leaves that to the visitor's system."""
    token = _THEME.set(name)
    try:
        yield
    finally:
        _THEME.reset(token)


def other_languages() -> list[tuple[Language, str]]:
    """Every other language with the address of this page in it."""
    here, now = _STANDING.get(), spoken().code
    return [(each, in_language(here, each.code)) for each in known_languages().values() if each.code != now]


def fit_door() -> str:
    """The page on what one's own hardware can do, with the hardware that this page's question tells of.

    >>> with standing_at("/result?task=train&existing_hardware=rtx-3090+x2&system_memory_gb=64"):
    ...     fit_door()
    '/fit?hardware=rtx-3090+x2&memory=64'
    >>> with standing_at("/result?goal=adapt&card_name=GTX+1080&card_count=2"):
    ...     fit_door()
    '/fit?hardware=GTX+1080+x2'
    """
    told = parse_qs(urlsplit(_STANDING.get()).query, keep_blank_values=True)
    cards = zip_longest(told.get("card_name", []), told.get("card_count", []), fillvalue="")
    guided = [f"{name} x{count or 1}" for name, count in cards if name]
    named = [("hardware", each) for each in [*told.get("existing_hardware", []), *guided] if each]
    memory = [("memory", each) for each in told.get("system_memory_gb", [])[:1]]
    return "/fit?" + urlencode(named + memory) if named else "/fit"


def render(page: Page, *, status: int = 200) -> HTMLResponse:
    """A page as a response."""
    html = environment().get_template(page.template).render(page=page)
    return HTMLResponse(html, status_code=status, headers={"vary": VARY})


@cache
def static_url(path: str) -> str:
    """The address of a static file, which changes with its contents so that browsers may keep it for ever."""
    digest = sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def absolute_url(request: Request, path: str) -> str:
    """A path of ours as an address that works from anywhere: below the public URL, or else below the request's."""
    base: str = request.app.state.settings.public_url or str(request.base_url).rstrip("/")
    return base + path
