"""The public page as it would be: an edit is carried out, the page is asked for, and everything is taken back."""

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlencode

import anyio.from_thread
from fastapi import FastAPI, Request
from markupsafe import Markup
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.datastructures import State
from starlette.types import Message, Scope

from app.admin import drafts
from app.admin.edits import Edit, carried_out
from app.admin.entities import Document, Entity
from app.admin.entries import Entry
from app.catalogue.queries import load_snapshot
from app.catalogue.snapshot import Snapshot
from app.errors import AppError
from app.http import error_responses
from app.web import cloud, hardware, home, models, results
from app.web.dependencies import published_catalogue

HTTP_OK = 200
CATALOGUE = "whichrig.catalogue"
MOST_DRAFTED = 200
"""With more in the draft, an edit is previewed on what is published."""
_MAIN = re.compile(r"<main\b[^>]*>(.*)</main>", re.DOTALL)
_DROPPED = re.compile(r"<script\b.*?</script>", re.DOTALL)
_NAMED = re.compile(r'\b(id|for|aria-labelledby|aria-describedby|aria-controls|popovertarget)="([^"]+)"')
_JUMP = re.compile(r'href="#([^"]+)"')
_TAGS = {"<h1": '<p role="presentation"', "</h1>": "</p>", "<form": "<div", "</form>": "</div>"}


@dataclass(frozen=True, slots=True)
class Preview:
    """What visitors would see."""

    url: str
    html: Markup
    told: str
    """Why there is nothing to see, or what is seen."""

    @classmethod
    def none(cls, told: str = "Press “Preview” to see what visitors would see.") -> "Preview":
        """Nothing to see yet."""
        return cls("", Markup(), told)


NOTHING = Preview.none("This entry has no public page of its own. The draft says which answers change.")


def preview(state: State, *, entity: Entity, found: Entry | None, values: Document) -> Preview:
    """The public page of an entry with these values; nothing is kept of it."""
    path = public_path(entity, values)
    if not path:
        return NOTHING
    try:
        if found is not None and found.published == values and not found.retired:
            return _page(path, state.catalogue.current(), state)
        return _page(path, _trial(state.engine, entity, found=found, values=values), state)
    except AppError as error:
        return Preview("", Markup(), f"No preview: {error.detail}")


def public_path(entity: Entity, values: Document) -> str:
    """Where visitors see an entry; empty: nowhere by itself."""
    name = str(values.get(entity.key_column.name) or "")
    if entity.name in {"prices", "offers"}:
        accelerator = values.get("accelerator")
        return f"/hardware/{quote(accelerator)}" if accelerator else ""
    if entity.name == "aliases":
        return f"/hardware/{quote(values['slug'])}" if values.get("kind") == "hardware" else ""
    if entity.name == "questions":
        return f"/result?{values.get('query', '')}"
    paths = {
        "hardware": f"/hardware/{quote(name)}",
        "rules": "/scenarios",
        "tiers": "/scenarios",
        "scenarios": "/scenarios",
        "providers": f"/cloud?{urlencode({'provider': name})}",
        "algorithms": f"/result?{urlencode({'task': 'classical', 'algorithm': name})}",
        "datasets": f"/result?{urlencode({'task': 'train', 'dataset': name})}",
    }
    if entity.name in {"transformers", "networks", "diffusion-models"}:
        return f"/models?{urlencode({'q': values.get('name') or name})}"
    return paths.get(entity.name, "")


def _trial(engine: Engine, entity: Entity, *, found: Entry | None, values: Document) -> Snapshot:
    """The catalogue with the draft and this edit in it."""
    with Session(engine.execution_options(writes=True)) as session:
        try:
            drafts.one_at_a_time(session)
            others = drafts.changes(session) if drafts.count(session) <= MOST_DRAFTED else []
            edits = [Edit.of(each) for each in others if not _is_same(each.entity, each.key, entity, found)]
            for _ in carried_out(session, [*edits, _edit(entity, found, values)]):
                pass
            return load_snapshot(session)
        finally:
            session.rollback()


def _is_same(name: str, key: str, entity: Entity, found: Entry | None) -> bool:
    return found is not None and (name, key) == (entity.name, found.key)


def _edit(entity: Entity, found: Entry | None, values: Document) -> Edit:
    if found is None or found.published is None:
        return Edit(entity, "", "create", 0, values, "", "")
    action = "restore" if found.retired else "update"
    return Edit(entity, found.key, action, found.version, values, "", "")


def _page(path: str, snapshot: Snapshot, state: State) -> Preview:
    status, html = _asked(path, snapshot, state)
    main = _MAIN.search(html)
    if main is None:
        return Preview(path, Markup(), "There is no page to see.")
    told = "" if status == HTTP_OK else "Visitors would see this instead of the page:"
    return Preview(path, _embedded(main[1]), told)


def _embedded(html: str) -> Markup:
    """A part of a page inside another: its names are its own, its heading is none, and nothing in it is sent."""
    html = _DROPPED.sub("", html)
    html = _NAMED.sub(lambda found: f'{found[1]}="{_own_names(found[2])}"', html)
    html = _JUMP.sub(r'href="#preview-\1"', html)
    for tag, instead in _TAGS.items():
        html = html.replace(tag, instead)
    return Markup(html)  # noqa: S704 - a page of ours, escaped when it was rendered


def _own_names(names: str) -> str:
    return " ".join(f"preview-{name}" for name in names.split())


@cache
def _public_pages() -> FastAPI:
    """The public pages by themselves, each request with a catalogue of its own."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in (home.shared, hardware.router, models.shared, cloud.router, results.router):
        app.include_router(router)
    app.dependency_overrides[published_catalogue] = _given_catalogue
    error_responses.install(app, {})
    return app


async def _given_catalogue(request: Request) -> Snapshot:
    snapshot: Snapshot = request.scope[CATALOGUE]
    return snapshot


def _asked(path: str, snapshot: Snapshot, state: State) -> tuple[int, str]:
    """The answer to a visitor's request, made on the loop that this thread was called from."""
    app = _public_pages()
    app.state = state
    place, _, query = path.partition("?")
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": place,
        "raw_path": place.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"preview"), (b"accept", b"text/html")],
        "client": None,
        "server": ("preview", 80),
        "state": {},
        CATALOGUE: snapshot,
    }
    return anyio.from_thread.run(_answered, app, scope)


async def _answered(app: FastAPI, scope: Scope) -> tuple[int, str]:
    status, parts = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(parts).decode()
