"""Pictures beside links: drawn by the server, in the one shape that everybody shows."""

from io import BytesIO

import pytest
from PIL import Image

from app.web.preview import SIZE, Preview, lines_of, preview_png
from app.web.preview import _font as font

RESULT = "task=finetune&domain=text&model=llama-3.1-8b"
MOST_BYTES = 100_000


@pytest.mark.parametrize("path", ["/preview.png", f"/result/preview.png?{RESULT}", "/learn/vgg16/preview.png"])
def test_a_picture_has_the_shape_and_weight_that_previews_want(client, path):
    reply = client.get(path)
    picture = Image.open(BytesIO(reply.content))

    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age" in reply.headers["cache-control"]
    assert picture.size == SIZE
    assert len(reply.content) < MOST_BYTES


@pytest.mark.parametrize("path", [f"/result?{RESULT}", "/learn/vgg16", "/q/goal", "/hardware", "/models", "/settings"])
def test_every_page_names_a_picture_that_is_there(browser, client, path):
    page = browser.get(path)
    told = {tag["property"]: tag["content"] for tag in page.select("meta[property]")}
    card = page.select_one('meta[name="twitter:card"]')["content"]
    reply = client.get(told["og:image"])

    assert card == "summary_large_image"
    assert told["og:image:type"] == reply.headers["content-type"] == "image/png"
    assert (told["og:image:width"], told["og:image:height"]) == tuple(map(str, SIZE))


def test_a_kept_answer_has_a_picture_of_its_own(browser):
    page = browser.post("/r", data={"question": RESULT})
    picture = page.select_one('meta[property="og:image"]')["content"]

    assert picture.endswith(page.url.partition("/r/")[2] + "/preview.png")
    assert browser.client.get(picture).headers["content-type"] == "image/png"


def test_the_picture_of_what_is_not_there_is_not_found(client):
    assert client.get("/learn/nothing/preview.png").status_code == 404
    assert client.get("/r/aaaaaaaaaaaa/preview.png").status_code == 404


def test_words_without_end_still_make_a_picture():
    drawn = preview_png(Preview("kicker " * 50, "endless" * 200, (("Memory", "9" * 500),) * 3))

    assert Image.open(BytesIO(drawn)).size == SIZE


def test_lines_are_broken_at_words_and_never_too_long():
    lines = lines_of("One card with sixteen gigabytes is enough", font("Bold", 60), room=500)

    assert " ".join(lines) == "One card with sixteen gigabytes is enough"
    assert all(font("Bold", 60).getlength(line) <= 500 for line in lines)


def test_a_german_page_names_a_german_picture(browser, client):
    named = browser.get("/learn/vgg16?lang=de").select_one('meta[property="og:image"]')["content"]
    german, english = client.get(named), client.get("/learn/vgg16/preview.png?lang=en")

    assert named.endswith("/learn/vgg16/preview.png?lang=de")
    assert german.status_code == 200
    assert german.content != english.content
