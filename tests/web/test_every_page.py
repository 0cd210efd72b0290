"""Every public page in a real Chromium: axe in each theme, nothing from elsewhere, nothing that moves or overflows."""

import pytest

from tests.web.inspection import LOOK, LORA, PAGES

pytestmark = pytest.mark.browser

REPEATED = ("/learn/", "/docs/", "/q/", "/cloud?q=f", "/fit?", "/result?goal", "/result?task=inference", "/hardware/gt")
"""Pages of whose kind another one is looked at on a wide screen too."""
PARTS = 5
FACTS = """({h1: document.querySelectorAll("h1").length, lang: document.documentElement.lang,
    title: document.title.length, description: document.querySelector("meta[name=description]")?.content.length ?? 0})"""


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_is_fit_for_everyone(arriving, part):
    visit = arriving(scripts=True, width=320, thorough=True)
    sloppy = []
    for path in PAGES[part::PARTS]:
        visit.open(path)
        facts = visit.page.evaluate(FACTS)
        if facts["h1"] != 1 or facts["lang"] != "en" or not 10 <= facts["title"] <= 200 or facts["description"] < 15:
            sloppy.append((path, facts))
        if not path.startswith(REPEATED):
            visit.resize(1280)
    visit.complaints = [each for each in visit.complaints if "404 (Not Found)" not in each]

    assert sloppy == []


def test_what_is_wrong_with_a_page_is_told(arriving):
    page = arriving(scripts=True, width=320).page
    page.goto("about:blank")
    page.set_content("""<body style="background: #fff; color: #000"><main><p style="color: #999">faint</p><p style="font-size: 9px">tiny</p>
        <p><span style="background: #000">black on black</span></p><button style="width: 20px; height: 20px">x</button>
        <input type="text" style="border: 1px solid #eee"><div style="width: 400px">wide</div>
        <p style="background: #000; color: #fff">fine <a href="#top" style="color: #fff">and a link in its line</a></p></main>""")
    told = page.evaluate(LOOK)

    assert [each.split(":")[0].rstrip(" .0123456789") for each in told] == [
        "needs 408 px of", "too small to tap", "too small to tap", "contrast", "letters of 9px", "contrast", "border too faint",
    ]  # fmt: skip


def test_colours_that_the_visitor_forces_leave_marks_and_lines_visible(arriving):
    page = arriving(scripts=True, width=1280).page
    page.emulate_media(forced_colors="active")
    page.goto(f"/result?{LORA}")
    same = page.evaluate("""[...document.querySelectorAll(
        ".bars .fill, .bars .range, .scatter .pareto, .scatter a:not(.beaten) .dot, .ways .part-1, .chart path.buy"
    )].filter(one => { const style = getComputedStyle(one), ground = getComputedStyle(document.body).backgroundColor;
        return [style.fill, style.stroke].every(paint => paint === "none" || paint === ground) }).map(one => one.outerHTML)""")
    page.emulate_media(forced_colors="none")

    assert same == []


@pytest.mark.parametrize("width", [320, 700, 1280])
def test_the_bars_of_a_picture_share_one_scale(arriving, width):
    page = arriving(scripts=False, width=width).page
    page.goto("/learn/vgg16")
    boxes = page.evaluate(
        "[...document.querySelectorAll('.bars svg')].map(one => one.getBoundingClientRect().toJSON())"
    )

    assert len({(box["x"], box["width"]) for box in boxes}) == 1
    assert boxes[0]["width"] > 100


@pytest.mark.parametrize(
    "path", ["/", "/q/have?goal=use", f"/result?{LORA}", f"/settings?{LORA}", "/hardware?q=rtx+40"]
)
def test_the_focus_walks_once_through_all_there_is(arriving, path):
    visit = arriving(scripts=True, width=1280, keyboard=True)
    visit.page.goto(path)
    stops = visit.walk()
    expected = visit.page.evaluate("""[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']")]
        .filter(one => one.checkVisibility({contentVisibilityAuto: true}) && one.tabIndex >= 0 && (one.type !== "radio" || one.checked
            || (one === document.querySelector(`[name="${one.name}"]`) && !document.querySelector(`[name="${one.name}"]:checked`)))).length""")

    assert stops == expected


def test_colours_are_chosen_without_scripts_and_stay(arriving):
    visit = arriving(scripts=False, width=320)
    ground = "getComputedStyle(document.body).backgroundColor"
    visit.open("/result?goal=learn")
    light = visit.page.evaluate(ground)
    visit.press("Dark")
    assert "/result?goal=learn" in visit.page.url
    dark = visit.page.evaluate(ground)
    visit.follow("Hardware")
    assert visit.page.evaluate(ground) == dark != light
    visit.page.emulate_media(media="print")
    assert visit.page.evaluate("getComputedStyle(document.body).color") != visit.page.evaluate(ground) == light
    visit.page.emulate_media(media="null", forced_colors="active")
    forced = visit.page.evaluate(ground)
    visit.press("As my system")
    assert visit.page.evaluate(ground) == forced or visit.page.emulate_media(forced_colors="none")
    visit.page.emulate_media(forced_colors="none")
    assert visit.page.evaluate(ground) == light


def test_colours_change_in_place_where_there_are_scripts(arriving):
    visit = arriving(scripts=True, width=390, keyboard=True)
    visit.open("/paste")
    visit.page.locator("#pasted").fill("half typed")
    visit.press("Dark", stays=True)

    assert visit.page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    assert visit.page.locator("#pasted").input_value() == "half typed"
    assert visit.page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"
    visit.open("/learn")
    assert visit.page.locator("html").get_attribute("data-theme") == "dark"
