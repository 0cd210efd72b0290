"""In two numbers what a person's own hardware means for the decision; :mod:`app.advice.owned` judges it in full."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OwnedFit:
    """What the decision needs to know of the hardware that a person has."""

    gpus: int = 0
    """Graphics cards they have or consider, all together."""
    fits: bool = False
    """A supported device of theirs does the work as it is."""
    works: bool = False
    """The same, old devices with frozen software included."""
    card_gib: float | None = None
    """Memory of the largest supported card of theirs that does the work as it is, alone or as one of two. [GiB]"""
    card_segment: str = ""
    """What that card is made for: laptop, desktop, workstation or datacenter."""
    small: bool = False
    """All they have is a laptop, built-in graphics, or a small or outdated card."""


NOTHING_OWNED = OwnedFit()
