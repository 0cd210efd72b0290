"""Every public page in a real Chromium: axe in both themes, nothing from elsewhere, nothing that moves or overflows."""

import json
from importlib.resources import files
from urllib.parse import urlsplit

import pytest

from app.learn.lesson import lessons
from app.web.pages.docs import documents

pytestmark = pytest.mark.browser

LORA = "task=finetune&domain=text&model=llama-3.1-8b&country=DE"
PAGES = (
    "/", "/q/goal", "/q/domain?goal=adapt", "/q/size?goal=adapt&domain=text", "/q/frequency?goal=adapt&domain=photos",
    "/q/have?goal=adapt&domain=photos&pictures=1k_20k&frequency=once", "/q/limits?goal=learn&once_usd=EUR+500",
    "/check?goal=adapt&domain=photos&pictures=20k&have=gpu&card_name=Titan+X&card_count=2",
    f"/result?{LORA}", "/result?goal=learn&have=laptop", "/result?task=train&domain=detection&samples=500000",
    "/result?task=inference&domain=text&model=llama-3.1-70b&budget_usd=100&existing_hardware=GTX+1080",
    f"/settings?{LORA}&at=batch_size", "/paste", "/paste?model=llama-3.1-8b", "/fit", "/fit?hardware=RTX+3060",
    "/questions", "/hardware?q=rtx&currency=EUR", "/hardware/geforce-rtx-3090?currency=EUR", "/hardware/gt-740m-2gb",
    "/models?q=llama", "/cloud?q=h100&currency=EUR", "/cloud?q=floydhub", "/compare",
    "/compare?ids=geforce-rtx-3090,geforce-rtx-4090", "/learn", "/learn/glossary", "/learn/buy-or-rent?price=nothing",
    *(f"/learn/{each.slug}" for each in lessons()), "/scenarios", "/accuracy", "/docs",
    *(f"/docs/{name}" for name in documents() if not name.startswith("decisions/")), "/docs/decisions/0001-cel-for-rules",
    "/nothing-here",
)  # fmt: skip
REPEATED = ("/learn/", "/docs/", "/q/", "/cloud?q=f", "/fit?", "/result?goal", "/result?task=inference", "/hardware/gt")
ONE_OF_EACH = (
    *(path for path in PAGES if not path.startswith(REPEATED)), "/q/size?goal=adapt&domain=text", "/learn/vgg16",
    "/learn/buy-or-rent?price=nothing", "/docs/api",
)  # fmt: skip
"""One page or more of each template: what shares a template shares its colours."""
HEAVIEST = {"/q/": 60_000, "/result": 150_000}
"""What pages of a kind may weigh with their styles and scripts, before compression. [bytes]"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WHOLE = {"runOnly": TAGS, "resultTypes": ["violations"]}
SAME_COLOURS = WHOLE | {"rules": {"color-contrast": {"enabled": False}}}
"""For pages whose colours another page has shown: contrast is four fifths of what axe takes."""
FORCED = ("/", "/q/size?goal=adapt&domain=text", f"/result?{LORA}", "/compare?ids=geforce-rtx-3090,geforce-rtx-4090")
"""Pages with everything that keeps colours of its own where the visitor forces them."""
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
RUN = "options => axe.run(document, options).then(found => found.violations.map(one => [one.id, one.nodes.slice(0, 3).map(node => node.html.slice(0, 160))]))"
SHIFTS = """new Promise(done => { let sum = 0;
    new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value }).observe({type: "layout-shift", buffered: true});
    requestAnimationFrame(() => setTimeout(() => done(sum), 0)) })"""
SMALL = """[...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")].filter(one => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    if (!box.width || style.visibility === "hidden" || box.right < 0 || one.closest(".visually-hidden, .skip")) return false;
    const label = one.closest("label")?.getBoundingClientRect();
    const wide = Math.max(box.width, label?.width ?? 0), high = Math.max(box.height, label?.height ?? 0);
    const inText = style.display === "inline" && one.parentElement.textContent.trim() !== one.textContent.trim();
    return !inText && style.display !== "inline" && (wide < 24 || high < 24);
}).map(one => one.outerHTML.slice(0, 120))"""
FACTS = """({h1: document.querySelectorAll("h1").length, lang: document.documentElement.lang,
    title: document.title.length, description: document.querySelector("meta[name=description]")?.content.length ?? 0,
    width: document.documentElement.scrollWidth})"""


@pytest.fixture
def visited(chromium, server_url):
    """Open a page in a context with these options and note what it asks for and complains about."""
    contexts = []

    def context(**options):
        made = chromium.new_context(base_url=server_url, **options)
        contexts.append(made)
        page = made.new_page()
        page.complaints, page.foreign, page.weight = [], [], 0
        page.on(
            "console", lambda told: page.complaints.append(told.text) if told.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda asked: page.foreign.append(asked.url) if foreign(asked.url) else None)
        return page

    def foreign(url):
        return not url.startswith(("data:", server_url)) and urlsplit(url).scheme in {"http", "https", "ws", "wss"}

    yield context
    for made in contexts:
        made.close()


def problems_of(page, path, rules):
    """What axe finds, with every part of the page shown."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(AXE)
    return found_by_axe(page, path, rules)


def found_by_axe(page, path, rules):
    return [f"{path}: {name} {json.dumps(nodes)}" for name, nodes in page.evaluate(RUN, rules)]


def test_every_page_fits_the_narrowest_screen_and_passes_axe_on_a_wide_one(visited):
    page = visited(viewport={"width": 1280, "height": 900}, color_scheme="light")
    problems, sloppy = [], []
    for path in PAGES:
        page.goto(path)
        facts = page.evaluate(FACTS)
        well_named = 10 <= facts["title"] <= 160 and facts["description"] >= 20
        if facts["h1"] != 1 or facts["lang"] != "en" or not well_named:
            sloppy.append((path, facts))
        if page.evaluate(SHIFTS) > 0.01:
            sloppy.append((path, "moves while it loads"))
        page.set_viewport_size({"width": 320, "height": 640})
        if page.evaluate(FACTS)["width"] > 320:
            sloppy.append((path, "wider than the narrowest screen"))
        page.set_viewport_size({"width": 1280, "height": 900})
        problems += problems_of(page, path, WHOLE if path in ONE_OF_EACH else SAME_COLOURS)

    assert problems == []
    assert sloppy == []
    assert page.foreign == []
    assert [text for text in page.complaints if "404" not in text] == []


def test_each_kind_of_page_passes_axe_in_the_dark_on_a_phone_and_in_forced_colours(visited):
    page = visited(viewport={"width": 390, "height": 844}, color_scheme="dark", reduced_motion="reduce")
    problems = []
    for path in ONE_OF_EACH:
        page.goto(path)
        if page.evaluate(FACTS)["width"] > 390:
            problems.append(f"{path}: wider than the screen")
        problems += [f"{path}: too small to tap: {html}" for html in page.evaluate(SMALL)]
        problems += problems_of(page, path, WHOLE)
        page.emulate_media(forced_colors="active")
        problems += found_by_axe(page, f"{path}, forced colours", WHOLE if path in FORCED else SAME_COLOURS)
        page.emulate_media(forced_colors="none")

    assert problems == []


def test_colours_that_the_visitor_forces_leave_marks_and_lines_visible(visited):
    page = visited(forced_colors="active", viewport={"width": 1280, "height": 900})
    page.goto(f"/result?{LORA}")
    same = page.evaluate("""[...document.querySelectorAll(
        ".bars .fill, .bars .range, .scatter .pareto, .scatter a:not(.beaten) .dot, .ways .part-1, .chart path.buy"
    )].filter(one => { const style = getComputedStyle(one), ground = getComputedStyle(document.body).backgroundColor;
        return [style.fill, style.stroke].every(paint => paint === "none" || paint === ground) }).map(one => one.outerHTML)""")
    page.locator("main a").first.focus()

    assert same == []
    assert float(page.evaluate("getComputedStyle(document.activeElement).outlineWidth").removesuffix("px")) >= 2


def test_pages_stay_light(client):
    styles = {path: len(client.get(path).content) for path in ("/static/app.css", "/static/charts.css")}
    scripts = sum(len(client.get(f"/static/{name}").content) for name in ("result.js", "terms.js"))
    heavy = {}
    for path in PAGES:
        kind = next((each for each in HEAVIEST if path.startswith(each)), None)
        if kind:
            page = len(client.get(path, headers={"accept": "text/html"}).content)
            extra = styles["/static/app.css"] + (styles["/static/charts.css"] + scripts if kind == "/result" else 0)
            heavy |= {path: page + extra} if page + extra > HEAVIEST[kind] else {}

    assert heavy == {}
