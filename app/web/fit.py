"""The page on what one's own hardware can do. The devices travel in the address; nothing is stored."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from app import advisor
from app.advice.detected import Found, read_meminfo, read_pasted, words_of
from app.catalogue.name_matches import Match
from app.catalogue.snapshot import Snapshot
from app.contract.flat_query import hardware_in_words
from app.contract.requests import LONGEST_PASTE, FitRequest
from app.http.redirecting import see_other
from app.http.templating import render
from app.languages import say
from app.web.dependencies import BaseUrlDep, CatalogueDep
from app.web.negotiation import page_router
from app.web.pages.fit import FitPage, FitProblem, link

router = page_router(shared=True)

UNPROCESSABLE = 422
MOST_CARDS = 50
GB_PER_GIB = 2**30 / 1e9

Hardware = Annotated[list[str], Query(max_length=MOST_CARDS)]
MemoryText = Annotated[str, Query(max_length=20)]


@router.get("/fit")
def show_fit(
    catalogue: CatalogueDep,
    base_url: BaseUrlDep,
    hardware: Hardware = [],  # noqa: B006
    memory: MemoryText = "",
) -> HTMLResponse:
    """What the hardware in the address can do; without any, the question."""
    if not any(text.strip() for text in hardware):
        return render(FitPage.asking(base_url=base_url))
    memory_gb, problem = _memory(memory)
    entries = [hardware_in_words(text[:LONGEST_PASTE], _known(catalogue)) for text in hardware if text.strip()]
    try:
        request = FitRequest.model_validate({"hardware": entries, "system_memory_gb": memory_gb})
    except ValidationError:
        problem = FitProblem("card_name-1", say("Enter up to 50 devices, each with a count of 1 to 100,000."))
    if problem:
        page = FitPage.asking(hardware, memory, problem=problem, base_url=base_url)
        return render(page, status=UNPROCESSABLE)
    answer = advisor.fit(catalogue, request, at=datetime.now(UTC))
    return render(FitPage.of(answer, hardware, memory=memory, base_url=base_url))


@router.post("/fit")
async def take_hardware(request: Request, base_url: BaseUrlDep) -> Response:
    """From the form, or from what a tool printed, to the address of the answer."""
    form = await request.form()
    given = {name: [v for v in form.getlist(name) if not isinstance(v, UploadFile)] for name in form}
    counts = given.get("card_count", [])
    names = enumerate(given.get("card_name", []))
    cards = [_counted(name.strip(), counts[i] if i < len(counts) else "") for i, name in names if name.strip()]
    memory, pasted = "".join(given.get("memory", [])).strip(), "".join(given.get("pasted", []))[:LONGEST_PASTE]
    found = read_pasted(pasted)
    cards += [_words(one) for one in found]
    memory = memory or _pasted_memory(pasted)
    problem = _memory(memory)[1]
    if not cards:
        text = (
            say("Nothing was found in what you pasted: paste the whole output, or enter the names.")
            if pasted.strip()
            else ""
        )
        problem = FitProblem(
            "pasted" if text else "card_name-1", text or say("Enter at least one device, like RTX 3060.")
        )
    if problem:
        page = FitPage.asking(cards, memory, pasted=pasted, problem=problem, base_url=base_url)
        return render(page, status=UNPROCESSABLE)
    return see_other(link(cards, memory))


def _counted(name: str, count: str) -> str:
    count = count.strip()
    return name if count in {"", "1"} else f"{name} x{count}"


def _words(found: Found) -> str:
    """A device that a tool reported, as a text that is read the same way."""
    words = words_of(found)
    return _counted(f'"{words}"' if found.memory_gib else words, str(found.count))


def _pasted_memory(pasted: str) -> str:
    gib = read_meminfo(pasted)
    return "" if gib is None else f"{gib * GB_PER_GIB:.0f}"


def _memory(text: str) -> tuple[float | None, FitProblem | None]:
    """The computer's memory; what is wrong with it, where something is."""
    cleaned = text.lower().removesuffix("gb").replace(",", ".").strip()
    if not cleaned:
        return None, None
    try:
        value = float(cleaned)
    except ValueError:
        value = 0.0
    if 0 < value <= 1e6:
        return value, None
    return None, FitProblem("memory", say("Enter the memory in GB, like 32, or leave it empty."))


def _known(catalogue: Snapshot) -> Callable[[str], bool]:
    return lambda name: isinstance(catalogue.hardware_names.resolve(name), Match)
