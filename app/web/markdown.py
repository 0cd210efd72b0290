"""The documents of docs/ as safe, accessible HTML: no raw HTML, no inline style, headings that can be linked to."""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NO_WORD = re.compile(r"[^\w]+")
_RIGHT = "text-align:right"

Resolve = Callable[[str], str | None]
"""The address of what a link between documents leads to; None where the site does not have it."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the second level."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One rendered document."""

    title: str
    summary: str
    """The first paragraph, as plain text."""
    headings: tuple[Heading, ...]
    html: Markup
    """Everything below the title."""


def document(text: str, resolve: Resolve) -> Document:
    """Render a document whose first line is its title."""
    tokens = _parser().parse(_COMMENT.sub("", text))
    title = _text_of(tokens[1]) if tokens and tokens[0].tag == "h1" else ""
    body = tokens[3:] if title else tokens
    first = next((_text_of(body[i + 1]) for i, one in enumerate(body) if one.type == "paragraph_open"), "")
    for token in body:
        token.tag = "h2" if token.tag == "h1" else token.tag  # a page has one title
        _dress(token, resolve)
    headings = _name_headings(body)
    html = _parser().renderer.render(body, _parser().options, {})
    return Document(title, first, headings, Markup(_scrollable(html, title)))  # noqa: S704 - raw HTML is off


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def _name_headings(tokens: list[Token]) -> tuple[Heading, ...]:
    """Give every heading an id of its own; those of the second level."""
    used: set[str] = set()
    found = []
    for index, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = _text_of(tokens[index + 1])
        name = slug = _NO_WORD.sub("-", text.lower()).strip("-") or "section"
        number = 2
        while name in used:
            name, number = f"{slug}-{number}", number + 1
        used.add(name)
        token.attrSet("id", name)
        if token.tag == "h2":
            found.append(Heading(name, text))
    return tuple(found)


def _dress(token: Token, resolve: Resolve) -> None:
    """Links lead to pages of the site, numbers stand right without inline style."""
    for child in token.children or ():
        if child.type == "link_open":
            target = resolve(str(child.attrGet("href") or ""))
            child.attrs = {"href": target} if target else {}
    style = token.attrGet("style")
    if style is not None:
        del token.attrs["style"]
        if style == _RIGHT:
            token.attrSet("class", "num")


def _text_of(token: Token) -> str:
    """An inline token without its marks."""
    return "".join(child.content if child.type in {"text", "code_inline"} else " " for child in token.children or ()
                   if child.type in {"text", "code_inline", "softbreak"})  # fmt: skip


def _scrollable(html: str, title: str) -> str:
    """What can be wider than the page is reached by keyboard."""
    label = str(Markup.escape(title))
    region = f'<div class="scroll" role="region" tabindex="0" aria-label="{label}, {{}}">'
    parts = html.replace("<pre>", '<pre class="code" tabindex="0">').split("<table>")
    tables = "".join(f"{region.format(f'table {n}')}<table>{part}" for n, part in enumerate(parts[1:], start=1))
    return parts[0] + tables.replace("</table>", "</table></div>")


def site_address(name: str, link: str, *, known: frozenset[str]) -> str | None:
    """Where a link in the document ``name`` leads on the site.

    >>> known = frozenset({"api", "cli", "decisions/0001-x"})
    >>> [site_address("api", link, known=known) for link in ("cli.md#lists", "#errors", "../README.md")]
    ['/docs/cli#lists', '#errors', None]
    >>> site_address("decisions/0001-x", "../api.md", known=known), site_address("api", "https://a.org", known=known)
    ('/docs/api', 'https://a.org')
    """
    if link.startswith(("https://", "http://", "#", "/")):
        return link
    path, _, fragment = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)).removesuffix(".md")
    if target not in known:
        return None
    return f"/docs/{target}" + (f"#{fragment}" if fragment else "")
