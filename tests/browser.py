"""A visitor without JavaScript: opens pages through the application and holds each of them to the house rules."""

from collections import Counter
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from fastapi.testclient import TestClient

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HTTP_OK = 200
HTTP_REDIRECTS = (301, 302, 303, 307, 308)
FIELDS = {"input", "select", "textarea"}
UNLABELLED = {"hidden", "submit", "button", "reset", "image"}


class Page(BeautifulSoup):
    """A page that was opened, with the address it came from."""

    url: str

    @property
    def heading(self) -> str:
        return self.find("h1").get_text(" ", strip=True)


class Browser:
    """get() and post() return the page that a visitor ends up on; follow() and submit() use what is on it."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def get(self, url: str, *, status: int = HTTP_OK) -> Page:
        return self._open("GET", url, data=None, status=status)

    def post(self, url: str, *, data: dict, status: int = HTTP_OK) -> Page:
        return self._open("POST", url, data=data, status=status)

    def follow(self, page: Page, text: str, *, status: int = HTTP_OK) -> Page:
        links = [link for link in page.select("a[href]") if link.get_text(" ", strip=True) == text]
        assert links, f"{page.url} has no link “{text}”"
        return self.get(urljoin(page.url, links[0]["href"]), status=status)

    def submit(self, page: Page, *, form: str = "main form", status: int = HTTP_OK, **values: object) -> Page:
        """Send a form with what it holds already, and the values given here instead of that."""
        found = page.select_one(form)
        assert found, f"{page.url} has no {form}"
        data = _held(found)
        unknown = values.keys() - {control.get("name") for control in found.select("[name]")}
        assert not unknown, f"the form has no {sorted(unknown)}"
        data.update(values)
        url = urljoin(page.url, found["action"])
        if found.get("method", "get").lower() == "post":
            return self.post(url, data=data, status=status)
        return self._open("GET", url, data=None, status=status, params=data)

    def _open(self, method: str, url: str, *, data: dict | None, status: int, params: dict | None = None) -> Page:
        headers = {"accept": ACCEPT, "sec-fetch-site": "same-origin"}
        response = self.client.request(
            method, url, data=data, params=params, headers=headers, follow_redirects=status not in HTTP_REDIRECTS
        )
        assert response.status_code == status, (
            f"{method} {url}: {response.status_code}, not {status}\n{response.text[:2000]}"
        )
        page = Page(response.text, "html.parser")
        page.url = str(response.url)
        if status not in HTTP_REDIRECTS:
            assert response.headers["content-type"].startswith("text/html"), f"{url} is no page"
            check(page)
        return page


def check(page: Page) -> None:
    """The rules that every page keeps."""
    tags = [node for node in page.descendants if isinstance(node, Tag)]  # one walk: selectors would walk each time
    broken = [*_heading(page, tags), *_ids(tags), *_labels(tags), *_forms(tags), *_inline(tags)]
    assert not broken, f"{page.url}: " + "; ".join(broken)


def _heading(page: Page, tags: list[Tag]) -> list[str]:
    headings = [tag for tag in tags if tag.name == "h1"]
    if len(headings) != 1:
        return [f"{len(headings)} <h1>, not one"]
    title = " ".join(page.title.get_text().split()) if page.title else ""
    title = title.removeprefix("Error: ")
    heading = " ".join(headings[0].get_text().split())
    return [] if title.startswith(heading) else [f"<title> “{title}” does not begin with <h1> “{heading}”"]


def _ids(tags: list[Tag]) -> list[str]:
    counted = Counter(tag["id"] for tag in tags if "id" in tag.attrs)
    targets = [tag["href"][1:] for tag in tags if tag.name == "a" and tag.get("href", "").startswith("#")]
    pointed = [one for tag in tags for one in tag.get("aria-describedby", "").split()]
    return [f"id {name} stands {count} times" for name, count in counted.items() if count > 1] + [
        f"nothing has the id “{name}” that the page points at" for name in targets + pointed if name not in counted
    ]


def _labels(tags: list[Tag]) -> list[str]:
    fields = [tag for tag in tags if tag.name in FIELDS]
    controls = [tag for tag in fields if tag.get("type") not in UNLABELLED]
    labels = {tag["for"] for tag in tags if tag.name == "label" and "for" in tag.attrs}
    summaries = [tag for tag in tags if "error-summary" in tag.get_attribute_list("class")]
    errors = [link["href"] for summary in summaries for link in summary.select("a")]
    places = {f"#{tag['id']}" for tag in tags if "id" in tag.attrs and tag.name in {*FIELDS, "fieldset"}}
    return [f"{tag.get('name')} has no label" for tag in controls if not _labelled(tag, labels)] + [
        f"the error link {href} lands on no field" for href in errors if href not in places
    ]


def _labelled(tag: Tag, labels: set[str]) -> bool:
    labelled = tag.get("aria-label") or tag.get("aria-labelledby") or tag.find_parent("label")
    return bool(labelled or tag.get("id") in labels)


def _forms(tags: list[Tag]) -> list[str]:
    return ["a form has no action" for tag in tags if tag.name == "form" and not tag.get("action")]


def _inline(tags: list[Tag]) -> list[str]:
    scripts = [
        tag for tag in tags if tag.name == "script" and not tag.get("src") and tag.get("type") != "application/json"
    ]
    handlers = [name for tag in tags for name in tag.attrs if name.startswith("on")]
    styles = [tag for tag in tags if tag.name == "style" or "style" in tag.attrs]
    return [f"inline {tag.name} or style" for tag in scripts + styles] + [f"inline handler {name}" for name in handlers]


def _held(form: Tag) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for control in form.select("input[name], textarea[name], select[name]"):
        for value in _values(control):
            held.setdefault(control["name"], []).append(value)
    return held


def _values(control: Tag) -> list[str]:
    if control.has_attr("disabled"):
        return []
    if control.name == "textarea":
        return [control.get_text()]
    if control.name == "select":
        options = control.select("option[selected]") or control.select("option")[:1]
        return [option.get("value", option.get_text()) for option in options]
    if control.get("type") in {"checkbox", "radio"}:
        return [control.get("value", "on")] if control.has_attr("checked") else []
    return [] if control.get("type") in {"submit", "button", "file"} else [control.get("value", "")]
