"""The seed against the catalogue: what nobody has touched may follow, what somebody has touched is told."""

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from pydantic_core import to_json
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import drafts, seed_documents
from app.admin.edits import Edit
from app.admin.entities import ENTITIES, Document, Entity
from app.admin.entries import NEW
from app.admin.seed_documents import Here
from app.admin.trail import PUBLISHED
from app.tables import AcceleratorFact, AuditEntry, SeedEntry

ACTOR = "seed"
EDITED = "it was edited here, and the seed has other values"
RETIRED = "it was retired here, and the seed has changed it"
GONE = "it was edited here, and the seed has it no more"


@dataclass(frozen=True, slots=True)
class Move:
    """An edit that follows the seed."""

    edit: Edit
    identity: str

    @property
    def is_new_number(self) -> bool:
        """Whether the database will number it."""
        return self.edit.action == "create" and self.edit.entity.numbered


@dataclass(frozen=True, slots=True)
class Difference:
    """An entry that is not as the seed has it, and waits for a decision."""

    entity: Entity
    identity: str
    key: str
    """Empty: there is no such entry here."""
    why: str
    here: Document | None
    """None: retired or missing."""
    seed: Document | None
    """None: the seed has it no more."""


@dataclass(slots=True)
class Comparison:
    """A seed against the catalogue."""

    moves: list[Move] = field(default_factory=list)
    settled: list[SeedEntry] = field(default_factory=list)
    """What is as the seed has it, or newer."""
    dropped: list[tuple[str, str]] = field(default_factory=list)
    """What the seed has no more: kinds and identities."""
    differences: list[Difference] = field(default_factory=list)
    newer_here: int = 0
    """Entries that a price source has read more lately than the seed."""


def compare(session: Session) -> Comparison:
    """What a seed changes, and what it does not because somebody has touched it."""
    made, edited = Comparison(), _edited(session)
    for entity in ENTITIES.values():
        _Kind(session, entity, edited, made).sort_out()
    _let_broken_wait(session, made)
    return made


def entry_of(entity: Entity, identity: str, *, key: str, document: Document) -> SeedEntry:
    """What is remembered of an entry of the seed."""
    return SeedEntry(entity=entity.name, identity=identity, key=key, digest=digest(document))


def digest(document: Document) -> str:
    """Changes with any value, not with their order."""
    facts = document.get("facts")
    ordered = dict(sorted(document.items())) | ({"facts": dict(sorted(facts.items()))} if facts else {})
    return sha256(to_json(ordered)).hexdigest()


class _Kind:
    """One kind of entry."""

    def __init__(self, session: Session, entity: Entity, edited: set[tuple[str, str]], made: Comparison) -> None:
        self.entity, self.edited, self.made = entity, edited, made
        self.here = {each.key: each for each in seed_documents.present(session, entity)}
        kept = session.scalars(select(SeedEntry).where(SeedEntry.entity == entity.name))
        self.kept = {each.identity: each for each in kept}
        self.seed = seed_documents.of(entity)
        taken = {each.key for each in self.kept.values()}
        loose = [(each.key, each.document) for each in self.here.values() if each.key not in taken]
        self.loose = {identity: key for identity, (key, _) in seed_documents.identified(entity, loose).items()}

    def sort_out(self) -> None:
        """Sort the entries of the seed, and those that it has no more."""
        for identity, document in self.seed.items():
            kept = self.kept.get(identity)
            if kept is None or kept.digest != digest(document):
                self._moved(identity, document, kept)
        for identity, kept in self.kept.items():
            if identity not in self.seed:
                self._gone(identity, kept)

    def _moved(self, identity: str, document: Document, kept: SeedEntry | None) -> None:
        here = self.here.get(kept.key if kept else self.loose.get(identity, ""))
        if here is None and kept is None:
            self._move("create", identity, document, None)
        elif here is None or here.retired:
            self._differs(identity, here, document, RETIRED)
        elif digest(here.document) == digest(document) or self._is_newer(here, document):
            self._settle(identity, here, document)
        elif self._follows(here, kept):
            self._move("update", identity, document, here)
        else:
            self._differs(identity, here, document, EDITED)

    def _gone(self, identity: str, kept: SeedEntry) -> None:
        here = self.here.get(kept.key)
        if here is None or here.retired:
            self.made.dropped.append((self.entity.name, identity))
        elif digest(here.document) == kept.digest:
            self._move("retire", identity, here.document, here)
        elif self._by_machine(here):
            self.made.newer_here += 1
            self.made.dropped.append((self.entity.name, identity))
        else:
            self._differs(identity, here, None, GONE)

    def _is_newer(self, here: Here, document: Document) -> bool:
        newer = self._by_machine(here) and str(here.document.get("as_of")) >= str(document.get("as_of"))
        self.made.newer_here += newer
        return newer

    def _by_machine(self, here: Here) -> bool:
        return here.live and (self.entity.name, here.key) not in self.edited

    def _follows(self, here: Here, kept: SeedEntry | None) -> bool:
        """As the seed had it; where nobody knows how that was, as it was first written."""
        if self._by_machine(here):
            return True
        if kept is not None:
            return digest(here.document) == kept.digest
        return here.version == 1 and (self.entity.name, here.key) not in self.edited

    def _move(self, action: str, identity: str, document: Document, here: Here | None) -> None:
        entity, number = self.entity, len(self.made.moves)
        new = f"{NEW}{number}" if entity.numbered else identity
        key, version = (here.key, here.version) if here else (new, 0)
        self.made.moves.append(Move(Edit(entity, key, action, version, document, "", ACTOR), identity))

    def _settle(self, identity: str, here: Here, document: Document) -> None:
        self.made.settled.append(entry_of(self.entity, identity, key=here.key, document=document))

    def _differs(self, identity: str, here: Here | None, document: Document | None, why: str) -> None:
        shown = None if here is None or here.retired else here.document
        difference = Difference(self.entity, identity, here.key if here else "", why, shown, document)
        self.made.differences.append(difference)


def _edited(session: Session) -> set[tuple[str, str]]:
    """What people have published."""
    changed = (AuditEntry.action.in_(PUBLISHED), AuditEntry.edited_by != "", AuditEntry.edited_by != ACTOR)
    found = session.execute(select(AuditEntry.entity, AuditEntry.key).where(*changed).distinct())
    return {(entity, key) for entity, key in found}


def _let_broken_wait(session: Session, made: Comparison) -> None:
    """Edits that name what is retired, or retire what is named, wait for a person as well."""
    names = {entity.name: seed_documents.alive(session, entity) for entity in ENTITIES.values()}
    while True:
        living = _living(names, made.moves)
        used = _used(session, made.moves)
        waiting = [(move, why) for move in made.moves if (why := _broken(move.edit, living, used))]
        if not waiting:
            break
        for move, why in waiting:
            made.moves.remove(move)
            edit = move.edit
            retires = edit.action == "retire"
            here, there = (edit.values, None) if retires else (None, edit.values)
            key = "" if edit.action == "create" else edit.key
            made.differences.append(Difference(edit.entity, move.identity, key, why, here, there))
    order = list(drafts.BY_DEPENDENCE)
    made.moves.sort(key=lambda move: (move.edit.action == "retire", order.index(move.edit.entity.name)))


def _living(names: dict[str, set[str]], moves: list[Move]) -> dict[str, set[str]]:
    """Keys of what is answered from after the moves."""
    living = {name: set(keys) for name, keys in names.items()}
    for move in moves:
        name = move.edit.entity.name
        if move.edit.action == "retire":
            living[name].discard(move.edit.key)
        elif move.edit.action == "create":
            living[name].add(move.edit.key)
    return living


def _used(session: Session, moves: list[Move]) -> dict[str, set[str]]:
    """Keys that something names that stays, by the kind they are of."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    after = {(move.edit.entity.name, move.edit.key): move.edit for move in moves}
    targets = {move.edit.entity.name for move in moves if move.edit.action == "retire"}
    for entity in ENTITIES.values():
        for field_name, target in entity.references.items():
            if target.name in targets:
                for key, named in seed_documents.named_by(session, entity, field=field_name):
                    if (entity.name, key) not in after:
                        used[target.name].add(named)
    if "sources" in targets:
        used["sources"] |= set(session.scalars(select(AcceleratorFact.source).distinct()))
    for edit in after.values():
        if edit.action != "retire":
            for field_name, target in edit.entity.references.items():
                used[target.name].add(str(edit.values[field_name]))
    return used


def _broken(edit: Edit, living: dict[str, set[str]], used: dict[str, set[str]]) -> str:
    if edit.action == "retire":
        return "the seed has it no more, but other entries name it" if edit.key in used[edit.entity.name] else ""
    for name, target in edit.entity.references.items():
        named = edit.values[name]
        if named is not None and named not in living[target.name]:
            return f"it names {target.name}/{named}, which is retired here"
    return ""
