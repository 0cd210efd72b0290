"""The catalogue of a SQLite database, kept ready beside it: a command that ends soon need not read the tables again.

The file is JSON, so reading it runs nothing. It is used only while the database file, its log and the program are
exactly what they were when it was written, and only if it belongs to the owner of the database or to who runs the
program; losing it costs half a second.
"""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic_core import from_json, to_json

from app.advice.evidence import Evidence, Measurement
from app.advice.market import ElectricityPrice, ExchangeRate, HostPart, Machine, Market, Offer, Price, Provider
from app.advice.policy import Policy, Rule, Scenario, Tier
from app.catalogue.names import AmbiguousName, NamedEntry, NameIndex
from app.catalogue.packing import Classes, Unpackable, pack, shape_of, unpack
from app.catalogue.snapshot import DatasetFacts, Snapshot
from app.engine.hardware import Accelerator, Devices, PeakRates
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.workload import DatasetChoice, ModelChoice, Workload

SUFFIX = ".snapshot"
END = b"\nend\n"
"""What a file that was written to its end ends with."""
CLASSES: Classes = {
    each.__name__: each
    for each in (
        Snapshot, Devices, Accelerator, PeakRates, TransformerSpec, NetworkSpec, DiffusionSpec, AlgorithmSpec,
        DatasetFacts, Market, Price, Provider, Offer, Machine, HostPart, ElectricityPrice, ExchangeRate, Policy,
        Scenario, Tier, Rule, NameIndex, NamedEntry, AmbiguousName, Evidence, Measurement, Workload, ModelChoice,
        DatasetChoice,
    )
}  # fmt: skip
"""All that a snapshot is made of."""

SETTLED_NS = 50_000_000
"""A file that was written this short a time ago could be written again without its time moving: not yet."""

PACKAGE = Path(__file__).resolve().parents[1]
READERS = ("catalogue/*.py", "catalogue/seed/*", "tables/*.py", "advice/*.py", "engine/*.py")
"""What the kept catalogue depends on, besides the database."""

State = list[Any]


class Details(Mapping[str, dict[str, object]]):
    """What pages show of each device: half of the file, and only pages look at it."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    @cached_property
    def _found(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = unpack(from_json(self._packed), CLASSES)
        return found

    def __getitem__(self, slug: str) -> dict[str, object]:
        return self._found[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def state_of(database: Path) -> State | None:
    """What the kept catalogue has to agree with; None while the database was written a moment ago, or is missing."""
    database = database.resolve()  # the log lies beside the file itself, not beside a link to it
    log = Path(f"{database}-wal")
    try:
        file = database.stat()
        state = [file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns]
        newest_ns = max(file.st_mtime_ns, file.st_ctime_ns)
        if log.exists() and (written := log.stat()).st_size:  # its time of change moves when a reader leaves, too
            state += [written.st_ino, written.st_size, written.st_mtime_ns]
            newest_ns = max(newest_ns, written.st_mtime_ns)
    except OSError:
        return None
    return None if time.time_ns() - newest_ns < SETTLED_NS else [*state, _program()]


def state_at_rest(database: Path) -> State | None:
    """The state of a database; one that was written a moment ago is given that moment."""
    state = state_of(database)
    if state is None and database.exists():
        time.sleep(2 * SETTLED_NS / 1e9)
        state = state_of(database)
    return state


def read(database: Path) -> Snapshot | None:
    """The kept catalogue; None when there is none that is certainly that of the database."""
    state = state_of(database)
    try:
        content = _own(database) if state is not None else b""
    except OSError:
        return None
    head, _, rest = content.partition(b"\n")
    body, _, details = rest.partition(b"\n")
    if not details.endswith(END) or head != to_json(state):
        return None
    try:
        found = unpack(from_json(body), CLASSES)
    except (ValueError, TypeError):  # written by hand
        return None
    return replace(found, details=Details(details.removesuffix(END))) if isinstance(found, Snapshot) else None


def write(database: Path, snapshot: Snapshot, *, state: State | None) -> None:
    """Keep a catalogue that was read while the database was in this state; where one may not write, nothing is kept."""
    if state is None or state != state_of(database):
        return
    with suppress(OSError, Unpackable):
        parts = (state, pack(replace(snapshot, details={})), pack(dict(snapshot.details)))
        content = b"\n".join(to_json(part, inf_nan_mode="constants") for part in parts) + END
        handle, name = tempfile.mkstemp(prefix=f".{database.name}-", suffix=SUFFIX, dir=database.resolve().parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(database.stat().st_mode & 0o666)
            Path(name).replace(_place(database))
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise


def _own(database: Path) -> bytes:
    """The file's content, if whoever owns the database or runs this program wrote it."""
    handle = os.open(_place(database), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read() if _owner(handle) in {os.getuid(), _owner(database)} else b""


def _owner(file: Path | int) -> int:
    return os.stat(file).st_uid  # noqa: PTH116 - also of a file that is open


def _place(database: Path) -> Path:
    database = database.resolve()
    return database.with_name(database.name + SUFFIX)


@cache
def _program() -> str:
    """Changes when the program or the seed changes that a catalogue is read with."""
    told = sha256(repr(shape_of(CLASSES)).encode())
    for pattern in READERS:
        for path in sorted(PACKAGE.glob(pattern)):
            stat = path.stat()
            told.update(f"{path} {stat.st_size} {stat.st_mtime_ns}".encode())
    return told.hexdigest()
