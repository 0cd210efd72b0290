"""The documentation, as it lies in docs/."""

from fastapi.responses import HTMLResponse

from app.errors import NotFound
from app.field_problems import nearest
from app.http.templating import render
from app.languages import say
from app.web.dependencies import BaseUrlDep
from app.web.negotiation import page_router
from app.web.pages.docs import DocsPage, DocumentPage, documents

router = page_router()


@router.get("/docs")
async def list_documents(base_url: BaseUrlDep) -> HTMLResponse:
    """Everything there is to read about the program."""
    return render(DocsPage.of(base_url=base_url))


@router.get("/docs/{name:path}")
async def show_document(name: str, base_url: BaseUrlDep) -> HTMLResponse:
    """One document."""
    found = documents().get(name)
    if found is None:
        near = [f"/docs/{each}" for each in nearest(name, list(documents()))]
        raise NotFound(say("There is no document called “{name}”.", name=name[:80]), suggestions=near)
    return render(DocumentPage.of(found, url=f"{base_url}/docs/{name}"))
