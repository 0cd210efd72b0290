"""The documentation pages: what there is to read, and one document."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Self

from markupsafe import Markup

from app.languages import say
from app.settings import ROOT
from app.web.markdown import Document, Heading, document, site_address
from app.web.pages.head import Head
from app.worded import worded

ABOUT = worded("How to use WhichRig, how to run it, and how its answers come about.")
DOCS = ROOT / "docs"
DECISIONS = "decisions/"
REFERENCE = "reference/"
SECTIONS = {
    worded("Use it"): ("api", "reference/api", "cli", "reference/cli", "mcp", "examples"),
    worded("Run the service"): (
        "deploy",
        "operations",
        "upgrade",
        "settings",
        "reference/settings",
        "admin",
        "prices",
        "translating",
    ),
    worded("Understand it"): ("accuracy", "rules", "reference/rules", "data-sources", "nomenclature"),
}
"""The order of the documents; those that are named nowhere follow under "More"."""


@cache
def documents() -> dict[str, Document]:
    """Every document by its name: ``api``, ``decisions/0001-cel-for-rules``; rendered once."""
    paths = sorted([*DOCS.glob("*.md"), *(DOCS / REFERENCE).glob("*.md"), *(DOCS / DECISIONS).glob("*.md")])
    texts = {path.relative_to(DOCS).with_suffix("").as_posix(): path.read_text(encoding="utf-8") for path in paths}
    known = frozenset(texts)
    return {
        name: document(text, lambda link, name=name: site_address(name, link, known=known))  # type: ignore[misc]
        for name, text in texts.items()
    }


@dataclass(frozen=True, slots=True)
class Entry:
    """One document in a list."""

    url: str
    title: str
    summary: str


@dataclass(frozen=True, slots=True)
class Section:
    """Documents that belong together."""

    id: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class DocsPage:
    """Everything there is to read about the program."""

    template: ClassVar[str] = "docs/list.html"

    title: str
    sections: tuple[Section, ...]
    head: Head

    @classmethod
    def of(cls, *, base_url: str) -> Self:
        """The list of all documents."""
        found = documents()
        named = {name for names in SECTIONS.values() for name in names}
        decisions = tuple(name for name in found if name.startswith(DECISIONS))
        more = tuple(name for name in found if name not in named and not name.startswith(DECISIONS))
        groups = {**SECTIONS, worded("More"): more, worded("Why it is made like this"): decisions}
        return cls(
            say("Documentation"),
            tuple(
                Section(title.lower().replace(" ", "-"), say(title), entries)
                for title, names in groups.items()
                if (entries := tuple(_entry(name, found[name]) for name in names if name in found))
            ),
            Head.of(say("Documentation"), say(ABOUT), url=f"{base_url}/docs"),
        )


@dataclass(frozen=True)
class DocumentPage:
    """One document."""

    template: ClassVar[str] = "docs/show.html"

    title: str
    headings: tuple[Heading, ...]
    html: Markup
    head: Head

    @classmethod
    def of(cls, shown: Document, *, url: str) -> Self:
        """The page of a document; a short one needs no list of its sections."""
        headings = shown.headings if len(shown.headings) > 2 else ()
        return cls(shown.title, headings, shown.html, Head.of(shown.title, shown.summary, url=url))


def _entry(name: str, shown: Document) -> Entry:
    return Entry(f"/docs/{name}", shown.title, shown.summary)
