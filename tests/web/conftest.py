"""Visitors with and without scripts, on screens of three widths, by pointer and by keyboard."""

import pytest

from tests.web.inspection import Inspector
from tests.web.visitors import KeyboardVisitor, Visitor

WIDEST = 1280
KINDS = ((True, 320), (True, 390), (True, WIDEST), (False, 320), (False, WIDEST))
"""With scripts or without, and the width of the screen: what holds at 320 px without scripts holds at 390 px."""
HEIGHT = 640
PATIENT_MS = 10_000
INSPECTOR = Inspector()
"""One for the whole process."""


@pytest.fixture(scope="module")
def tabs(chromium, server_url):
    """Two tabs for all visits, with scripts and without: opening one takes longer than a visit to a page."""
    made = {}
    for scripts in (True, False):
        context = chromium.new_context(base_url=server_url, java_script_enabled=scripts, reduced_motion="reduce")
        context.set_default_timeout(PATIENT_MS)
        made[scripts] = context.new_page()
    yield made
    for tab in made.values():
        tab.context.close()


@pytest.fixture
def arriving(tabs, server_url):
    """Somebody comes; when the test ends, nothing may have been complained about."""
    visits = []

    def made(*, scripts: bool, width: int, keyboard: bool = False, thorough: bool = False) -> Visitor:
        tab = tabs[scripts]
        tab.context.clear_cookies()
        tab.set_viewport_size({"width": width, "height": HEIGHT})
        kind = KeyboardVisitor if keyboard else Visitor
        visit = kind(tab, scripts=scripts, inspector=INSPECTOR, home=server_url, thorough=thorough)
        visits.append(visit)
        return visit

    yield made
    for visit in visits:
        visit.leave()
    complaints = [each for visit in visits for each in visit.complaints]
    assert not complaints, "\n".join(complaints)


@pytest.fixture(
    params=KINDS,
    ids=lambda of: f"{'scripts' if of[0] else 'no scripts'}, {of[1]} px",
)
def visit(request, arriving):
    """A visitor of each kind: by pointer on narrow screens, by keyboard alone on a wide one."""
    scripts, width = request.param
    return arriving(scripts=scripts, width=width, keyboard=width == WIDEST)
