"""A verdict in other people's pages: the frame, oEmbed and what leads to it."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from bs4 import BeautifulSoup

QUESTION = "task=finetune&domain=text&model=llama-3.1-8b&method=lora"


def test_only_the_page_made_for_it_may_be_framed(client):
    framed = client.get(f"/embed?{QUESTION}").headers
    others = [client.get(path, headers={"accept": "text/html"}).headers for path in ("/", f"/result?{QUESTION}")]

    assert "frame-ancestors *" in framed["content-security-policy"]
    assert "x-frame-options" not in framed
    assert all("frame-ancestors 'none'" in one["content-security-policy"] for one in others)
    assert {one["x-frame-options"] for one in others} == {"DENY"}


def test_a_frame_says_the_verdict_and_leads_to_the_whole_answer(client):
    verdict = client.get(f"/recommend?{QUESTION}").json()["verdict"]

    page = BeautifulSoup(client.get(f"/embed?{QUESTION}").text, "html.parser")

    assert page.h1.get_text(strip=True) == verdict
    assert page.h1.a["href"].startswith("http://testserver/result?task=finetune")
    assert page.h1.a["target"] == "_blank"
    assert page.find_all(["form", "script"]) == []


def test_a_result_leads_to_its_oembed_answer_and_that_to_its_frame(client):
    result = BeautifulSoup(client.get(f"/result?{QUESTION}").text, "html.parser")
    link = result.select_one("link[type='application/json+oembed']")["href"]

    answer = client.get(link.removeprefix("http://testserver"))
    told = answer.json()
    frame = BeautifulSoup(told["html"], "html.parser").iframe

    assert (told["type"], told["version"], told["title"]) == ("rich", "1.0", result.h1.get_text(strip=True))
    assert (frame["width"], frame["title"]) == (str(told["width"]), told["title"])
    assert parse_qs(urlsplit(frame["src"]).query)["model"] == ["llama-3.1-8b"]
    assert client.get(frame["src"].removeprefix("http://testserver")).status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_short_link_can_be_embedded_too(client):
    kept = client.post(
        "/r", data={"question": QUESTION}, headers={"origin": "http://testserver"}, follow_redirects=False
    )

    told = client.get("/oembed", params={"url": f"http://testserver{kept.headers['location']}"}).json()

    assert "llama-3.1-8b" in told["html"]


def test_a_frame_is_no_larger_than_was_asked(client):
    url = quote(f"http://testserver/result?{QUESTION}", safe="")

    told = client.get(f"/oembed?url={url}&maxwidth=400&maxheight=5000").json()

    assert (told["width"], told["height"]) == (400, 200)


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"url": "https://example.org/result?task=learn"}, 404),
        ({"url": "http://testserver/hardware"}, 404),
        ({"url": "http://testserver/r/no-such-answer"}, 404),
        ({"url": "http://testserver/result?task=learn", "format": "xml"}, 501),
        ({"url": "http://testserver/result?task=learn", "maxwidth": 50}, 404),
        ({"url": "http://testserver/result?task=fly"}, 422),
        ({}, 422),
    ],
)
def test_what_cannot_be_embedded_is_refused_as_oembed_has_it(client, parameters, status):
    answer = client.get("/oembed", params=parameters)

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
