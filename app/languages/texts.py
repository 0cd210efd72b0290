"""Every text that a visitor may read, collected from code, templates and data files.

``python -m app.languages.texts`` brings the catalogues of all languages up to date: new texts are added empty, texts
that are gone are left out. See docs/translating.md.
"""

import csv
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from app.languages import HOME, TELLING
from app.languages.told import told

ROOT = HOME.parents[1]
POLICY = ROOT / "app/catalogue/seed/policy.toml"
COUNTRIES = "app/questionnaire/countries.toml"
TABLES = (
    ("app/catalogue/seed/software_support.csv", "reason"),
    ("app/catalogue/seed/providers.csv", "status_note"),
    ("app/catalogue/seed/providers.csv", "free_tier"),
)
"""Columns of the catalogue's seed that hold sentences."""
Calls = Mapping[str, tuple[int, ...] | None]
CALLS: Calls = {"say": None, "worded": None, "say_count": (1, 2), "worded_count": (1, 2)}
"""Functions whose texts are collected from Python, with the places of one and several."""
TEMPLATE_CALLS: Calls = {"_": None, "_n": (1, 2)}
SINCE = datetime(2026, 11, 23, tzinfo=UTC)
"""Stands in the head of every catalogue, so that files change only with their texts."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """Where texts stand in data files."""

    pattern: str
    keys: frozenset[str] = frozenset()
    """Names of entries that are texts; none: all are."""
    without: frozenset[str] = frozenset()
    """Tables whose texts stay as they are: names of places in the code."""


DATA_FILES = (
    DataFile("app/wording/*.toml"),
    DataFile("app/languages/words.toml"),
    DataFile(COUNTRIES),
    DataFile("app/web/labels.toml", without=frozenset({"step"})),
    DataFile(
        "app/questionnaire/questions.toml",
        frozenset(
            {
                "title",
                "short",
                "help",
                "change",
                "error",
                "label",
                "hint",
                "exact",
                "noun",
                "assumed",
                "text",
                "options",
            }
        ),
    ),
    DataFile("app/web/settings_fields.toml", frozenset({"title", "intro", "label", "why", "default", "unit"})),
    DataFile("app/web/common_questions.toml", frozenset({"title", "text"})),
    DataFile("app/web/compare.toml", frozenset({"label"})),
    DataFile("app/learn/glossary.toml", frozenset({"name", "text", "also"})),
    DataFile(
        "app/learn/lessons/*.toml",
        frozenset({"title", "idea", "heading", "text", "caption", "told", "when", "what", "label"}),
    ),
    DataFile("app/catalogue/seed/policy.toml", frozenset({"title", "summary", "description", "reason"})),
    DataFile("app/engine/data/defaults.toml", frozenset({"why"})),
    DataFile("app/advice/data/fit_jobs.toml", frozenset({"group", "title", "unit"})),
    DataFile("app/advice/data/money.toml", frozenset({"why"})),
)


@dataclass(frozen=True, slots=True)
class Text:
    """One text and the file it stands in."""

    one: str
    several: str | None
    """Its form for several things, where it counts."""
    place: str


def texts() -> Iterator[Text]:
    """Every text, in the order of the files."""
    yield from _of_code()
    yield from _of_sentences()
    yield from _of_tables()
    yield from _of_rules()
    for source in DATA_FILES:
        for path in sorted(ROOT.glob(source.pattern)):
            entries = tomllib.loads(path.read_text("utf-8"))
            for text in dict.fromkeys(_written(entries, source, wanted=not source.keys)):
                yield Text(text, None, _place(path))


def _of_code() -> Iterator[Text]:
    """Texts that code and templates ask for by calls; the administration speaks English."""
    kinds: tuple[tuple[str, str, str | Callable[..., Any], Calls], ...] = (
        ("app", "*.py", "python", CALLS),
        ("templates", "*.html", babel_extract, TEMPLATE_CALLS),
    )
    for folder, pattern, method, calls in kinds:
        for path in sorted((ROOT / folder).rglob(pattern)):
            if "admin" not in path.parts:
                yield from _called(path, method, calls)


def _of_sentences() -> Iterator[Text]:
    """What the modules that know nothing of languages tell."""
    for path in sorted(found for name in TELLING for found in _modules(ROOT / name)):
        for text in dict.fromkeys(told(path)):
            yield Text(text, None, _place(path))


def _of_tables() -> Iterator[Text]:
    """Sentences of the catalogue's seed, and the names of currencies."""
    for place, column in TABLES:
        with (ROOT / place).open(encoding="utf-8", newline="") as file:
            for text in dict.fromkeys(row[column] for row in csv.DictReader(file)):
                if text:
                    yield Text(text, None, place)
    currencies = ROOT / "app/web/currencies.toml"
    for text in tomllib.loads(currencies.read_text("utf-8")):
        yield Text(text, None, _place(currencies))


def _of_rules() -> Iterator[Text]:
    """Names of the rules that may decide an answer, as :func:`app.web.labels.rule_name` shows them."""
    for rule in tomllib.loads(POLICY.read_text("utf-8"))["rules"]:
        if rule["kind"] == "scenario":
            yield Text(rule["slug"].replace("-", " "), None, _place(POLICY))


def _modules(path: Path) -> Iterable[Path]:
    return path.rglob("*.py") if path.is_dir() else (path,)


def _called(path: Path, method: str | Callable[..., Any], calls: Calls) -> Iterator[Text]:
    """Texts that stand in calls."""
    found = extract(method, BytesIO(path.read_bytes()), keywords=calls, options={"silent": "false"})
    for _, message, _, _ in found:
        one, several = (message, None) if isinstance(message, str) else message[:2]
        if one:
            yield Text(one, several, _place(path))


def _written(entry: object, source: DataFile, *, wanted: bool) -> Iterator[str]:
    """Texts among the entries of a data file. Of a list of fixed length only words and sentences are texts."""
    match entry:
        case str() if wanted and any(letter.isalpha() for letter in entry):
            yield entry
        case dict():
            for name, value in entry.items():
                if name not in source.without:
                    yield from _written(value, source, wanted=not source.keys or name in source.keys)
        case [str(), *labels] if wanted and "options" in source.keys:
            yield from map(str, labels)
        case [str(first), str(second), *_] if wanted and source.without == {"step"}:
            yield from (first, second) if " " in second else (first,)
        case list():
            for value in entry:
                yield from _written(value, source, wanted=wanted)


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def collected(code: str, found: Iterable[Text] | None = None) -> Catalog:
    """All texts as the empty catalogue of a language."""
    catalog = Catalog(
        locale=code,
        project="WhichRig",
        version="1",
        msgid_bugs_address=" ",
        last_translator=" ",
        language_team=code,
        creation_date=SINCE,
        revision_date=SINCE,
        fuzzy=False,
    )
    catalog.header_comment = "# Texts of WhichRig: English wording and its translation."
    for text in texts() if found is None else found:
        message = (text.one, text.several) if text.several else text.one
        places = [*getattr(catalog.get(text.one), "locations", ()), (text.place, None)]
        catalog.add(message, locations=sorted(dict.fromkeys(places))).flags.discard("python-format")
    return catalog


def update(path: Path) -> tuple[int, int]:
    """Bring a catalogue up to date; how many texts it has, and how many of them are not translated."""
    catalog = collected(path.parents[1].name)
    if path.exists():
        with path.open("rb") as file:
            before = read_po(file, locale=catalog.locale_identifier)
        for message in catalog:
            known = before.get(message.id[0] if isinstance(message.id, tuple) else message.id)
            if message.id and known is not None and known.string and not known.fuzzy:
                message.string = known.string
    countries = country_names(catalog.locale_identifier or "")
    for message in catalog:
        if not message.string and message.id in countries:
            message.string = countries[str(message.id)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=0, sort_output=True, ignore_obsolete=True)
    messages = [message for message in catalog if message.id]
    return len(messages), sum(not _translated(message.string) for message in messages)


def country_names(code: str) -> dict[str, str]:
    """English names of the countries offered to those of a language, which need no translator."""
    names = Locale.parse(code).territories
    offered = tomllib.loads((ROOT / COUNTRIES).read_text("utf-8"))
    return {english: names[country] for country, english in offered.items() if country in names}


def _translated(wording: object) -> bool:
    return all(wording) if isinstance(wording, tuple | list) else bool(wording)


def main() -> None:
    """Update every catalogue; those of languages named on the command line are begun."""
    codes = {path.parents[1].name for path in HOME.glob("*/LC_MESSAGES/messages.po")} | set(sys.argv[1:])
    for code in sorted(codes):
        count, missing = update(HOME / code / "LC_MESSAGES" / "messages.po")
        sys.stdout.write(f"{code}: {count} texts, {missing} of them not translated\n")


if __name__ == "__main__":
    main()
