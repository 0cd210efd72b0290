"""Languages of the site: which one is spoken now, and every text in it by its English wording.

English stands in the code, in templates and in TOML files; another language is one file,
``<code>/LC_MESSAGES/messages.po``. Whoever asks for nothing is spoken to in English, so that programs always get the
same words.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, lru_cache
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

from app.worded import Worded

ENGLISH = "en"
HOME = Path(__file__).parent
TELLING = (
    "app/engine",
    "app/advice",
    "app/errors.py",
    "app/http/error_responses.py",
    "app/field_problems.py",
    "app/http/rate_limits.py",
    "app/contract/resolving.py",
    "app/web/body_limit.py",
    "app/web/origin_guard.py",
    "app/web/time_limit.py",
)
"""Modules that tell whole sentences in English; the finished sentence is recognised by its template."""


@dataclass(frozen=True, eq=False)
class Language:
    """A language with its texts."""

    code: str
    texts: Mapping[str, str] = field(default_factory=dict)
    """English wording to wording."""
    counted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """English wording of one thing to the wordings for each plural form."""
    form: Callable[[int], int] = lambda count: int(count != 1)
    """Which plural form a number takes."""
    templates: tuple[tuple[re.Pattern[str], str], ...] = ()
    """What recognises a finished sentence, with its English template; the most telling first."""

    @property
    def name(self) -> str:
        """What its speakers call it.

        >>> Language("de").name
        'Deutsch'
        """
        name = self.locale.get_display_name() or self.code
        return name[:1].upper() + name[1:]

    @property
    def direction(self) -> str:
        """ltr or rtl.

        >>> Language("ar").direction
        'rtl'
        """
        return self.locale.text_direction

    @property
    def locale(self) -> Locale:
        """How its speakers write numbers and dates."""
        return _locale(self.code)

    @property
    def english(self) -> bool:
        """Whether texts stay as they stand in the code."""
        return self.code == ENGLISH


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


@cache
def known_languages() -> dict[str, Language]:
    """Every language by its code, English first."""
    files = sorted(HOME.glob("*/LC_MESSAGES/messages.po"))
    return {ENGLISH: _ENGLISH} | {(code := file.parents[1].name): _read(code, file) for file in files}


def _read(code: str, path: Path) -> Language:
    """A language from its catalogue, without what is empty or was marked as uncertain."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=code)
    texts: dict[str, str] = {}
    counted: dict[str, tuple[str, ...]] = {}
    templates: list[str] = []
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        if not isinstance(message.id, str):
            counted[message.id[0]] = tuple(message.string or message.id)
        elif message.string:
            texts[message.id] = str(message.string)
            if "{" in message.id and any(place.startswith(RECOGNISED) for place, _ in message.locations):
                templates.append(message.id)
    found = sorted(templates, key=lambda text: -len(_PLACE.sub("", text)))
    patterns = tuple((_pattern_of(text), text) for text in found)
    return Language(code, texts, counted, c2py(catalog.plural_expr), patterns)


def _pattern_of(template: str) -> re.Pattern[str]:
    pieces = _PLACE.split(template)
    literal = (re.escape(piece) if place % 2 == 0 else f"(?P<{piece}>.*?)" for place, piece in enumerate(pieces))
    return re.compile("".join(literal), re.DOTALL)


_PLACE = re.compile(r"{(\w+)}")
RECOGNISED = (*TELLING, "app/languages/words.toml")

_TIMES = re.compile(r" [x×] ")
_FIGURE = re.compile(r"[\d.,e+-]+")
_WORD_AND_FIGURE = re.compile(r"[a-z]+ [\d.]+(e[+-]\d+)?$")

_ENGLISH = Language(ENGLISH)
"""Known without reading any file: most commands speak nothing else."""

_SPOKEN: ContextVar[Language | None] = ContextVar("spoken", default=None)


def spoken() -> Language:
    """The language that is spoken now."""
    return _SPOKEN.get() or _ENGLISH


@contextmanager
def speaking(code: str) -> Iterator[Language]:
    """Speak a language for as long as the block lasts; one that nobody knows is English.

    >>> with speaking("xx") as language:
    ...     language.code
    'en'
    """
    language = known_languages().get(code) or known_languages()[ENGLISH]
    token = _SPOKEN.set(language)
    try:
        yield language
    finally:
        _SPOKEN.reset(token)


def say(text: str, /, **places: object) -> str:
    """A text in the language that is spoken, with its places filled.

    >>> say("Kept on {day}", day="1 October 2026")
    'Kept on 1 October 2026'
    """
    if isinstance(text, Worded):
        values = {name: _said(value) for name, value in text.values.items()}
        text, places = text.template, values | places
    found = spoken().texts.get(text, text)
    return found.format_map(places) if places else str(found)


def say_count(one: str, several: str, /, *, of: float, **places: object) -> str:
    """A text about a number of things, in the form that the number asks for.

    >>> say_count("{count} row", "{count} rows", of=2, count="2")
    '2 rows'
    """
    return text_of_count(one, several, of=of).format_map(places)


def text_of_count(one: str, several: str, *, of: float) -> str:
    """The form of a text that a number asks for, its places still open."""
    return form_of(of, *spoken().counted.get(one, (one, several)))


def form_of(count: float | None, /, *forms: str) -> str:
    """The one of several forms that a number asks for; half a thing, and an unknown number, are counted like two.

    >>> form_of(1, "card", "cards"), form_of(0.5, "card", "cards")
    ('card', 'cards')
    """
    place = spoken().form(int(count) if count is not None and count == int(count) else 2)
    return forms[min(place, len(forms) - 1)]


def say_finished(text: str) -> str:
    """A sentence of the pure packages, its places filled already, in the language that is spoken."""
    language = spoken()
    return text if language.english or not text else _recognised(text, language)


def say_sum(formula: str) -> str:
    """A formula of the pure packages; the parts of a sum and the factors of a product are told one by one."""
    language = spoken()
    if language.english or not formula:
        return formula
    told = [_product(part, language) for part in formula.split(" + ")]
    return " + ".join(filter(None, told)) if all(told) else say_finished(formula)


def _product(formula: str, language: Language) -> str:
    """A product factor by factor, or else as a whole; empty where neither is known."""
    factors = _TIMES.split(formula)
    told = [factor if _FIGURE.fullmatch(factor) else _recognised(factor, language) for factor in factors]
    if all(one != factor or _FIGURE.fullmatch(factor) for one, factor in zip(told, factors, strict=True)):
        return " × ".join(told)
    whole = _recognised(formula, language)
    return whole if whole != formula else ""


@lru_cache(maxsize=4096)
def _recognised(text: str, language: Language) -> str:
    if text in language.texts:
        return language.texts[text]
    for pattern, template in language.templates:
        if found := pattern.fullmatch(text):
            if any(_WORD_AND_FIGURE.match(value) for value in found.groupdict().values()):
                continue  # a more general template than the one it was made with
            places = {name: language.texts.get(value, value) for name, value in found.groupdict().items()}
            return language.texts[template].format_map(places)
    return text


def _said(value: object) -> object:
    return say(value) if isinstance(value, str) else value
