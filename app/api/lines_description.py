"""JSON Lines in the API's description: bodies and answers of one JSON object a line."""

from typing import Any

MEDIA_TYPE = "application/x-ndjson"
MOST_LINES = 10_000

LINES_ANSWER: dict[str, Any] = {
    MEDIA_TYPE: {
        "schema": {
            "type": "string",
            "description": "One answer a line in the order of the questions, with the `id` of its question; "
            '`{"id": …, "error": {…}}` where a line is wrong.',
        }
    }
}


def lines_body(*examples: str) -> dict[str, Any]:
    """A body of lines, with these as its example."""
    described = f"One request a line, with an `id` of your own: up to {MOST_LINES:,} lines, answered as they come."
    return {
        MEDIA_TYPE: {
            "schema": {"type": "string", "description": described},
            "example": "".join(f"{line}\n" for line in examples),
        }
    }
