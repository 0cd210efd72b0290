"""The door for those who know their model: paste what there is, see what was understood, correct it, get the answer."""

import json
from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import UploadFile

from app.catalogue.name_matches import Ambiguous, Match
from app.catalogue.snapshot import Snapshot
from app.contract.flat_query import query_string
from app.engine.hub_config import spec_from_config
from app.engine.size_in_name import size_in_name
from app.engine.workload import MAX_CONFIG_BYTES
from app.http.redirecting import see_other
from app.http.templating import render
from app.languages import say
from app.web.asking import knows
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.models import domain_of_model
from app.web.pages.paste import TASKS, PastePage, Understood, shape_fields
from app.web.settings_form import Typed, read
from app.worded import worded

router = page_router()

UNPROCESSABLE = 422
NAMED = 3
"""Nearest names that an error offers."""
HUB = ("https://", "http://", "www.", "huggingface.co/", "hf.co/")
UNDERSTOOD_NOTHING = worded(
    "That does not look like a model name or config. Paste for example org/name, or type its size, like 7B."
)

Pasted = Annotated[str, Query(max_length=200)]


@router.get("/paste")
async def show_paste(
    catalogue: CatalogueDep, base_url: BaseUrlDep, model: Pasted = "", task: Pasted = "inference", people: Pasted = ""
) -> HTMLResponse:
    """The box, or what was understood of a name in the address."""
    if not model.strip():
        return render(PastePage.asking("", task=task, people=people, base_url=base_url))
    return _understood_page(model, catalogue, task=task, people=people, base_url=base_url)


@router.post("/paste")
async def take_paste(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """What was pasted: a short text has an address, a config.json is shown at once."""
    given = await _given(request)
    text, task, people = given.get("model", "").strip(), given.get("task", ""), given.get("people", "").strip()
    if text and not text.startswith("{") and "\n" not in text:
        query = {"model": text[:200], "task": task, "people": people}
        filled = {name: value for name, value in query.items() if value}
        return see_other("/paste?" + urlencode(filled))
    return _understood_page(text, catalogue, task=task, people=people, base_url=base_url)


@router.post("/paste/answer")
async def answer_pasted(request: Request, catalogue: CatalogueDep, base_url: BaseUrlDep) -> Response:
    """To the answer: the model as it was found where nothing was corrected, its numbers where something was."""
    given = await _given(request)
    task = given.get("task", "") if given.get("task") in TASKS else TASKS[0]
    shape = {name: given.get(name, "").strip() for name in shape_fields()}
    if all(shape[name] == given.get(f"was_{name}", "") for name in shape):
        kept = [(name, given[name]) for name in ("model", "hf_config") if given.get(name)]
        model = kept or [*_filled(shape), ("architecture", given.get("architecture", "decoder"))]
    else:
        model = [*_filled(shape), ("architecture", given.get("architecture", "decoder"))]
    domain = given.get("domain") or "text"
    pairs = [("task", task), ("domain", domain), *model]
    more = {"sequence_length": "sequence_length", "people": "concurrent_requests"}
    pairs += [(flat, given[name].strip()) for name, flat in more.items() if given.get(name, "").strip()]
    reading = read(Typed.of(pairs), in_catalogue=knows(catalogue.hardware_names))
    if reading.asked is None:
        errors = {"people" if name == "concurrent_requests" else name: text for name, text in reading.errors.items()}
        found = Understood.corrected(given)
        page = PastePage.of(found, given, errors=errors, base_url=base_url)
        return render(page, status=UNPROCESSABLE)
    return see_other("/result?" + query_string(reading.asked))


def _filled(shape: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in shape.items() if text]


async def _given(request: Request) -> dict[str, str]:
    form = await request.form()
    return {name: value for name, value in form.multi_items() if not isinstance(value, UploadFile)}


def _understood_page(text: str, catalogue: Snapshot, *, task: str, people: str, base_url: str) -> HTMLResponse:
    found = understood(text, catalogue)
    if isinstance(found, str):
        page = PastePage.asking(text, task=task, people=people, base_url=base_url, error=found)
        return render(page, status=UNPROCESSABLE)
    return render(PastePage.of(found, {"task": task, "people": people}, errors={}, base_url=base_url))


def understood(text: str, catalogue: Snapshot) -> Understood | str:
    """The model that a text means, or what is wrong with the text."""
    text = text.strip()
    if text.startswith("{"):
        return _of_config(text)
    name = _bare(text)
    found = catalogue.model_names.resolve(name) if name else None
    if isinstance(found, Match):
        spec = catalogue.models[found.slug]
        return Understood.of_spec("found", spec, domain=domain_of_model(spec, found.slug) or "text", model=found.slug)
    size = size_in_name(name) if name else None
    if size:
        return Understood.of_size(name, size)
    if isinstance(found, Ambiguous):
        several = [catalogue.model_names.names[slug] for slug in found.slugs]
        return say("Several models are called like that. Did you mean {names}?", names=_or(several))
    if found is not None and found.names:
        return f"{say(UNDERSTOOD_NOTHING)} {say('Did you mean {names}?', names=_or(found.names))}"
    return say(UNDERSTOOD_NOTHING)


def _or(names: Sequence[str]) -> str:
    return say(" or ").join(names[:NAMED])


def _bare(text: str) -> str:
    """A name without the address in front of it, and without what an address has behind it."""
    for beginning in HUB:
        text = text.removeprefix(beginning)
    return "/".join(text.split("?")[0].strip("/").split("/")[:2])


def _of_config(text: str) -> Understood | str:
    if len(text.encode()) > MAX_CONFIG_BYTES:
        return say("This config is too large: the limit is {limit} KB.", limit=MAX_CONFIG_BYTES // 1024)
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return say(
            "This begins like a config.json, but is not whole. Paste all of it, from the first brace to the last."
        )
    try:
        spec = spec_from_config(config)
    except (ValueError, TypeError) as problem:
        return f"{say('This config cannot be read:')} {problem}"
    return Understood.of_spec("config", spec, domain="text", hf_config=json.dumps(config, separators=(",", ":")))
