"""The verdict for a frame in another page."""

from dataclasses import dataclass
from typing import ClassVar, Self

from app.contract.answer import RecommendationAnswer
from app.web.badge import badge_text


@dataclass(frozen=True, slots=True)
class EmbedPage:
    """What needs to be known at a glance, and the way to the whole answer."""

    template: ClassVar[str] = "results/embed.html"

    title: str
    kicker: str
    need: str
    url: str

    @classmethod
    def of(cls, answer: RecommendationAnswer) -> Self:
        """The small page of an answer."""
        kicker = f"{answer.scenario.title} · {answer.tier.title}"
        return cls(answer.verdict, kicker, badge_text(answer), answer.links.html)
