"""Products named inside free text: "two Titan X", "laptop with a GeForce MX150", "4x A100 80GB"."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

from app.catalogue.name_keys import Token, tidy, tokens
from app.catalogue.name_matches import Ambiguous, Match

LONGEST = 8
"""Most tokens that one name has."""

COUNTS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "sixteen": 16,
    "dual": 2,
    "quad": 4,
}
MOST = 4096
BETWEEN = frozenset({"x", "nvidia", "geforce", "radeon", "tesla", "amd", "quadro", "used", "old", "new"})
BARE_NUMBERS = re.compile(r"(?:10[678]0(?:ti)|[2345]0[6789]0)(?:ti|super|tisuper|xt)?")
"""GeForce numbers that people write alone."""
NOT_HARDWARE = frozenset(
    [
        "usd",
        "dollar",
        "dollars",
        "eur",
        "euro",
        "euros",
        "images",
        "samples",
        "rows",
        "pixels",
        "px",
        "p",
        "steps",
        "epochs",
        "hours",
        "videos",
        "records",
        "patients",
        "users",
        "classes",
        "frames",
        "tokens",
        "documents",
        "files",
    ]
)


LISTING = re.compile(
    r"(?:[\s,;+&/|•*-]|\b(?:and|plus|also|und|sowie|a|an|another|one|two|three|four|dual|nvidia|geforce|amd|radeon|"
    r"tesla|quadro|gpu|card|slot)\b|\b\d{1,2}\s*[x×:]|\b\d{1,2}\b(?!\d)|\b\d{1,3}\s?gi?b\b)*",
    re.IGNORECASE,
)
"""What stands between the things of a list, and nothing that a sentence about them would say."""


class Keys(Protocol):
    """What is looked up for each run of words: the keys of an index of names."""

    @property
    def noise(self) -> frozenset[str]:
        """Words that tell no product from another."""
        ...

    def lookup(self, key: str) -> Match | Ambiguous | None:
        """The entry of an exact key."""
        ...


def named_in(keys: Keys, text: str) -> list[Match | Ambiguous]:
    """Every product the text names, the longest name at each place, each product once.

    A product that a list names again is there once more: "RTX 3090, RTX 3090" are two.
    """
    words = tokens(text)
    portable = any(word.text == "laptop" for word in words)
    found: list[Match | Ambiguous] = []
    place, listed_from, end = 0, 0, 0
    while place < len(words):
        hit, length = _longest(keys, text, words[place : place + LONGEST])
        if hit is None:
            place += 1
            continue
        named = replace(_portable(keys, hit, portable=portable), count=_count(text, words, place))
        if not LISTING.fullmatch(text[end : words[place].start]):
            listed_from = len(found)
        known = next((at for at, other in enumerate(found) if _same(named, other)), None)
        if known is None:
            found.append(named)
        elif known >= listed_from:
            found[known] = replace(found[known], count=found[known].count + named.count)
        place += length
        end = words[place - 1].end
    return found


def _longest(keys: Keys, text: str, window: list[Token]) -> tuple[Match | Ambiguous | None, int]:
    if window[0].text in keys.noise:
        return None, 1
    for length in range(len(window), 0, -1):
        part = window[:length]
        if part[-1].text in keys.noise or not _joined(text, part):
            continue
        key = "".join(tidy([word.text for word in part], keys.noise))
        after = window[length].text if length < len(window) else ""
        if not _tells(key, text[part[0].start : part[-1].end], after):
            continue
        hit = keys.lookup(key)
        if hit is not None:
            return replace(hit, text=text[part[0].start : part[-1].end]), length
    return None, 1


def _joined(text: str, part: list[Token]) -> bool:
    """A letter or unit and the number after it must be written together: "a 100" is no A100, "8 GB 200 W" no GB200."""
    for one, other in pairwise(part):
        if (
            ((len(one.text) == 1 and one.text.isalpha()) or one.text == "gb")
            and other.text[0].isdigit()
            and text[one.end : other.start].isspace()
        ):
            return False
    return not any(mark in text[part[0].start : part[-1].end] for mark in ",;()\n")


def _tells(key: str, words: str, after: str) -> bool:
    """Whether a key is clear enough to be found in running text."""
    letters = any(letter.isalpha() for letter in key)
    digits = any(letter.isdigit() for letter in key)
    if digits and not letters:
        return bool(BARE_NUMBERS.fullmatch(key)) and after not in NOT_HARDWARE
    if len(key) <= 2:
        return digits and words[0].isupper()
    if BARE_NUMBERS.fullmatch(key):
        return True
    return digits or len(key) >= 6


def _portable(keys: Keys, hit: Match | Ambiguous, *, portable: bool) -> Match | Ambiguous:
    """In a text about a laptop, the laptop product of that name."""
    if not portable or not isinstance(hit, Match) or "laptop" in hit.slug:
        return hit
    key = "".join(tidy([word.text for word in tokens(hit.text)], keys.noise))
    sibling = keys.lookup(f"{key}laptop")
    return replace(sibling, text=hit.text) if isinstance(sibling, Match) else hit


def _count(text: str, words: list[Token], place: int) -> int:
    """The number that stands before a name: "two", "4x", "8 NVIDIA"."""
    number = place - 1
    while number >= 0 and words[number].text in BETWEEN:
        number -= 1
    if number < 0 or any(mark in text[words[number].end : words[place].start] for mark in ",;./+()"):
        return 1
    token = words[number]
    if (token.start and text[token.start - 1].isalnum()) or BARE_NUMBERS.fullmatch(token.text):
        return 1
    if token.text.isdigit() and 0 < int(token.text) <= MOST:
        return int(token.text)
    return COUNTS.get(token.text, 1)


def _same(one: Match | Ambiguous, other: Match | Ambiguous) -> bool:
    if isinstance(one, Match):
        return isinstance(other, Match) and one.slug == other.slug
    return isinstance(other, Ambiguous) and one.slugs == other.slugs
