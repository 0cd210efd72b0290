"""Learn, cloud and compare pages in a real Chromium: held to WCAG by axe in both themes, narrow, without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.learn.lesson import lessons

pytestmark = pytest.mark.browser

PAGES = [
    "/learn",
    *(f"/learn/{each.slug}" for each in lessons()),
    "/learn/glossary",
    "/cloud?provider=lambda&sort=memory_gib",
    "/cloud?q=FloydHub",
    "/cloud?q=zzzz",
    "/compare",
    "/compare?ids=geforce-rtx-3090,titan-x-maxwell,apple-m4-max,b200&job=photos",
    "/compare?ids=geforce-rtx-3090,Titan+X",
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that a theme can change."""
NARROWEST_PX = 320


def broken_rules(page, run_only) -> dict[str, list[str]]:
    """What axe finds, with everything unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    violations = Axe().run(page, options={"runOnly": run_only, "resultTypes": ["violations"]}).response["violations"]
    return {each["id"]: [node["html"][:200] for node in each["nodes"][:3]] for each in violations}


def test_axe_finds_nothing_in_either_theme(chromium, server_url):
    context = chromium.new_context(base_url=server_url, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    found = {}
    for path in PAGES:
        page.goto(path)
        for scheme, run_only in (("light", TAGS), ("dark", COLOURS)):
            page.emulate_media(color_scheme=scheme)
            found |= {f"{path} ({scheme}): {rule}": nodes for rule, nodes in broken_rules(page, run_only).items()}
    context.close()

    assert found == {}


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_pages_fit_the_narrowest_screen_and_stay_within_the_site_and_its_policy(chromium, server_url, scripts):
    context = chromium.new_context(
        base_url=server_url, viewport={"width": NARROWEST_PX, "height": 640}, java_script_enabled=scripts
    )
    page = context.new_page()
    complaints, foreign, wide = [], [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: None if request.url.startswith(server_url) else foreign.append(request.url))
    for path in PAGES[::4] if scripts else PAGES:  # these pages have no scripts of their own
        page.goto(path)
        if page.locator("html").evaluate("root => root.scrollWidth") > NARROWEST_PX:
            wide.append(path)
        assert page.locator("h1").is_visible()
    context.close()

    assert wide == foreign == []
    assert [text for text in complaints if "422" not in text] == []


@pytest.mark.parametrize("width", [NARROWEST_PX, 700, 1280])
def test_the_bars_of_a_picture_share_one_scale(chromium, server_url, width):
    context = chromium.new_context(base_url=server_url, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto("/learn/vgg16")
    boxes = [svg.bounding_box() for svg in page.locator(".bars svg").all()]
    context.close()

    assert len({(box["x"], box["width"]) for box in boxes}) == 1
    assert boxes[0]["width"] > 100
