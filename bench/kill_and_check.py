"""Kill a process at random moments while it publishes, imports, undoes and restores; look at what it left behind.

A third of the moments are random as such; a third fall into a change of a kind that is drawn, and a third right after
it was acknowledged, so that all kinds are met.

.venv/bin/python bench/kill_and_check.py [--kills 200] [--seed 1] [--database-url postgresql://...]
"""

import argparse
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, replace

from sqlalchemy import delete, func, select, text

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))

from app.admin import drafts, importing, publishing, trail
from app.admin.entities import entity_named
from app.admin.entries import entry
from app.catalogue import startup, transfer
from app.catalogue.queries import revision
from app.db import connect, reading, transaction
from app.errors import Conflict
from app.tables import AcceleratorRow, AuditEntry, DraftChange, OfferRow

CARDS = ("geforce-rtx-4090", "geforce-rtx-3090", "geforce-gt-720")
ROWS = 40
LONGEST_S = (0.2, 0.4, 0.8, 2.0)
"""Mostly short, so that kills fall into the beginning; sometimes long enough for several changes. [s]"""
MOMENTS = ("any", "within", "after")
WAITED_S = 20.0
AS_LONG_AS_USUAL = 1.5
"""A kill falls between the announcement of a change and this multiple of what such a change has taken."""
ME = "bench"
PUBLISH, IMPORT, UNDO, RESTORE = KINDS = ("publish", "import", "undo", "restore")
OFFER = {
    "provider": "aws", "region": "test", "accelerator": "t4", "accelerator_name": "T4", "accelerator_count": 1,
    "accelerator_memory_gib": 16, "usd_per_hour_on_demand": 1.5, "billing": "", "as_of": "2026-10-01",
    "source": "general-knowledge", "note": "",
}  # fmt: skip


@dataclass(frozen=True)
class State:
    """What the catalogue holds at one revision, as far as this script wrote it."""

    note: str = ""
    batches: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Step:
    """One change, as it is announced before and acknowledged after."""

    kind: str
    number: int
    revision: int
    """That it makes."""
    back_to: int
    """Of an undo or a restore: the revision whose values come back."""


class Worker:
    """What is killed: it makes one change after the other and says so in a file."""

    def __init__(self, url, folder, number, chance, *, first):
        self.first = first
        self.engine, self.folder, self.number, self.chance = connect(url), folder, number, chance
        self.said = (folder / "said.jsonl").open("a", buffering=1)
        self.backup = folder / "backup.jsonl"

    def run(self):
        """For ever; the first change is of the kind that is wanted."""
        with transaction(self.engine) as session:
            session.execute(delete(DraftChange))  # what the one before me left
        kinds = {PUBLISH: self.publish, IMPORT: self.bring, UNDO: self.undo, RESTORE: self.restore}
        kind = self.first
        while True:
            self.number += 1
            kinds[kind](kind)
            kind = self.chance.choice(KINDS)

    def say(self, word, kind, back_to=0):
        with reading(self.engine) as session:
            made = revision(session) + (word == "will")
        self.said.write(json.dumps([word, kind, self.number, made, back_to, time.monotonic()]) + "\n")

    def publish(self, kind):
        """One number in three cards at once."""
        hardware = entity_named("hardware")
        with transaction(self.engine) as session:
            for key in CARDS:
                now = entry(session, hardware, key=key)
                values = {**now.values, "note": str(self.number)}
                drafts.update(session, hardware, key=key, values=values, tag=now.tag, why="", actor=ME)
        self.finish(kind)

    def bring(self, kind):
        """Some offers from a file."""
        offers = entity_named("offers")
        rows = [OFFER | {"instance": f"batch-{self.number}-{each}"} for each in range(ROWS)]
        with transaction(self.engine) as session:
            planned = importing.plan(session, offers, rows=rows, actor=ME, why="a file")
            importing.put_in_draft(session, planned)
        self.finish(kind)

    def undo(self, kind):
        """Back to the revision before this one."""
        with reading(self.engine) as session:
            back_to = revision(session) - 1
        if back_to < 1:
            return
        try:
            with transaction(self.engine) as session:
                trail.restore_revision(session, back_to, actor=ME)
                if not drafts.count(session):
                    return
        except Conflict:  # a restored backup stands in between
            return
        self.finish(kind, back_to)

    def finish(self, kind, back_to=0):
        self.say("will", kind, back_to)
        publishing.publish(self.engine, actor=ME, why=kind)
        self.say("did", kind, back_to)

    def restore(self, kind):
        """The whole catalogue from a file, which is written first now and then."""
        if not self.backup.exists() or self.chance.random() < 0.3:
            part = self.backup.with_suffix(".part")
            with reading(self.engine) as session, part.open("w", encoding="utf-8") as file:
                transfer.write(session, file)
            part.replace(self.backup)
        with self.backup.open(encoding="utf-8") as lines:
            back_to = json.loads(next(lines))["revision"]
        self.say("will", kind, back_to)
        with transaction(self.engine) as session, self.backup.open(encoding="utf-8") as lines:
            transfer.restore(session, lines)
            trail.note_replacement(session, actor=ME, why="a backup", revision=revision(session) + 1)
        self.say("did", kind, back_to)


class Checker:
    """What has to hold whenever the worker was killed."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder
        self.history, self.sizes, self.told, self.untold = {}, {}, Counter(), Counter()
        self.usual_s = dict.fromkeys(KINDS, 0.3)
        with self.opened() as session:
            self.first = revision(session)
        self.history[self.first] = State()

    def opened(self):
        """A session on a connection that nobody used before."""
        return reading(connect(self.url))

    def check(self):
        """Raise where anything is lost, halved or made up."""
        engine = connect(self.url)
        snapshot = startup.prepare(engine)  # as a service that starts does
        with reading(engine) as session:
            self.believe(snapshot.revision)
            self.compare(session, self.history[snapshot.revision])
            if engine.dialect.name == "sqlite":
                found = session.execute(text("PRAGMA integrity_check")).scalars().all()
                found += session.execute(text("PRAGMA foreign_key_check")).all()
                assert found == ["ok"], found
        engine.dispose()
        return snapshot.revision

    def believe(self, present):
        """Take over what was acknowledged, and what was announced if it is there."""
        said = self.folder / "said.jsonl"
        lines = said.read_text(encoding="utf-8").splitlines() if said.exists() else []
        words = [json.loads(line) for line in lines if line.endswith("]")]
        said.write_text("")
        begun_s, acknowledged = 0.0, {told[1] for word, *told in words if word == "did"}
        for word, *told, at_s in words:
            step = Step(*told)
            if word == "did" or (step.revision == present and step.revision not in self.history):
                self.history[step.revision] = self.after(step)
                self.sizes[step.revision] = self.size_of(step)
                self.untold[step.kind] += step.number not in acknowledged
            if word == "did":
                self.told[step.kind] += 1
                self.usual_s[step.kind] = at_s - begun_s
            begun_s = at_s
        assert present in self.history, f"revision {present} was never announced; known {max(self.history)}"
        assert present == max(self.history), f"revision {max(self.history)} was acknowledged, {present} is there"

    def after(self, step):
        before = self.history[step.revision - 1]
        if step.kind == PUBLISH:
            return replace(before, note=str(step.number))
        if step.kind == IMPORT:
            return replace(before, batches=before.batches | {step.number})
        return self.history[step.back_to]

    def size_of(self, step):
        sizes = {PUBLISH: len(CARDS), IMPORT: ROWS, RESTORE: 1}
        return sizes[step.kind] if step.kind in sizes else self.sizes.get(step.back_to + 1)

    def compare(self, session, state):
        """The catalogue, the draft and the trail against what they have to be."""
        notes = session.scalars(select(AcceleratorRow.note).where(AcceleratorRow.slug.in_(CARDS))).all()
        alive = session.scalars(
            select(OfferRow.instance).where(OfferRow.instance.like("batch-%"), OfferRow.retired.is_(False))
        ).all()
        batches = Counter(int(name.split("-")[1]) for name in alive)
        assert len(set(notes) - {""} if state.note else set()) <= 1, f"half a publication: {notes}"
        assert not state.note or set(notes) == {state.note}, f"{notes}, not {state.note}"
        assert batches == dict.fromkeys(state.batches, ROWS), f"{batches}, not {ROWS} of each of {state.batches}"
        drafted = session.scalar(select(func.count()).select_from(DraftChange))
        assert drafted in {0, *self.sizes.values(), len(CARDS), ROWS}, f"half a draft: {drafted}"
        counts = select(AuditEntry.revision, func.count()).where(AuditEntry.revision.is_not(None))
        trail_of = dict(session.execute(counts.group_by(AuditEntry.revision)).all())
        assert trail_of == self.sizes, f"the trail has {trail_of}, not {self.sizes}"


def kill_once(checker, url, folder, *, number, chance):
    """Let a worker work for a while, kill it, and look."""
    kind = chance.choice(KINDS)
    process = os.fork()
    if process == 0:
        try:
            Worker(url, folder, number, chance, first=kind).run()
        finally:
            traceback.print_exc()
            os._exit(1)
    match chance.choice(MOMENTS):
        case "any":
            time.sleep(chance.uniform(0.02, chance.choice(LONGEST_S)))
        case "within":
            wait_for(folder, f'["will", "{kind}"')
            time.sleep(chance.uniform(0.0, AS_LONG_AS_USUAL * checker.usual_s[kind]))
        case "after":
            wait_for(folder, f'["did", "{kind}"')
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status), "the worker failed before it was killed"
    return checker.check()


def wait_for(folder, announced):
    """Until the worker has said something; under a heavy load it may not come to that."""
    said, deadline = folder / "said.jsonl", time.monotonic() + WAITED_S
    while time.monotonic() < deadline and not (said.exists() and announced in said.read_text(encoding="utf-8")):
        time.sleep(0.002)


def run(url, folder, *, kills, seed):
    """Kill so often; the counts of what happened in between."""
    engine = connect(url)
    startup.prepare(engine)
    engine.dispose()
    chance, checker = random.Random(seed), Checker(url, folder)
    last = checker.first
    for number in range(kills):
        last = kill_once(checker, url, folder, number=number * 1000, chance=chance)
    told, untold = (", ".join(f"{found[kind]} {kind}" for kind in KINDS) for found in (checker.told, checker.untold))
    print(f"{kills} kills, {last - checker.first} revisions; acknowledged: {told}; whole, but untold: {untold}")
    print("always one whole revision, nothing lost")
    assert kills < ENOUGH or all(checker.told[kind] for kind in KINDS), "some kinds of changes were never acknowledged"


ENOUGH = 50
"""Kills after which every kind of change was acknowledged."""


def main():
    """Exit status 1 and a traceback where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database-url", default="", help="an empty database; a new SQLite file otherwise")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{folder}/whichrig.db"
        run(url, pathlib.Path(folder), kills=options.kills, seed=options.seed)


if __name__ == "__main__":
    main()
