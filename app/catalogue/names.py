"""Names in, catalogue slugs out: a pure index that forgives spelling, says when it chose, and asks when it cannot."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property

from app.catalogue.name_keys import (
    FORM_FACTORS,
    HARDWARE_NOISE,
    MODEL_NOISE,
    MODEL_QUALIFIERS,
    PLAIN_NOISE,
    key_of,
    tidy,
    tokens,
    without,
    without_memory,
    words_of,
)
from app.catalogue.name_matches import Ambiguous, Match, Unknown
from app.catalogue.text_search import named_in

NEAREST = 5
"""How many names an unknown one is answered with."""

PART_BONUS = 0.3
"""Added to the likeness of a name that contains the one asked for."""

SHORTEST_KEY = 2
"""Letters and digits that are left of a name before it stops naming anything."""

PROCESSORS = frozenset({"i", "ryzen", "xeon", "epyc", "ultra", "threadripper"})

NOISE = {"hardware": HARDWARE_NOISE, "model": MODEL_NOISE}


@dataclass(frozen=True, slots=True)
class NamedEntry:
    """An entry and all it is called."""

    slug: str
    name: str
    aliases: tuple[str, ...] = ()
    memory_gib: float | None = None
    year: int = 0
    """Newer entries win where a short form fits several."""


@dataclass(frozen=True, slots=True)
class AmbiguousName:
    """A name that must be asked about."""

    name: str
    slugs: tuple[str, ...]
    note: str = ""


@dataclass
class NameIndex:
    """The names of one kind of entry: hardware, model, dataset, algorithm or provider."""

    kind: str
    entries: tuple[NamedEntry, ...]
    ambiguous: tuple[AmbiguousName, ...] = ()
    alias_notes: dict[tuple[str, str], str] = field(default_factory=dict)
    """Notes of explicit aliases, by alias and slug."""

    def __post_init__(self) -> None:
        self.noise = NOISE.get(self.kind, PLAIN_NOISE)
        self.names = {entry.slug: entry.name for entry in self.entries}

    def resolve(self, text: str) -> Match | Ambiguous | Unknown:
        """The entry of this name."""
        if text in self.names:
            return Match(text, self.names[text], self._shared_note(key_of(text, self.noise), text), text)
        for form in (text, text.rsplit("/", 1)[-1]) if self.kind == "model" else (text,):
            words = tidy([token.text for token in tokens(form)], self.noise)
            found = (self.lookup("".join(words)) or self._forgiving(words)) if words else None
            if found is not None:
                return replace(found, text=text)
        return self._unknown("".join(words))

    def find_in_text(self, text: str) -> list[Match | Ambiguous]:
        """Everything that a free text names, in order, each once."""
        return named_in(self, text)

    def clashes(self) -> list[tuple[str, tuple[str, ...]]]:
        """Keys that are a full name of several entries and not asked about, with those entries."""
        full = {
            key: tuple(dict.fromkeys(entry.slug for rank, entry in claims if rank == 0))
            for key, claims in self._ranked.items()
            if key not in self._asked
        }
        return [(key, slugs) for key, slugs in full.items() if len(slugs) > 1]

    def lookup(self, key: str) -> Match | Ambiguous | None:
        """The entry of an exact key."""
        if key in self._asked:
            return self._asked[key]
        slug = self._by_key.get(key)
        if slug is None:
            return None
        note = self._notes.get((key, slug)) or self._shared_note(key, slug)
        return Match(slug, self.names[slug], note)

    def _forgiving(self, words: list[str]) -> Match | Ambiguous | None:
        if self.kind == "model":
            for kept in (without(words, MODEL_QUALIFIERS), without(_without_quantization(words), MODEL_QUALIFIERS)):
                found = self.lookup("".join(kept)) if kept else None
                if found is not None:
                    return found
        slug = self._by_bag.get("".join(sorted(words)))
        if slug is None and "." in "".join(words):
            slug = self._by_key.get("".join(words).replace(".", ""))
        return Match(slug, self.names[slug]) if slug else None

    def _shared_note(self, key: str, slug: str) -> str:
        if self.kind != "hardware":
            return ""
        others = [other for other in self._groups.get(key, ()) if other != slug]
        if not others:
            return ""
        listed = ", ".join(self.names[other] for other in others[:4])
        return f"Taken as {self.names[slug]}; there is also {listed}."

    def _unknown(self, key: str) -> Unknown:
        matcher = SequenceMatcher(autojunk=False)
        matcher.set_seq2(key)
        best: dict[str, float] = {}
        for candidate, slug in self._by_key.items():
            matcher.set_seq1(candidate)
            part = key and key in candidate
            if part or (matcher.real_quick_ratio() > 0.5 and matcher.quick_ratio() > 0.5):
                likeness = matcher.ratio() + _same_digits(key, candidate) + (PART_BONUS if part else 0.0)
                best[slug] = max(best.get(slug, 0.0), likeness)
        nearest = sorted(best, key=lambda slug: (-best[slug], slug))[:NEAREST]
        return Unknown(tuple(nearest), tuple(self.names[slug] for slug in nearest))

    @cached_property
    def _asked(self) -> dict[str, Ambiguous]:
        return {key_of(each.name, self.noise): Ambiguous(each.slugs, each.note) for each in self.ambiguous}

    @cached_property
    def _notes(self) -> dict[tuple[str, str], str]:
        return {(key_of(alias, self.noise), slug): note for (alias, slug), note in self.alias_notes.items() if note}

    @cached_property
    def _ranked(self) -> dict[str, list[tuple[int, NamedEntry]]]:
        ranked: dict[str, list[tuple[int, NamedEntry]]] = defaultdict(list)
        for entry in self.entries:
            for rank, key in self._keys(entry):
                if key:
                    ranked[key].append((rank, entry))
        return ranked

    @cached_property
    def _by_key(self) -> dict[str, str]:
        return {
            key: min(claims, key=lambda claim: (claim[0], -claim[1].year))[1].slug
            for key, claims in self._ranked.items()
        }

    @cached_property
    def _groups(self) -> dict[str, list[str]]:
        groups = {key: list(dict.fromkeys(entry.slug for _, entry in claims)) for key, claims in self._ranked.items()}
        return {key: slugs for key, slugs in groups.items() if len(slugs) > 1}

    @cached_property
    def _by_bag(self) -> dict[str, str]:
        bags: dict[str, set[str]] = defaultdict(set)
        for entry in self.entries:
            for name in (entry.slug, entry.name, *entry.aliases):
                words = list(words_of(name, self.noise))
                for kept in (words, without_memory(words)):
                    bags["".join(sorted(kept))].add(entry.slug)
        return {bag: next(iter(slugs)) for bag, slugs in bags.items() if len(slugs) == 1}

    def _keys(self, entry: NamedEntry) -> Iterable[tuple[int, str]]:
        """Keys of an entry, each with its rank: 0 names exactly, higher ranks leave more out."""
        yield 0, key_of(entry.slug, self.noise)
        yield 0, key_of(entry.name, self.noise)
        for alias in entry.aliases:
            yield 0, key_of(alias, self.noise)
        bare = key_of(entry.name.split(" (")[0], self.noise)
        yield 1, bare
        words = list(words_of(entry.slug, self.noise))
        if self.kind == "model":
            yield 1, "".join(without(words, MODEL_QUALIFIERS))
            yield 2, "".join(words).replace(".", "")
        if self.kind == "hardware":
            yield from _hardware_keys(words, entry.memory_gib)


def _hardware_keys(words: list[str], memory_gib: float | None) -> Iterable[tuple[int, str]]:
    short = without_memory(words)
    if len("".join(short)) < SHORTEST_KEY:
        return  # the A10G ends up as "a", which every sentence has
    shorter = without(short, FORM_FACTORS)
    yield 2, "".join(short)
    yield 3, "".join(shorter)
    if memory_gib:
        yield 1, f"{''.join(short)}{memory_gib:g}gb"
        yield 2, f"{''.join(shorter)}{memory_gib:g}gb"
    if shorter and shorter[0] in {"rtx", "gtx", "rx"} and len(shorter) > 1 and len(shorter[1]) > 2:
        yield 4, "".join(shorter[1:])
        yield 4, "".join(["geforce", *shorter[1:]])
    if words and words[0] in PROCESSORS:
        number = next((place for place, word in enumerate(words) if word.isdigit() and len(word) > 3), 0)
        if number:
            yield 4, "".join(words[number:])
    if "ada" in shorter or "blackwell" in shorter:
        yield 4, "".join(without(shorter, frozenset({"ada", "blackwell"})))


def _without_quantization(words: list[str]) -> list[str]:
    """The words up to the first that names a file format or a quantization."""
    for place, word in enumerate(words):
        if place and word in {"gguf", "gptq", "awq", "q", "int", "fp", "bf", "iq", "bnb"}:
            return words[:place]
    return words


def _same_digits(one: str, other: str) -> float:
    """A little more likeness for the same digits in another order, the usual slip of the pen."""
    digits = [sorted(letter for letter in text if letter.isdigit()) for text in (one, other)]
    return 0.05 if digits[0] == digits[1] else 0.0
