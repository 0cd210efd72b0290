"""Pictures for link previews: a page's statement drawn as PNG, because few services that show links take SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from fastapi import Response
from PIL import Image, ImageDraw, ImageFont

from app import formatting
from app.contract.answer import RecommendationAnswer
from app.http.negotiation import VARY
from app.languages import say

SIZE = (1200, 630)
"""The shape that networks crop nothing from. [px]"""

MARGIN = 72
TITLE_SIZES = (68, 62, 56, 50, 44, 38)
"""Tried from the largest on until the words fit."""
KICKER_SIZES, VALUE_SIZES = (30, 26, 22), (34, 30, 26)
MOST_LINES = 4
LEADING = 1.18
TITLE_TOP, TITLE_BOTTOM = 190, 470
FACTS_TOP = 500
LONGEST = 300
"""Characters of a title; a longer one ends at a word."""
MOST_FACTS = 3
TOLD_SIZE, TOLD_GAP, TOLD_LEADING = 36, 26, 1.35
KEPT = 64
"""Pictures that are kept; each takes about 30 kB."""

GROUND, INK, SOFT, ACCENT, LINE = "#ffffff", "#16202b", "#526070", "#0a4fbf", "#d8dee6"
NAME = "WhichRig"
HEADERS = {
    "cache-control": "public, max-age=86400", "cross-origin-resource-policy": "cross-origin", "vary": VARY,
}  # fmt: skip
_FONTS = Path(__file__).with_name("fonts")


@dataclass(frozen=True, slots=True)
class Preview:
    """What the picture says."""

    kicker: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    """Names and values, at most three."""
    told: str = ""
    """A sentence or two below a short title."""

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> "Preview":
        """The picture of an answer: verdict, memory, first pick and its price."""
        need, facts = answer.need.memory_gib, []
        if need:
            facts.append((say("Memory"), formatting.gib_between(need.low, need.high)))
        if answer.picks:
            best = answer.picks[0]
            facts.append((say("First pick"), formatting.times(best.hardware.count, best.hardware.name)))
            if best.price_usd:
                facts.append((say("Price"), formatting.usd_between(best.price_usd.low, best.price_usd.high)))
        return cls(f"{answer.scenario.title} · {answer.tier.title}", answer.verdict, tuple(facts))


def preview_response(preview: Preview) -> Response:
    """The drawing for whoever shows the link, on other sites too; they may keep it for a day."""
    return Response(preview_png(preview), media_type="image/png", headers=HEADERS)


@lru_cache(maxsize=KEPT)
def preview_png(preview: Preview) -> bytes:
    """The drawing."""
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SIZE[0], 14), fill=ACCENT)
    _logo(draw)
    room = SIZE[0] - 2 * MARGIN
    _line(draw, preview.kicker, at=(MARGIN, 140), weight="Regular", sizes=KICKER_SIZES, room=room, fill=SOFT)
    below = _title(draw, preview.title, room=room)
    if preview.told:
        _told(draw, preview.told, top=below, room=room)
    _facts(draw, preview.facts[:MOST_FACTS], room=room)
    file = BytesIO()
    image.quantize(64).save(file, "PNG", optimize=True)
    return file.getvalue()


def lines_of(text: str, font: ImageFont.FreeTypeFont, *, room: float) -> list[str]:
    """A text broken at its words; a word that is too long stands alone and is shortened."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(_shortened(word, font, room))
    return lines


def _title(draw: ImageDraw.ImageDraw, title: str, *, room: float) -> float:
    """Draw the title; where it ends. [px]"""
    text = title if len(title) <= LONGEST else title[:LONGEST].rsplit(" ", 1)[0] + " …"
    for size in TITLE_SIZES:
        font = _font("Bold", size)
        lines = lines_of(text, font, room=room)
        if len(lines) <= MOST_LINES and len(lines) * size * LEADING <= TITLE_BOTTOM - TITLE_TOP:
            break
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], _shortened(f"{lines[MOST_LINES - 1]} …", font, room)]
    for place, line in enumerate(lines):
        draw.text((MARGIN, TITLE_TOP + place * size * LEADING), line, fill=INK, font=font)
    return TITLE_TOP + len(lines) * size * LEADING


def _told(draw: ImageDraw.ImageDraw, text: str, *, top: float, room: float) -> None:
    """A few lines below the title, as many as there is room for."""
    font, leading = _font("Regular", TOLD_SIZE), TOLD_SIZE * TOLD_LEADING
    lines, most = lines_of(text, font, room=room), int((SIZE[1] - MARGIN - top - TOLD_GAP) // leading)
    if len(lines) > most:
        lines = [*lines[: most - 1], _shortened(f"{lines[most - 1]} …", font, room)]
    for place, line in enumerate(lines):
        draw.text((MARGIN, top + TOLD_GAP + place * leading), line, fill=SOFT, font=font)


def _facts(draw: ImageDraw.ImageDraw, facts: tuple[tuple[str, str], ...], *, room: float) -> None:
    if not facts:
        return
    draw.line((MARGIN, FACTS_TOP - 16, SIZE[0] - MARGIN, FACTS_TOP - 16), fill=LINE, width=2)
    column = room / len(facts)
    for place, (name, value) in enumerate(facts):
        left = MARGIN + place * column
        draw.text((left, FACTS_TOP), name, fill=SOFT, font=_font("Regular", 26))
        at = (left, FACTS_TOP + 36)
        _line(draw, value, at=at, weight="Bold", sizes=VALUE_SIZES, room=column - 24, fill=ACCENT)


def _line(
    draw: ImageDraw.ImageDraw,
    text: str,
    *,
    at: tuple[float, float],
    weight: str,
    sizes: Sequence[int],
    room: float,
    fill: str,
) -> None:
    """One line in the largest size that fits; shortened where none does."""
    font = next((font for size in sizes if (font := _font(weight, size)).getlength(text) <= room), None)
    font = font or _font(weight, sizes[-1])
    draw.text(at, _shortened(text, font, room), fill=fill, font=font)


def _logo(draw: ImageDraw.ImageDraw) -> None:
    """A graphics card with its bracket and its fan, and the name beside it."""
    left, top, unit = MARGIN, 52, 3

    def box(x: float, y: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left + x * unit, top + y * unit, left + right * unit, top + bottom * unit

    draw.rectangle(box(0, 0, 2, 16), fill=ACCENT)
    draw.rounded_rectangle(box(3, 2, 20, 13), radius=6, fill=ACCENT)
    draw.rectangle(box(5, 13, 11, 15), fill=ACCENT)
    draw.ellipse(box(9.5, 4, 16.5, 11), fill=GROUND)
    draw.text((left + 24 * unit, top - 2), NAME, fill=INK, font=_font("Bold", 38))


def _shortened(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f"{text}…") > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


@cache
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONTS / f"Inter-{weight}.ttf", size, layout_engine=ImageFont.Layout.BASIC)
