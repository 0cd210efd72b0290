"""Where a browser goes after a form was taken: to a page of its own, which reloads without sending the form again."""

from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask


def see_other(address: str, *, afterwards: BackgroundTask | None = None) -> RedirectResponse:
    """Send the browser on with a GET; what takes longer is done afterwards.

    >>> answer = see_other("/admin/draft")
    >>> answer.status_code, answer.headers["location"]
    (303, '/admin/draft')
    """
    return RedirectResponse(address, 303, background=afterwards)
