import json

import pytest

from app.admin import column_mapping
from app.admin.column_mapping import Column, ColumnMapping, mapped, plain_number
from app.admin.entities import entity_named
from app.errors import Unprocessable

PRICES = 'Card;Condition;Price (US cents);Currency;Country;Date\ngeforce-rtx-4090;new;"159,900";USD;US;2026-11-01\n'


@pytest.fixture
def send(quick_client):
    """Upload a file as the form does; the page that follows."""

    def sent(browser, table: str, content: str, *, name: str = "list.csv", status: int = 200):
        files = {"file": (name, content, "text/csv")}
        data = {"table": table, "why": "a list", "step": "columns"}
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        answer = quick_client.post("/admin/import", data=data, files=files, headers=headers)
        assert answer.status_code == status
        return browser.get(str(answer.url)) if status == 200 else answer

    return sent


def test_a_foreign_file_is_mapped_tried_put_in_and_taken_out(quick_client, signed_in, send):
    browser = signed_in(quick_client, "editor")
    page = send(browser, "prices", PRICES)
    chosen = {box["name"]: box.select_one("[selected]")["value"] for box in page.select("#columns select")}
    source = browser.get("/admin/entries/sources").select_one("tbody a").get_text()

    assert [chosen[f"column-{n}"] for n in range(6)] == [
        "accelerator", "condition", "amount", "currency", "region", "as_of",
    ]  # fmt: skip
    tried = browser.submit(page, form="#columns", do="try", **{"constant-source": source, "constant-confidence": "low"})
    assert "1 new, 0 changed, 0 unchanged, 0 rejected" in tried.select_one("#outcome").get_text()
    assert "The draft is empty" in browser.get("/admin/draft").get_text()
    applied = browser.submit(tried, form="#apply")
    assert "put into the draft: 1" in applied.get_text()
    draft = browser.get("/admin/draft").get_text()
    assert "1599" in draft
    assert "a list (file list.csv, sha256 " in draft
    undone = browser.submit(applied, form="#undo")
    assert "taken back" in undone.get_text()
    assert "The draft is empty" in browser.get("/admin/draft").get_text()

    again = send(browser, "prices", PRICES)
    assert again.select_one("#constant-source")["value"] == source


def test_a_file_that_was_published_is_not_said_to_be_in_the_draft(quick_client, signed_in, send):
    browser = signed_in(quick_client, "approver")
    page = send(browser, "sources", "key,title,url\na-list,A list,\n")
    applied = browser.submit(browser.submit(page, form="#columns", do="try"), form="#apply")
    assert applied.select("#undo")

    browser.submit(browser.get("/admin/draft"), form="#publish", why="a source")

    later = browser.get(applied.url)
    assert not later.select("#undo")
    assert "it was published, edited or discarded" in later.get_text()


def test_a_file_without_anything_in_it_is_told(quick_client, signed_in, send):
    refused = send(signed_in(quick_client, "editor"), "sources", "\n", status=422)

    assert "Choose a file that has something in it" in refused.text


def test_rows_that_cannot_be_taken_are_told_with_their_number(quick_client, signed_in, send):
    browser = signed_in(quick_client, "editor")
    text = "slug,title,memory_gib_max,position\nhuge,Huge,9000,12\n,No slug,1,13\nodd,Odd,much,14\n"
    page = send(browser, "tiers", text)

    tried = browser.submit(page, form="#columns", do="try")

    assert "1 new, 0 changed, 0 unchanged, 2 rejected" in tried.get_text()
    rejected = [each.get_text() for each in tried.select("section li.error")]
    assert [each[:6] for each in rejected] == ["Row 2:", "Row 3:"]


def test_two_columns_cannot_mean_the_same(quick_client, signed_in, send):
    browser = signed_in(quick_client, "editor")
    page = send(browser, "tiers", "slug,title,other\na,A,B\n")

    wrong = browser.submit(page, form="#columns", status=422, do="try", **{"column-2": "title"})

    assert "“other” and “title” cannot both mean title" in wrong.select_one(".error-summary").get_text()


@pytest.mark.parametrize(("name", "content"), [("a.csv", ""), ("a.json", "{"), ("a.json", '{"rows": 3}')])
def test_what_is_no_table_is_refused(quick_client, signed_in, send, name, content):
    browser = signed_in(quick_client, "editor")

    assert "error-summary" in send(browser, "tiers", content, name=name, status=422).text


def test_every_table_comes_back_through_its_own_export(quick_client, signed_in, send):
    browser = signed_in(quick_client, "editor")
    for table, name in (("hardware", "h.csv"), ("hardware", "h.json"), ("questions", "q.csv"), ("factors", "f.json")):
        content = quick_client.get(f"/admin/export/{table}.{name[2:]}").text
        page = send(browser, table, content, name=name)
        tried = browser.submit(page, form="#columns", do="try")

        assert "0 new, 0 changed, " in tried.select_one("#outcome").get_text(), (table, name)
        assert " 0 rejected" in tried.select_one("#outcome").get_text(), (table, name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"GPU,VRAM,GPU\nA,24,B\n", "Several columns are called GPU; rename them"),
        (b"GPU,VRAM\nA," + b"9" * 200_000 + b"\n", "Line 2: field larger than field limit"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(content, told):
    with pytest.raises(Unprocessable, match=told):
        column_mapping.read(content, is_json=False)


def test_units_and_names_are_guessed():
    entity = entity_named("hardware")
    table = column_mapping.read(
        b"GPU,VRAM (GB),Bandwidth [TB/s],TDP (kW),FP16,colour\nA,24,1.008,0.45,165,red\n", is_json=False
    )

    made = column_mapping.guessed(entity, table)

    assert made.columns == {
        "GPU": Column("name"),
        "VRAM (GB)": Column("facts.memory.value", "GiB"),
        "Bandwidth [TB/s]": Column("facts.memory_bandwidth.value", "TB/s"),
        "TDP (kW)": Column("facts.tdp.value", "kW"),
        "FP16": Column("facts.fp16.value", "TFLOP/s"),
        "colour": Column(),
    }


def test_values_are_converted_into_the_unit_of_their_field():
    entity = entity_named("hardware")
    table = column_mapping.read(json.dumps([{"n": "A", "m": "23.6", "b": 1.008}]).encode(), is_json=True)
    columns = {
        "n": Column("name"),
        "m": Column("facts.memory.value", "GB"),
        "b": Column("facts.memory_bandwidth.value", "TB/s"),
    }
    constants = {"facts.*.source": "maker", "facts.*.as_of": "2026-11-01", "facts.*.confidence": "high"}

    (row,) = mapped(entity, table, mapping=ColumnMapping(columns, constants))

    assert row["facts"]["memory"]["value"] == pytest.approx(23.6e9 / 2**30)
    assert row["facts"]["memory"]["unit"] == "GiB"
    assert row["facts"]["memory_bandwidth"]["value"] == 1008
    assert row["facts"]["memory_bandwidth"]["source"] == "maker"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234", "1234"), ("1,5", "1.5"), ("1.234.567", "1.234.567"), ("12 500", "12500"), ("1e3", "1e3"), ("-", "-")],
)
def test_numbers_are_read_as_spreadsheets_write_them(text, number):
    assert plain_number(text) == number


def test_programs_send_foreign_rows_as_well(quick_client, key_of):
    headers = key_of(quick_client, "editor")
    rows = [{"Slug": "huge", "Name": "Huge", "From": 500, "Place": 12}]
    columns = {"Slug": "slug", "Name": "title", "From": "memory_gib_min", "Place": "position"}
    asked = {"table": "tiers", "rows": rows, "columns": columns}

    looked = quick_client.post("/admin/api/imports", headers=headers, json=asked | {"apply": False}).json()
    refused = quick_client.post("/admin/api/imports", headers=headers, json=asked)
    done = quick_client.post("/admin/api/imports", headers=headers, json=asked | {"why": "a program"}).json()
    undone = quick_client.post(f"/admin/api/imports/{done['id']}/undo", headers=headers).json()

    assert (looked["new"], looked["rejected"], looked["applied"]) == (1, [], 0)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/why")
    assert done["applied"] == undone["entries"] == 1
