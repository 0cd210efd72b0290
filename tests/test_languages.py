"""Pages in every language: the catalogues are complete, and nothing on a page escapes them."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup

from app import formatting, languages
from app.languages import Language, known_languages, say, say_count, say_finished, speaking
from app.languages.texts import HOME, Text, collected, texts
from app.questionnaire.amounts import amount
from app.web.labels import place
from app.worded import worded

STYLES = sorted(path for path in Path("static").glob("*.css") if path.name != "admin.css")
CODES = sorted(set(known_languages()) - {"en"})
PLACE = re.compile(r"{(\w[\w.]*)[^{}]*}")
TAG = re.compile(r"</?\w+[^>]*>")
PHYSICAL = re.compile(r"(?<![\w-])(?:margin|padding|border|inset)-(?:left|right)|(?<![\w-])(?:left|right)\s*:|"
                      r"(?:text-align|float|clear)\s*:\s*(?:left|right)")  # fmt: skip
GERMAN = {"accept": "text/html", "accept-language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture(params=CODES)
def catalog(request):
    path = HOME / request.param / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=request.param)


@pytest.fixture(scope="module")
def found():
    return list(texts())


@pytest.fixture
def mirrored(monkeypatch, found):
    """A language that is written from right to left, in which every text stands in brackets."""
    catalog = collected("ar", found)
    plain = {message.id: f"⟦{message.id}⟧" for message in catalog if isinstance(message.id, str) and message.id}
    counted = {message.id[0]: message.id for message in catalog if isinstance(message.id, tuple)}
    monkeypatch.setitem(known_languages(), "ar", Language("ar", plain, counted))


def test_every_text_stands_in_every_catalogue(catalog, found):
    missing = {text.one for text in found} - {
        message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog
    }

    assert not missing, "run: python -m app.languages.texts"


def test_a_catalogue_holds_nothing_that_is_gone(catalog, found):
    written = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalog if message.id}

    assert written == {text.one for text in found}


@pytest.mark.parametrize("code", CODES)
def test_every_text_is_translated(code):
    path = HOME / code / "LC_MESSAGES" / "messages.po"
    catalog = read_po(BytesIO(path.read_bytes()), locale=code)
    open_texts = [
        message.id
        for message in catalog
        if message.id
        and (message.fuzzy or not all(message.string if isinstance(message.string, tuple) else [message.string]))
    ]

    assert open_texts == []


def test_a_translation_has_the_places_and_tags_of_its_text(catalog):
    for message in catalog:
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for wording in filter(None, strings) if message.id else ():
            assert set(PLACE.findall(wording)) == set(PLACE.findall(ids[-1])), message.id
            assert sorted(TAG.findall(wording)) == sorted(TAG.findall(ids[0])), message.id


def test_a_text_is_collected_from_code_templates_and_data(found):
    places = {text.place.split("/")[0] + Path(text.place).suffix for text in found}

    assert places == {"app.py", "app.toml", "app.csv", "templates.html"}
    assert Text("Guide me", None, "templates/layout.html") in found


def test_numbers_dates_and_money_follow_the_language():
    with speaking("de"):
        written = [
            formatting.number(12345.0),
            formatting.exact(0.5),
            formatting.usd(1234.4),
            formatting.usd_per_hour(2.49),
            formatting.percent(0.414),
            formatting.day("2026-10-01"),
        ]

    assert written == ["12.000", "0,5", "1.230\u00a0$", "2,49\u00a0$/h", "41\u00a0%", "1. Oktober 2026"]


@pytest.mark.parametrize(
    ("typed", "measure", "value"),
    [("1,5 TB", "gigabytes", 1500.0), ("250.000", "count", 250_000.0), ("2 Tage", "hours", 48.0), ("500 €", "money", 550.0),
     ("1,5 Mio", "count", 1.5e6), ("2 Mrd", "count", 2e9), ("3 Stunden", "hours", 3.0), ("2 Jahre", "months", 24.0)],
)  # fmt: skip
def test_numbers_may_be_typed_as_germans_write_them(typed, measure, value):
    assert amount(typed, measure).value == value


def test_a_finished_sentence_is_recognised_by_its_template(monkeypatch):
    template = "{parameters} parameters x {held} bytes ({precision})"
    words = {template: "{parameters} Parameter x {held} Byte ({precision})"}
    language = Language("de", words, templates=((languages._pattern_of(template), template),))
    monkeypatch.setitem(known_languages(), "de", language)

    with speaking("de"):
        assert say_finished("8e9 parameters x 2 bytes (bf16)") == "8e9 Parameter x 2 Byte (bf16)"
        assert say_finished("nobody knows this one") == "nobody knows this one"


def test_a_text_of_a_pure_package_is_said_with_its_values(monkeypatch):
    language = Language("de", {"{count} passes": "{count} Durchgänge"}, {"{n} row": ("{n} Zeile", "{n} Zeilen")})
    monkeypatch.setitem(known_languages(), "de", language)

    with speaking("de"):
        assert say(worded("{count} passes", count=3)) == "3 Durchgänge"
        assert [say_count("{n} row", "{n} rows", of=n, n=n) for n in (1, 2)] == ["1 Zeile", "2 Zeilen"]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_know_no_left_and_right(path):
    assert PHYSICAL.findall(path.read_text("utf-8")) == []


def test_the_address_wins_over_the_choice_and_the_choice_over_the_browser(client):
    def language(path, headers):
        client.cookies.clear()
        return BeautifulSoup(client.get(path, headers=headers).text, "html.parser").html["lang"]

    spoken = {
        name: language(path, headers)
        for name, path, headers in (
            ("address", "/?lang=en", GERMAN | {"cookie": "language=de"}),
            ("choice", "/", {"accept": "text/html", "cookie": "language=de"}),
            ("browser", "/", GERMAN),
            ("nothing", "/", {"accept": "text/html"}),
            ("nonsense", "/?lang=xx", {"accept": "text/html"}),
        )
    }

    assert spoken == {"address": "en", "choice": "de", "browser": "de", "nothing": "en", "nonsense": "en"}


def test_a_chosen_language_is_remembered_and_the_address_stays(client):
    answer = client.get("/q/domain?goal=adapt&lang=de", headers={"accept": "text/html"})
    soup = BeautifulSoup(answer.text, "html.parser")

    assert "language=de" in answer.headers["set-cookie"]
    assert soup.select_one(".languages a[lang=en]")["href"] == "/q/domain?goal=adapt&lang=en"
    assert "Cookie" in answer.headers["vary"]
    assert "Accept-Language" in answer.headers["vary"]


def test_pages_name_themselves_in_every_language(client):
    soup = BeautifulSoup(client.get("/learn?lang=de", headers={"accept": "text/html"}).text, "html.parser")
    links = {link["hreflang"]: link["href"] for link in soup.select("link[rel=alternate][hreflang]")}

    assert set(links) == {*known_languages(), "x-default"}
    assert links["de"] == links["x-default"] + "?lang=de" == soup.select_one("link[rel=canonical]")["href"]


def test_programs_get_english_whatever_they_accept(client):
    question = "/recommend?task=learn"
    english = client.get(question, headers={"accept": "application/json"}).json()
    asked = client.get(question, headers={"accept": "application/json", "accept-language": "de"}).json()

    assert asked["verdict"] == english["verdict"]


@pytest.mark.parametrize(
    "path",
    ["/", "/q/goal", "/settings?task=learn", "/result?task=finetune&domain=text&model=llama-3.1-8b", "/compare", "/nothing",
     "/fit?hardware=RTX+3060", "/learn/vgg16", "/hardware", "/cloud", "/accuracy", "/scenarios", "/questions"],
)  # fmt: skip
def test_a_page_turns_round_for_a_language_written_from_right_to_left(client, mirrored, path):
    answer = client.get(path, headers={"accept": "text/html", "cookie": "language=ar"})
    soup = BeautifulSoup(answer.text, "html.parser")

    assert (soup.html["lang"], soup.html["dir"]) == ("ar", "rtl")
    assert "⟦" in soup.h1.text
    assert all("⟦" in heading.text for heading in soup.select("h2, summary, button, legend"))


def test_hardware_without_a_name_of_its_own_is_named_in_the_language(client):
    page = client.get("/result?goal=learn&have=laptop", headers={"accept": "text/html", "cookie": "language=de"}).text

    assert "Laptop ohne Grafikkarte" in page
    assert "laptop without a graphics card" not in page


def test_the_count_of_a_name_is_written_as_in_the_language(client):
    page = client.get(
        "/result?task=pretrain&domain=text&model=llama-3.1-405b&tokens=15.6e12&lang=de", headers={"accept": "text/html"}
    ).text

    assert "16.384 x" in page
    assert "16,384 x" not in page


def test_places_of_offers_are_named_in_the_language_of_the_page():
    with speaking("de"):
        named = [place(each) for each in ("Global", "Japan, JP", "India (Delhi/Mumbai)", "us-east-2", "US")]

    assert named == ["weltweit", "Japan", "Indien (Delhi/Mumbai)", "us-east-2", "US"]
