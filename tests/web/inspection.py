"""Holds every page that a visitor reaches to the house rules, in each theme, where it stands and without loading it anew."""

import json
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page

from app.learn.lesson import lessons
from app.web.pages.docs import documents

LORA = "task=finetune&domain=text&model=llama-3.1-8b&country=DE"
PAGES = (
    "/", "/q/goal", "/q/domain?goal=adapt", "/q/size?goal=adapt&domain=text", "/q/frequency?goal=adapt&domain=photos",
    "/q/have?goal=adapt&domain=photos&pictures=1k_20k&frequency=once", "/q/limits?goal=learn&once_usd=EUR+500",
    "/check?goal=adapt&domain=photos&pictures=20k&have=gpu&card_name=Titan+X&card_count=2",
    f"/result?{LORA}", "/result?goal=learn&have=laptop", "/result?task=train&domain=detection&samples=500000",
    "/result?task=inference&domain=text&model=llama-3.1-70b&budget_usd=100&existing_hardware=GTX+1080",
    f"/settings?{LORA}&at=batch_size", "/paste", "/paste?model=llama-3.1-8b", "/fit", "/fit?hardware=RTX+3060",
    "/questions", "/hardware?q=rtx&currency=EUR", "/hardware/geforce-rtx-3090?currency=EUR", "/hardware/gt-740m-2gb",
    "/models?q=llama", "/cloud?q=h100&currency=EUR", "/cloud?q=floydhub", "/cloud?q=zzzz", "/compare",
    "/compare?ids=geforce-rtx-3090,geforce-rtx-4090", "/compare?ids=titan-x-maxwell,apple-m4-max,b200&job=photos",
    "/compare?ids=geforce-rtx-3090,Titan+X", "/learn", "/learn/glossary", "/learn/buy-or-rent?price=nothing",
    *(f"/learn/{each.slug}" for each in lessons()), "/scenarios", "/accuracy", "/accuracy/duration", "/docs", f"/embed?{LORA}",
    *(f"/docs/{name}" for name in documents() if not name.startswith("decisions/")), "/docs/decisions/0001-cel-for-rules",
    "/nothing-here",
)  # fmt: skip
"""All that test_every_page.py opens, each kind at least once."""

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
CHECKS = Path(__file__).with_name("page_checks.js").read_text("utf-8")
LOOK, STATE = f"{CHECKS}.look()", f"{CHECKS}.state()"
THEMES = {
    "light": {"color_scheme": "light", "forced_colors": "none", "media": "null"},
    "dark": {"color_scheme": "dark", "forced_colors": "none", "media": "null"},
    "forced colours": {"color_scheme": "dark", "forced_colors": "active", "media": "null"},
}
PRINT = {"color_scheme": "dark", "forced_colors": "none", "media": "print"}
PAPER = {"width": 726, "height": 1055}
"""A4 within the margins of the style sheet. [px]"""
PRINTED = re.compile(r"/(result|r)\b")
MOST_SHIFT = 0.01
COLOURED_AT = {320, 1280}
"""Widths at which every theme is looked at: between them the lines break elsewhere, and the colours are the same. [px]"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BRIEFLY = {"resultTypes": ["violations"], "preload": False, "elementRef": False}
SLOW = ("color-contrast", "target-size")
"""Rules that ask of every word and every control what lies above it: most of the time that axe takes."""
STRUCTURE = {**BRIEFLY, "runOnly": TAGS, "rules": {rule: {"enabled": False} for rule in SLOW}}
SIGHT = {**BRIEFLY, "runOnly": {"type": "rule", "values": SLOW}}
LINKS = {**BRIEFLY, "runOnly": {"type": "rule", "values": ["link-in-text-block"]}}
"""What else of it a theme changes: what lies above what is the same in each, and our own checks look at the contrast of
every word in every theme."""
ERRORS = "document.querySelector('.error-summary') !== null"
UNFOLD = "document.querySelectorAll('details:not([open])').forEach(one => { one.dataset.folded = ''; one.open = true })"
FOLD = (
    "document.querySelectorAll('details[data-folded]').forEach(one => { delete one.dataset.folded; one.open = false })"
)
RUN = """([options, leftOut]) => axe.run({include: [["html"]], exclude: leftOut}, options)
    .then(found => found.violations.map(one => [one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160))]))"""
REPEATED = [["tbody tr:nth-child(n+6)"], ["li:nth-child(n+8)"]]
"""What is made like the rows before it."""
SHIFTS = """new Promise(done => { let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value })
        .observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => setTimeout(() => done(sum), 0)) })"""


class Inspector:
    """What has been looked at stays known, so that a page in the same state is checked once in a process."""

    def __init__(self) -> None:
        self.known: set[tuple[object, ...]] = set()

    def complaints(self, page: Page, *, axe: str, resized: bool = False) -> list[str]:
        """What is wrong with a page at its width in any theme; ``axe`` looks at each state, each other kind or nothing."""
        size = page.viewport_size
        state = page.evaluate(STATE)
        found = []
        if self.is_new("looked", state, size["width"]):
            if axe and not resized and page.evaluate(SHIFTS) > MOST_SHIFT:
                found.append("moves while it loads")
            found += seen(page, THEMES if axe == "each state" or size["width"] in COLOURED_AT else ("light",))
        if PRINTED.match(urlsplit(page.url).path) and self.is_new("printed", state):
            page.set_viewport_size(PAPER)
            page.emulate_media(**PRINT)
            found += [f"print: {each}" for each in page.evaluate(LOOK)]
            page.set_viewport_size(size)
            page.emulate_media(**THEMES["light"])
        if axe:
            kind = kind_of(page.url) + (" with errors" if page.evaluate(ERRORS) else "")
            if (axe == "each state" or kind not in OPENED) and self.is_new("axe", kind):
                found += found_by_axe(page)
            elif axe == "each state" and self.is_new("axe", state):
                found += found_by_axe(page, whole=False)
        return [f"{page.url} at {size['width']} px, {each}" for each in found]

    def is_new(self, *what: object) -> bool:
        """Whether nobody has looked at this yet."""
        new = what not in self.known
        self.known.add(what)
        return new


def seen(page: Page, themes: Iterable[str] = THEMES) -> list[str]:
    """What our own checks have against a page at its width, in each of the themes."""
    found = []
    for name in themes:
        _dress(page, name)
        found += [f"{name}: {each}" for each in page.evaluate(LOOK)]
    page.emulate_media(**THEMES["light"])
    return found


def found_by_axe(page: Page, *, whole: bool = True) -> list[str]:
    """What axe has against a page with everything unfolded; of one whose kind has been seen already, its structure."""
    page.evaluate(UNFOLD)
    page.evaluate(AXE)
    found = _asked(page, "light", STRUCTURE)
    if whole:
        found += _asked(page, "light", SIGHT, left_out=REPEATED)
        for theme in ("dark", "forced colours"):
            _dress(page, theme)
            found += _asked(page, theme, LINKS)
        page.emulate_media(**THEMES["light"])
    page.evaluate(FOLD)
    return found


def _asked(page: Page, theme: str, rules: dict[str, object], *, left_out: Sequence[list[str]] = ()) -> list[str]:
    violations = page.evaluate(RUN, [rules, list(left_out)])
    return [f"{theme}: {rule} {json.dumps(nodes)}" for rule, nodes in violations]


def _dress(page: Page, theme: str) -> None:
    if theme != "light":  # which pages come in, and are left in
        page.emulate_media(**THEMES[theme])


def kind_of(url: str) -> str:
    """Pages of a kind share a template.

    >>> kind_of("http://here/hardware/titan-x?currency=EUR"), kind_of("http://here/q/goal")
    ('/hardware/*', '/q/goal')
    """
    first, _, rest = urlsplit(url).path.strip("/").partition("/")
    if first in {"q", "admin"}:
        return f"/{first}/{re.sub('[0-9]+', '*', rest)}"
    if first in {"r", "result"}:
        return "/r/*/differences" if "/" in rest else "/result"
    return f"/{first}/*" if rest else f"/{first}"


OPENED = {kind_of(path) for path in PAGES}
"""Kinds of which axe need not see another page on somebody's journey."""
