"""The models of the catalogue, and the box that takes the name of one."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import Query
from fastapi.responses import Response

from app.catalogue.name_matches import Ambiguous, Match, Unknown
from app.catalogue.snapshot import Snapshot
from app.engine.model_spec import ModelSpec
from app.engine.size_in_name import size_in_name
from app.http.redirecting import see_other
from app.http.templating import render
from app.http.unanswered import SearchesDep
from app.languages import say
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.models import ModelListPage, question_url

router = page_router()
shared = page_router(shared=True)

NOT_FOUND = 404

Words = Annotated[str, Query(max_length=200)]


@shared.get("/models")
async def list_known_models(
    catalogue: CatalogueDep,
    base_url: BaseUrlDep,
    *,
    searches: SearchesDep,
    q: Words = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Models with these words in their names, each with the way to its answer."""
    words = q.lower().split()
    found = [
        (slug, spec)
        for slug, spec in sorted(catalogue.models.items(), key=lambda model: model[1].name.lower())
        if all(word in f"{slug} {spec.name}".lower() for word in words)
    ]
    searches.note("models", q, found=found)
    return render(ModelListPage.of(found, words=q.strip(), page=page, base_url=base_url))


@router.get("/ask")
async def ask_about_a_model(
    catalogue: CatalogueDep,
    base_url: BaseUrlDep,
    *,
    searches: SearchesDep,
    model: Words = "",
    task: Literal["inference", "finetune"] = "inference",
) -> Response:
    """From the name of a model straight to its answer; the nearest names when nobody knows it."""
    name = model.strip().removeprefix("https://").removeprefix("huggingface.co/").strip("/")
    found = catalogue.model_names.resolve(name)
    if isinstance(found, Match):
        return see_other(question_url(task, found.slug, spec=catalogue.models[found.slug]))
    size = size_in_name(name)
    if size:
        fields = {"task": task, "domain": "text", "parameters": f"{size:g}", "architecture": "decoder"}
        return see_other("/result?" + urlencode(fields))
    searches.note("models", name, found=())
    return render(_not_found(name, found, catalogue, base_url=base_url), status=NOT_FOUND)


def _not_found(name: str, found: Ambiguous | Unknown, catalogue: Snapshot, *, base_url: str) -> ModelListPage:
    slugs = found.slugs if isinstance(found, Ambiguous) else found.nearest
    nearest: list[tuple[str, ModelSpec]] = [(slug, catalogue.models[slug]) for slug in slugs]
    remark = (
        say(
            "We do not know “{name}”. Paste for example org/name, or type the size of the model, like 7B.",
            name=name[:80],
        )
        if name
        else say("Enter the name of a model, like llama-3.1-8b.")
    )
    return ModelListPage.of(nearest, words=name[:80], page=1, base_url=base_url, remark=remark)
