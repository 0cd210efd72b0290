import pytest
from fastapi import Request

from app.http.negotiation import prefers_html
from tests.browser import ACCEPT


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (ACCEPT, True),
        ("text/html", True),
        ("text/*;q=0.5, application/json;q=0.4", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/plain, */*", False),
        ("text/html;q=0.4, application/json", False),
        ("text/html;q=much", False),
    ],
)
def test_a_page_goes_to_who_would_rather_have_one(accept, html):
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})

    assert prefers_html(request) is html
