import pytest

from app.accuracy.report import KINDS, shipped

PAGE = {"accept": "text/html"}


@pytest.mark.parametrize("kind", shipped().kinds, ids=lambda kind: kind.kind)
def test_each_quantity_has_a_page_that_names_all_of_its_sources(client, kind):
    page = client.get(f"/accuracy/{kind.kind}", headers=PAGE).text

    assert all(line.address in page for line in kind.sources if line.address)
    assert page.count('<th scope="row">') == len(kind.sources)


def test_the_page_of_all_links_to_each_of_them(client):
    page = client.get("/accuracy", headers=PAGE).text

    assert all(f'href="/accuracy/{kind}"' in page for kind in KINDS)


def test_an_unknown_quantity_is_told_with_the_nearest(client):
    answer = client.get("/accuracy/memroy", headers=PAGE)

    assert answer.status_code == 404
    assert "/accuracy/memory" in answer.text
