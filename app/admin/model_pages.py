"""Importing a model from the Hugging Face hub: look at it first, then put it into the draft; by page and by program."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from app import formatting
from app.admin import model_import
from app.admin.access import Editor
from app.admin.accounts import Caller
from app.admin.forms import Entered, ErrorLine, FormField, Frame, options
from app.admin.model_import import DOMAINS, Wish
from app.engine.units import GIB
from app.errors import AppError, Unprocessable
from app.http.redirecting import see_other
from app.http.request_session import SessionDep
from app.http.templating import render

if TYPE_CHECKING:
    from app.sources.hub import HubModel

router = APIRouter(prefix="/admin", include_in_schema=False)

CREATED = 201


class ModelImport(BaseModel):
    """A model of the hub, and how it is to be called here."""

    model_config = ConfigDict(extra="forbid")

    hub_id: Annotated[str, Field(max_length=200)]
    save: bool = False
    slug: Annotated[str, Field(max_length=120)] = ""
    domain: str = ""
    replace: bool = False


@dataclass(frozen=True, slots=True)
class ModelImportPage:
    """The form, and what was read."""

    template: ClassVar[str] = "admin/model_import.html"

    title: str
    frame: Frame
    hub_id: FormField
    fields: tuple[FormField, ...] = ()
    """Of the second step; empty before something was read."""
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[ErrorLine, ...] = ()


@router.get("/import-model")
def show_import(caller: Editor) -> Response:
    """The form."""
    return render(_page(caller, {}))


@router.post("/import-model")
def import_model(request: Request, caller: Editor, session: SessionDep, form: Entered) -> Response:
    """Read a model; the second time, put it into the draft."""
    found = None
    try:
        found = model_import.read(form.get("hub_id", ""), request.app.state.settings)
        if form.get("step") == "save":
            wish = Wish(form.get("slug", ""), form.get("domain", ""), form.get("replace") == "yes")
            saved = model_import.save(session, found, wish=wish, actor=caller.email)
            return see_other(f"/admin/entries/transformers/{saved.key}")
    except AppError as error:
        return render(_page(caller, form, found=found, error=error), status=error.status)
    return render(_page(caller, form, found=found))


@router.post("/api/model-imports")
def import_model_by_program(wanted: ModelImport, caller: Editor, session: SessionDep, request: Request) -> JSONResponse:
    """Read a model of the hub, and with ``save`` put it into the draft."""
    found = model_import.read(wanted.hub_id, request.app.state.settings)
    told = {"model": found.model_dump(exclude={"hf_config"})}
    if not wanted.save:
        return JSONResponse(told)
    wish = Wish(wanted.slug, wanted.domain, wanted.replace)
    saved = model_import.save(session, found, wish=wish, actor=caller.email)
    headers = {"etag": f'"{saved.tag}"', "location": f"/admin/api/transformers/{saved.key}"}
    return JSONResponse(told | {"entry": saved.as_json()}, CREATED, headers=headers)


def _page(
    caller: Caller, form: dict[str, str], *, found: "HubModel | None" = None, error: AppError | None = None
) -> ModelImportPage:
    wrong: dict[str, str] = {}
    if isinstance(error, Unprocessable):
        wrong = {problem.pointer.strip("/").split("/")[0]: problem.detail for problem in error.problems}
    elif error is not None:
        wrong = {"slug" if found else "hub_id": error.detail}
    known = {"hub_id", "slug", "domain"} if found else {"hub_id"}
    wrong = {(name if name in known else "hub_id"): text for name, text in wrong.items()}
    hub_id = FormField(
        "hub_id",
        "Id on the Hugging Face hub",
        "text",
        form.get("hub_id", ""),
        hint="Such as Qwen/Qwen3-8B. Only config.json and the sizes of the files are read; no code of theirs is run.",
        error=wrong.get("hub_id", ""),
    )
    errors = tuple(ErrorLine(name, text) for name, text in wrong.items())
    title, frame = "Import a model", Frame.of(caller)
    if found is None:
        return ModelImportPage(title, frame, hub_id, errors=errors)
    slug = form.get("slug") or model_import.slug_of(found.hub_id)
    fields = (
        FormField("slug", "Name in addresses", "text", slug, error=wrong.get("slug", "")),
        FormField(
            "domain",
            "What it works on",
            "choice",
            "",
            options=options(("", *DOMAINS), form.get("domain", ""), labels={"": "as its config says"}),
            error=wrong.get("domain", ""),
        ),
        FormField(
            "replace",
            "If there is an entry of this name",
            "choice",
            "",
            options=options(("", "yes"), form.get("replace", ""), labels={"": "leave it", "yes": "draft it anew"}),
        ),
    )
    return ModelImportPage(title, frame, hub_id, fields, tuple(_facts(found)), tuple(found.notes), errors)


def _facts(found: "HubModel") -> list[tuple[str, str]]:
    return [
        ("Architecture", f"{found.architecture}, {found.attention_kind} attention"),
        ("Parameters", formatting.large(found.parameters)),
        ("Active parameters", formatting.large(found.active_parameters)),
        ("Layers", str(found.num_hidden_layers)),
        ("Hidden size", str(found.hidden_size)),
        ("Longest context", str(found.max_position_embeddings or "unknown")),
        ("KV cache of one token in 16 bit", f"{found.kv_cache_bytes_per_token / 1024:,.1f} KiB"),
        ("Files", formatting.gib(found.weights_bytes / GIB) if found.weights_bytes else "the hub does not say"),
    ]
