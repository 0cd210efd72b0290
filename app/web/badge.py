"""A badge: the answer in a few words, drawn as SVG by the server."""

from html import escape

from app import formatting
from app.contract.answer import RecommendationAnswer
from app.languages import say
from app.web.labels import label

HEIGHT = 28
PADDING = 11
CHARACTER = 7.4
"""Average width of a character at the badge's font size; ``textLength`` makes the text fit exactly."""
GROUND, INK, MARKED, MARKED_INK = "#eef4ff", "#16202b", "#0a4fbf", "#ffffff"
NAME = "WhichRig"


def badge_text(answer: RecommendationAnswer) -> str:
    """The answer in a few words."""
    kind = label("badge", answer.scenario.slug)
    if answer.scenario.number == 1 or answer.need.memory_gib is None:
        return kind
    least = answer.tier.memory_gib_min
    memory = least if least and least > answer.need.memory_gib.high else answer.need.memory_gib.high
    return say("needs {memory} GB · {kind}", memory=formatting.local(f"{memory:,.0f}"), kind=kind)


def faulty_text() -> str:
    """What stands there when the question behind a badge cannot be answered."""
    return say("the question needs correcting")


def badge_svg(text: str) -> bytes:
    """The drawing."""
    left = round(len(NAME) * CHARACTER)
    right = round(len(text) * CHARACTER)
    split = left + 2 * PADDING
    width = split + right + 2 * PADDING
    told = escape(f"{NAME}: {text}")
    style = 'font-family="system-ui,Segoe UI,Roboto,DejaVu Sans,sans-serif" font-size="13"'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" role="img" aria-label="{told}">'
        f"<title>{told}</title>"
        f'<rect width="{width}" height="{HEIGHT}" rx="5" fill="{GROUND}"/>'
        f'<path d="M5 0h{split - 5}v{HEIGHT}H5a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5z" fill="{MARKED}"/>'
        f"<g {style}>"
        f'<text x="{PADDING}" y="18" fill="{MARKED_INK}" font-weight="600" textLength="{left}">{NAME}</text>'
        f'<text x="{split + PADDING}" y="18" fill="{INK}" textLength="{right}">{escape(text)}</text>'
        "</g></svg>\n"
    )
    return svg.encode()
