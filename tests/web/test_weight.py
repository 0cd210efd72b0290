"""What pages weigh with all that they load, before compression."""

from functools import cache
from urllib.parse import urljoin

import pytest

from tests.browser import Page

QUESTION_BYTES, RESULT_BYTES = 60_000, 150_000
QUESTIONS = (
    "/q/goal", "/q/domain?goal=adapt", "/q/size?goal=adapt&domain=text", "/q/have?goal=adapt&domain=photos",
    "/q/limits?goal=learn", "/check?goal=adapt&domain=photos&pictures=20k", "/paste", "/paste?model=llama-3.1-8b", "/fit",
)  # fmt: skip
RESULTS = (
    "/result?task=finetune&domain=text&model=llama-3.1-8b&country=DE",
    "/result?goal=learn&have=laptop",
    "/result?task=train&domain=detection&samples=500000&runs_per_month=20",
    "/result?task=inference&domain=text&model=llama-3.1-70b&budget_usd=100&existing_hardware=GTX+1080",
)


@pytest.fixture(scope="module")
def weight(client):
    """Bytes of a page and of everything it names, each part once."""

    @cache
    def size(url: str) -> int:
        return len(client.get(url, headers={"accept": "text/html"}).content)

    def weighed(path: str) -> int:
        page = Page(client.get(path, headers={"accept": "text/html"}).text, "html.parser")
        loaded = page.select("link[rel=stylesheet], link[rel=icon], script[src], img[src]")
        assert page.select("link[rel=stylesheet]")
        return size(path) + sum(size(urljoin(path, each.get("href") or each["src"])) for each in loaded)

    return weighed


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_page_that_asks_stays_light(weight, path):
    assert weight(path) <= QUESTION_BYTES


@pytest.mark.parametrize("path", RESULTS)
def test_an_answer_stays_light(weight, path):
    assert weight(path) <= RESULT_BYTES


def test_styles_load_nothing_more(client):
    page = Page(client.get(RESULTS[0], headers={"accept": "text/html"}).text, "html.parser")
    styles = [client.get(each["href"]).text for each in page.select("link[rel=stylesheet]")]

    assert [text for text in styles if "url(" in text or "@import" in text] == []
