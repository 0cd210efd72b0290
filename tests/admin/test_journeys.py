"""What administrators do from beginning to end, in a real Chromium and with the commands of the documentation."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from app import advisor
from app.admin import accounts, seed_upgrade
from app.admin.asked import request_in
from app.catalogue import startup, transfer
from app.catalogue.snapshot import Snapshot
from app.db import connect, reading, transaction
from app.settings import ROOT
from app.tables import AcceleratorFact, SavedQuestionRow
from tests.admin.serving import PASSWORD, make_account, serving, whichrig

CARD = "geforce-rtx-4090"
WRONG, RIGHT = "20", "24"
ADA, BOB = "ada@example.org", "bob@example.org"
WITHIN_S = 1.0
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ASKED_AGAIN = ("adapt-a-language-model", "asked-d11", "asked-p06", "first-course")
"""Saved questions that are enough; all of them would take a minute."""
EACH = 5
"""Of the questions that must pass; every one would tell no more of a catalogue that came across."""
FACT = "[id='facts.memory.{}']"


@pytest.fixture(scope="module")
def database(sqlite_template, whichrig_program, tmp_path_factory) -> str:
    """A catalogue in which one card has the wrong memory; its accounts are made by the command line."""
    path = tmp_path_factory.mktemp("journeys") / "whichrig.db"
    shutil.copy(sqlite_template, path)
    url = f"sqlite:///{path}"
    engine, table = connect(url), AcceleratorFact.__table__.c
    seed_upgrade.follow(engine)  # otherwise the first start would put the card right
    with transaction(engine) as session:
        of_card = table.accelerator == CARD
        session.execute(delete(AcceleratorFact).where(of_card, table.field == "visible_memory"))
        session.execute(update(AcceleratorFact).where(of_card, table.field == "memory").values(value=float(WRONG)))
        session.execute(update(SavedQuestionRow).where(SavedQuestionRow.slug.not_in(ASKED_AGAIN)).values(retired=True))
    engine.dispose()
    make_account(whichrig_program, url, email=ADA)
    make_account(whichrig_program, url, email=BOB, role="editor")
    return url


@pytest.fixture(scope="module")
def site(database, whichrig_program):
    with serving(whichrig_program, database) as url:
        yield url


def memory_gib(site: str) -> float:
    """What programs are told in public."""
    with urllib.request.urlopen(f"{site}/hardware/{CARD}") as answer:
        return json.load(answer)["memory_gib"]


@pytest.fixture
def opened(chromium, site):
    """A browser in which somebody is signed in; what the console complains about fails the test."""
    contexts, complaints = [], []

    def sign_in(email: str):
        context = chromium.new_context(base_url=site)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/admin")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url("**/admin")
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []


def publish(page, why: str) -> None:
    page.goto("/admin/draft")
    page.locator("#publish").get_by_label("Why").fill(why)
    page.locator("#publish").get_by_role("button", name="Publish").click()
    page.wait_for_url("**/admin/audit?revision=*")


@pytest.mark.browser
def test_a_wrong_memory_is_corrected_seen_found_in_the_audit_and_undone(opened, site):
    page = opened(ADA)
    page.goto("/admin/entries/hardware?q=rtx+4090")
    page.get_by_role("link", name=CARD, exact=True).click()
    assert page.locator(FACT.format("value")).input_value() == WRONG

    page.locator(FACT.format("value")).fill(RIGHT)
    page.locator(FACT.format("source")).fill("techpowerup-com-geforce-gt-720-c1989")
    page.get_by_label("Why", exact=True).fill("the data sheet says 24 GB")
    page.get_by_role("button", name="Save to the draft").click()
    assert memory_gib(site) == float(WRONG)

    page.goto("/admin/draft")
    page.get_by_role("link", name="Ask the saved questions").click()
    page.get_by_text("saved questions get another answer").wait_for()
    draft = page.inner_text("main")
    assert "facts.memory.value" in draft
    changed = re.search(r"(\d+) of (\d+) saved questions", draft)
    assert changed, draft
    assert 0 < int(changed[1]) < int(changed[2])
    publish(page, "a correction")
    assert "the data sheet says 24 GB" in page.inner_text("main")
    assert memory_gib(site) == float(RIGHT)
    page.goto(f"/hardware/{CARD}")
    assert f"{RIGHT} GB" in page.inner_text("main") or f"{RIGHT} GiB" in page.inner_text("main")

    page.goto(f"/admin/audit?table=hardware&key={CARD}&action=update")
    page.get_by_role("button", name=re.compile("Undo")).first.click()
    page.wait_for_url("**/admin/entries/hardware/*")
    publish(page, "it was right before")
    assert memory_gib(site) == float(WRONG)


PRICES = b"""accelerator,condition,currency,amount,region,as_of,source,confidence
geforce-rtx-3060-12gb,used,USD,251,US,2026-11-20,price-compilation-4,medium
geforce-rtx-4090,used,USD,1999,US,2026-11-20,price-compilation-4,medium
geforce-rtx-9999,used,USD,100,US,2026-11-20,price-compilation-4,medium
geforce-rtx-3080-ti,used,USD,cheap,US,2026-11-20,price-compilation-4,medium
t4,broken,USD,210,US,2026-11-20,price-compilation-4,medium
"""


@pytest.mark.browser
def test_a_file_of_prices_with_three_bad_rows_says_which_and_puts_in_the_others(opened):
    page = opened(BOB)
    page.goto("/admin/import?table=prices")
    page.locator("#file").set_input_files({"name": "prices.csv", "mimeType": "text/csv", "buffer": PRICES})
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile(r"/admin/import/\d+"))
    if page.get_by_role("button", name="Say what it would do").count():
        page.get_by_role("button", name="Say what it would do").click()
    rejected = page.locator("li.error").all_inner_texts()
    page.get_by_role("button", name=re.compile("Put 2")).click()
    page.get_by_role("button", name="Take it out of the draft again").wait_for()

    assert [re.search(r"\d+", reason)[0] for reason in rejected] == ["3", "4", "5"]  # of data, below the heading
    page.get_by_role("button", name="Take it out of the draft again").click()
    page.get_by_role("button", name="Take it out of the draft again").wait_for(state="detached")
    page.goto("/admin/draft")
    assert "geforce-rtx-3060-12gb" not in page.inner_text("main")


@pytest.mark.browser
def test_the_second_of_two_people_in_browsers_sees_both_versions_and_loses_nothing(opened):
    first, second = opened(ADA), opened(BOB)
    for page in (first, second):
        page.goto("/admin/entries/hardware/geforce-gt-720")
    note = "textarea[name=note], input[name=note]"
    first.locator(note).fill("Ada looked at it")
    first.get_by_role("button", name="Save to the draft").click()
    second.locator(note).fill("Bob looked at it")
    second.get_by_role("button", name="Save to the draft").click()

    told = second.inner_text("main")
    assert f"{ADA} changed this entry while you edited it" in told
    assert second.locator(note).input_value() == "Bob looked at it"
    assert "Ada looked at it" in told
    second.get_by_role("button", name="Save to the draft").click()
    second.wait_for_url("**/admin/entries/hardware/geforce-gt-720")
    assert second.locator(note).input_value() == "Bob looked at it"
    second.goto("/admin/audit?key=geforce-gt-720&action=draft")
    assert {ADA, BOB} <= set(re.findall(r"\w+@example\.org", second.inner_text("main")))


def commands() -> str:
    """What the documentation says to programs, but for the key."""
    text = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
    block = re.search(r"```sh\n(export AUTH=.*?)```", text.partition("## By program")[2], re.DOTALL)
    return block[1].partition("\n")[2]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the documentation speaks of curl")
def test_the_commands_of_the_documentation_do_what_it_says(database, site):
    engine = connect(database)
    with transaction(engine) as session:
        user = accounts.user_named(session, ADA)
        caller = accounts.Caller(user.id, user.email, user.role)
        key = accounts.new_key(session, caller, name="docs", scope="approver", days=1)
    engine.dispose()
    environment = os.environ | {"AUTH": f"Authorization: Bearer {key}", "SITE": site}
    command = ["bash", "-e", "-o", "pipefail", "-c", commands()]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)

    assert (done.returncode, done.stderr) == (0, "")
    answers = list(documents(done.stdout))
    public = [each["memory_gib"] for each in answers if "memory_gib" in each]
    assert public == [float(WRONG), float(RIGHT), float(WRONG)]
    assert [each for each in answers if "status" in each] == []
    (review,) = [each for each in answers if "answers" in each]
    assert any(each["changed"] for each in review["answers"])
    first, second = [each["revision"] for each in answers if set(each) == {"revision"}]
    assert second == first + 1


def documents(text: str):
    """JSON documents that stand one after the other."""
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        found, place = decoder.raw_decode(text, place)
        yield found
        while place < len(text) and text[place].isspace():
            place += 1


def test_an_edit_on_one_of_two_services_shows_on_the_other_within_a_second(
    postgres_copy, postgres_template, whichrig_program
):
    url = postgres_copy(postgres_template)
    engine = connect(url)
    with transaction(engine) as session:
        session.execute(update(SavedQuestionRow).values(retired=True))
        user = accounts.user_named(session, "approver@example.org")
        caller = accounts.Caller(user.id, user.email, user.role)
        key = accounts.new_key(session, caller, name="tests", scope="approver", days=1)
    engine.dispose()
    with serving(whichrig_program, url) as one, serving(whichrig_program, url) as other:
        took_s = [seconds_until_shown(one, other, key=key, note=f"looked at {n}") for n in range(3)]

    assert min(took_s) < WITHIN_S


def seconds_until_shown(one: str, other: str, *, key: str, note: str) -> float:
    """How long after the publication on one service is acknowledged the other answers from it. [s]"""
    path = f"/admin/api/hardware/{CARD}"
    entry = ask(f"{one}{path}", key=key)
    saved = {"values": {"note": note}, "why": "a test"}
    ask(f"{one}{path}", key=key, method="PATCH", body=saved, tag=entry["tag"])
    revision = ask(f"{one}/admin/api/draft/publication", key=key, method="POST", body={"why": "a test"})["revision"]
    began = time.monotonic()
    while ask(f"{other}/readyz", key=key)["catalogue_revision"] < revision:
        assert time.monotonic() - began < 20 * WITHIN_S
        time.sleep(0.01)
    return time.monotonic() - began


def ask(url: str, *, key: str, method: str = "GET", body: dict | None = None, tag: str = ""):
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    headers |= {"if-match": f'"{tag}"'} if tag else {}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
        return json.load(answer)


def test_a_catalogue_that_was_edited_on_sqlite_answers_the_same_on_postgresql(
    database, seeded_postgres_url, whichrig_program, tmp_path
):
    whichrig(whichrig_program, database, "catalogue", "backup", str(tmp_path / "catalogue.jsonl"))
    engine, other_engine = connect(database), connect(seeded_postgres_url)
    with transaction(other_engine) as session, (tmp_path / "catalogue.jsonl").open() as lines:
        transfer.restore(session, lines)
    here, there = startup.prepare(engine), startup.prepare(other_engine)
    with reading(engine) as session:
        asked = list(session.scalars(select(SavedQuestionRow.query).where(SavedQuestionRow.must_pass)))[::EACH]
    engine.dispose()
    other_engine.dispose()

    other = [query for query in asked if told(here, query) != told(there, query)]

    assert len(asked) > 8
    assert other == []


def told(snapshot: Snapshot, query: str) -> str:
    """The whole answer of a day, to the last digit, without the number of its revision."""
    asked = request_in(query, snapshot)
    answer = advisor.recommend(snapshot, asked.workload, constraints=asked.constraints, at=NOON)
    return answer.model_dump_json(exclude={"provenance"})
