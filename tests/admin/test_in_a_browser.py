"""The administration in a real Chromium: held to WCAG by axe in both themes, narrow, with and without scripts."""

import re
import shutil
import threading
import time

import pytest
import uvicorn

from app.admin import accounts
from app.admin.access import COOKIE
from app.db import connect, transaction
from app.main import create_app
from app.settings import Settings
from tests.admin.conftest import address
from tests.web.inspection import found_by_axe, seen

pytestmark = pytest.mark.browser

NARROWEST_PX = 320
CARD = "/admin/entries/hardware/geforce-rtx-4090"
PAGES = {
    "start": "/admin",
    "list": "/admin/entries/prices?state=stale",
    "retired": "/admin/entries/aliases?state=retired",
    "card": CARD,
    "offer": "/admin/entries/offers/1",
    "rule": "/admin/entries/rules/too-long-in-one-machine",
    "free rule": "/admin/entries/rules/nothing-to-spend",
    "new rule": "/admin/new/rules",
    "question": "/admin/new/questions?query=task%3Dlearn",
    "try": "/admin/rules/trial",
    "bench": "/admin/bench",
    "draft": "/admin/draft",
    "import": "/admin/import",
    "upload": "/admin/import/1",
    "audit": "/admin/audit",
    "revisions": "/admin/revisions",
    "revision": "/admin/revisions/1",
    "account": "/admin/account",
    "price refreshes": "/admin/price-refreshes",
    "price feeds": "/admin/price-feeds",
    "new price feed": "/admin/new-price-feed",
    "held changes": "/admin/held-changes",
    "import a model": "/admin/import-model",
}


@pytest.fixture(scope="module")
def admin_database(sqlite_template, tmp_path_factory) -> str:
    """A copy of the seed with an account of each role."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path_factory.mktemp('browser') / 'copy.db')}"


@pytest.fixture(scope="module")
def session_of(admin_database):
    """Who has signed in already: that a password does it is for the journeys to show."""
    engine = connect(admin_database)

    def begun(role: str) -> str:
        with transaction(engine) as session:
            return accounts.signed_in(session, accounts.user_named(session, address(role)), browser="tests")

    yield begun
    engine.dispose()


@pytest.fixture(scope="module")
def admin_url(admin_database):
    """The service on that copy."""
    app = create_app(Settings(database_url=admin_database))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def opened(chromium, admin_url, session_of):
    """A page of somebody who is signed in; what the console complains about fails the test."""
    contexts, complaints = [], []

    def at(path="/admin", *, role="approver", **options):
        context = chromium.new_context(base_url=admin_url, reduced_motion="reduce", **options)
        context.add_cookies([{"name": COOKIE, "value": session_of(role), "url": admin_url}])
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda told: complaints.append(told.text) if told.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield at
    for context in contexts:
        context.close()
    assert [text for text in complaints if "422" not in text] == []


def something_in_every_page(page):
    page.goto(CARD)
    page.get_by_label("Value of memory", exact=True).fill("30")
    page.get_by_role("button", name="Save to the draft").click()
    page.goto("/admin/import?table=tiers")
    page.locator("#file").set_input_files(
        {"name": "tiers.csv", "mimeType": "text/csv", "buffer": b"Key,Title,From (GB)\nhuge,Huge,9000\n"}
    )
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/admin/import/\d+"))


def complaints(page) -> list[str]:
    """What axe has against a page on a wide screen, and we in each theme, and on a narrow one."""
    page.set_viewport_size({"width": 1280, "height": 900})
    found = [*found_by_axe(page), *seen(page)]
    page.set_viewport_size({"width": NARROWEST_PX, "height": 640})
    return found + seen(page, ["light"])


def test_axe_finds_nothing_and_nothing_needs_sideways_scrolling(opened):
    page = opened(bypass_csp=True)  # axe is a script of the test, not of the page
    something_in_every_page(page)
    found = {}
    for name, path in PAGES.items():
        page.goto(path)
        found[name] = complaints(page)

    assert {name: told for name, told in found.items() if told} == {}


def test_what_follows_a_form_passes_axe_as_well(opened):
    page = opened("/admin/entries/aliases", bypass_csp=True)
    page.get_by_role("checkbox").first.check()
    page.get_by_label("What to do").select_option("retire")
    page.get_by_role("button", name="Look at what changes").click()
    bulk = complaints(page)
    page.get_by_role("button", name="Retire: 1 into the draft").click()
    page.goto("/admin/entries/rules/learning")
    page.get_by_label("Row 1: value").fill("")
    page.get_by_role("button", name="Save to the draft").click()
    wrong = complaints(page)
    page.goto("/admin/entries/rules/learning")
    page.get_by_label("A saved question").select_option("first-course")
    page.get_by_role("button", name="Try", exact=True).click()

    assert page.locator(".wins a").first.inner_text() == "learning"
    assert (bulk, wrong, complaints(page)) == ([], [], [])


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_the_public_page_follows_the_form(opened, scripts):
    page = opened("/admin/entries/tiers/entry", java_script_enabled=scripts)
    page.get_by_label("title", exact=True).fill("Tiny cards")
    if not scripts:
        page.get_by_role("button", name="Preview").click()
    page.get_by_role("region", name="Preview of the public page").get_by_text("Tiny cards").wait_for()

    assert page.get_by_label("title", exact=True).input_value() == "Tiny cards"
    page.goto("/admin/entries/tiers/entry")
    assert page.get_by_label("title", exact=True).input_value() != "Tiny cards"


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_a_rule_is_built_in_rows(opened, scripts):
    page = opened("/admin/entries/rules/shared-by-a-team", java_script_enabled=scripts)
    page.get_by_role("button", name="Add a row").click()
    page.get_by_label("Row 3: what").select_option("constraints.on_premises_only")
    page.get_by_label("Row 3: how it compares").select_option("no")
    page.get_by_role("button", name="Preview").click()

    text = page.get_by_label("Condition", exact=True).input_value()
    assert text == "workload.training && constraints.people >= 4 && !constraints.on_premises_only"
    page.get_by_role("button", name="Remove row 3", exact=True).click()
    assert page.get_by_label("Condition", exact=True).input_value() == "workload.training && constraints.people >= 4"


@pytest.mark.parametrize("scripts", [False, True], ids=["without scripts", "with scripts"])
def test_the_draft_asks_when_told_and_says_that_it_does(opened, scripts):
    page = opened("/admin/entries/tiers/entry", java_script_enabled=scripts)
    page.get_by_label("title", exact=True).fill(f"Small cards {scripts}")
    page.get_by_role("button", name="Save to the draft").click()
    page.get_by_role("link", name="Look at the draft and publish it").click()
    ask = page.get_by_role("link", name="Ask the saved questions")
    if scripts:
        ask.evaluate("link => link.addEventListener('click', event => event.preventDefault(), {once: true})")
        ask.click()
        page.get_by_role("status").get_by_text("Asking the saved questions").wait_for()
        page.reload()
    ask.click()

    page.get_by_text("saved questions get another answer").wait_for()
    assert ask.count() == 0


def test_keys_and_passwords_and_signing_out_everywhere(opened):
    elsewhere = opened("/admin/account", role="viewer")
    page = opened("/admin/account", role="viewer")
    page.get_by_label("What the key is for").fill("nightly prices")
    page.get_by_role("button", name="Make a key").click()
    assert re.search(r"wr_[\w-]{20,}", page.inner_text("main"))
    page.goto("/admin/account")
    assert not re.search(r"wr_[\w-]{20,}", page.inner_text("main"))
    page.get_by_role("button", name="End nightly prices").click()
    page.get_by_label("Present password").fill("wrong")
    page.get_by_label("New password").fill("an entirely new password")
    page.get_by_role("button", name="Change password").click()
    assert "Enter your present password" in page.inner_text(".error-summary")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/admin/sign-in")
    elsewhere.goto("/admin/account")

    assert "/admin/sign-in" in elsewhere.url
