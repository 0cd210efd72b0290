"""Reading public addresses: limits on size and time, retries, validators, and never a redirect to somebody else."""

import random
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ssl import SSLContext
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx

from app import __version__
from app.sources.guarding import FetchError, public_address
from app.sources.pages import Page, Pages

KIB, MIB = 1024, 1024 * 1024
CONNECT_S = 5.0
READ_S = 30.0
MOST_ATTEMPTS = 4
LONGEST_WAIT_S = 60.0
FIRST_WAIT_S = 0.5
MOST_REDIRECTS = 3
TOO_MANY_REQUESTS = 429
SERVER_FAULTS = 500
NOT_MODIFIED = 304
CHUNK = 64 * KIB


@cache
def _trusted() -> SSLContext:
    """Who may vouch for a host: the list is long, and reading it takes longer than many an answer."""
    return httpx.create_ssl_context()


class TryAgainError(FetchError):
    """It may work in a moment."""

    def __init__(self, message: str, *, wait_s: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Document:
    """What an address answered; no body where it has not changed since it was last applied."""

    address: str
    body: bytes
    etag: str = ""
    unchanged: bool = False


@dataclass
class Fetcher:
    """Reads for one run. Everything that limits it is a field, so that tests need no patience."""

    deadline_s: float = 600.0
    """For the whole run."""
    largest_bytes: int = 64 * MIB
    """Of one answer, unpacked."""
    validators: Mapping[str, str] = field(default_factory=dict)
    """Entity tags by address."""
    stand_in: str = ""
    """Address that answers for every host, under a path that begins with its name: for tests and mirrors."""
    sleep: Callable[[float], None] = time.sleep
    read_s: float = READ_S
    attempts: int = MOST_ATTEMPTS
    told: Callable[[str], None] = lambda _: None
    """Hears what is being read."""

    pages: Pages | None = None
    """What an earlier run read before it died."""
    public_only: bool = False
    """Whether addresses of private networks are refused: for addresses that people enter."""

    skipped: list[str] = field(default_factory=list)
    """Parts that could not be read, and why."""

    def __post_init__(self) -> None:
        timeout = httpx.Timeout(self.read_s, connect=CONNECT_S)
        headers = {"user-agent": f"WhichRig/{__version__} (price refresh)", "accept-encoding": "gzip"}
        self._client = httpx.Client(timeout=timeout, headers=headers, follow_redirects=False, verify=_trusted())
        self._ends_at = time.monotonic() + self.deadline_s
        self._last_request_at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, address: str, *, every_s: float = 0.0, largest_bytes: int | None = None) -> Document:
        """The body of an address, unless its validator says that it is known."""
        return self._once(
            address, None, lambda: self._read(address, None, every_s=every_s, largest_bytes=largest_bytes)
        )

    def post(self, address: str, body: object, *, every_s: float = 0.0) -> Document:
        """The answer to a JSON question."""
        return self._once(address, body, lambda: self._read(address, body, every_s=every_s))

    def lines(self, address: str, *, keep: Callable[[str], bool], most_bytes: int) -> Document:
        """The lines of a very large text that are worth keeping; the rest passes by."""
        return self._once(address, None, lambda: self._filtered(address, keep, most_bytes=most_bytes))

    def each(self, reads: Sequence[Callable[[], Document]]) -> list[Document]:
        """What can be read; a part that fails is noted in ``skipped``, and only when all fail is it an error."""
        documents: list[Document] = []
        problems: list[FetchError] = []
        for read in reads:
            try:
                documents.append(read())
            except FetchError as error:
                problems.append(error)
        if problems and not documents:
            raise problems[0]
        self.skipped += [str(problem) for problem in problems]
        return documents

    def _once(self, address: str, body: object, read: Callable[[], Document]) -> Document:
        """Read, unless an earlier run has and died before it could use it."""
        kept = self.pages.find(address, body) if self.pages else None
        if kept is not None:
            self.told(f"{address} was read before")
            return Document(address, kept.body, kept.etag)
        document = self._patiently(address, read)
        if self.pages and not document.unchanged:
            self.pages.keep(address, body, page=Page(document.body, document.etag))
        return document

    def _patiently(self, address: str, read: Callable[[], Document]) -> Document:
        for attempt in range(1, self.attempts + 1):
            try:
                return read()
            except TryAgainError as error:
                usual = FIRST_WAIT_S * 2 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter is no secret
                wait_s = min(usual if error.wait_s is None else error.wait_s, LONGEST_WAIT_S)
                if attempt == self.attempts or time.monotonic() + wait_s > self._ends_at:
                    raise
                self.told(f"{error}; trying again in {wait_s:.1f} s")
                self.sleep(wait_s)
        raise AssertionError(address)  # the loop returns or raises

    def _read(self, address: str, body: object, *, every_s: float, largest_bytes: int | None = None) -> Document:
        limit = largest_bytes or self.largest_bytes
        if every_s:
            self.sleep(max(0.0, self._last_request_at + every_s - time.monotonic()))
        self.told(f"reading {address}")
        with self._answer(address, body=body) as response:
            if response.status_code == NOT_MODIFIED:
                return Document(address, b"", self.validators.get(address, ""), unchanged=True)
            pieces = self._unpacked(response, address, limit=limit)
            return Document(address, b"".join(pieces), _validator(response))

    def _filtered(self, address: str, keep: Callable[[str], bool], *, most_bytes: int) -> Document:
        self.told(f"reading {address}")
        with self._answer(address, body=None) as response:
            if response.status_code == NOT_MODIFIED:
                return Document(address, b"", self.validators.get(address, ""), unchanged=True)
            kept = [line for line in _lines(self._unpacked(response, address, limit=most_bytes)) if keep(line)]
            return Document(address, "\n".join(kept).encode(), _validator(response))

    def _answer(self, address: str, *, body: object) -> "_Answer":
        return _Answer(self, address, body)

    def _send(self, address: str, body: object) -> httpx.Response:
        if time.monotonic() > self._ends_at:
            raise FetchError(f"{address}: the time for this run is used up")
        self._last_request_at = time.monotonic()
        arguments: dict[str, Any] = {"headers": self._conditions(address)} if body is None else {"json": body}
        real = self._real(address)
        if self.public_only and not self.stand_in:
            real, pinned = public_address(real)
            arguments["headers"] = arguments.get("headers", {}) | pinned.headers
            arguments["extensions"] = pinned.extensions
        request = self._client.build_request("GET" if body is None else "POST", real, **arguments)
        return self._client.send(request, stream=True)

    def _conditions(self, address: str) -> dict[str, str]:
        """What makes the server send nothing where nothing has changed."""
        validator = self.validators.get(address, "")
        if not validator:
            return {}
        return {"if-none-match" if validator.endswith('"') else "if-modified-since": validator}

    def _real(self, address: str) -> str:
        """Where an address is really asked for: HTTPS only, unless something stands in."""
        parts = urlsplit(address)
        if parts.scheme != "https" or not parts.hostname:
            raise FetchError(f"{address}: only https:// is read")
        if not self.stand_in:
            return address
        query = f"?{parts.query}" if parts.query else ""
        return f"{self.stand_in}/{parts.hostname}{parts.path}{query}"

    def _unpacked(self, response: httpx.Response, address: str, *, limit: int) -> Iterator[bytes]:
        """The body piece by piece: unpacked by at most a piece at a time, so that a small answer cannot fill memory."""
        is_packed = response.headers.get("content-encoding", "") == "gzip"
        unpack = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if is_packed else None
        total = 0
        for raw in response.iter_raw(CHUNK):
            pending = raw
            while pending:
                piece = unpack.decompress(pending, CHUNK) if unpack else pending
                pending = unpack.unconsumed_tail if unpack else b""
                total += len(piece)
                if total > limit:
                    raise FetchError(f"{address}: more than {limit // MIB or 1} MiB; not read any further")
                if time.monotonic() > self._ends_at:
                    raise FetchError(f"{address}: the time for this run is used up")
                yield piece
        if unpack is not None and not unpack.eof:
            raise TryAgainError(f"{address}: the answer ends in the middle")


class _Answer:
    """A response that was checked: its status is 200 or 304, and it comes from the host that was asked."""

    def __init__(self, fetcher: Fetcher, address: str, body: object) -> None:
        self._fetcher, self._address, self._body = fetcher, address, body
        self._response: httpx.Response | None = None

    def __enter__(self) -> httpx.Response:
        address = self._address
        for _ in range(MOST_REDIRECTS + 1):
            try:
                response = self._fetcher._send(address, self._body)  # noqa: SLF001 - two halves of one thing
            except httpx.TransportError as error:
                raise TryAgainError(f"{address}: {error or type(error).__name__}") from error
            self._response = response
            if not response.has_redirect_location:
                _check_status(response, address)
                return response
            response.close()
            address = _same_host(address, response.headers.get("location", ""))
        raise FetchError(f"{self._address}: it redirects without end")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if self._response is not None:
            self._response.close()
        if isinstance(error, httpx.TransportError):
            raise TryAgainError(f"{self._address}: {error or type(error).__name__}") from error
        if isinstance(error, zlib.error):
            raise FetchError(f"{self._address}: the answer is not what it says it is") from error


def _validator(response: httpx.Response) -> str:
    """An entity tag, which ends with a quotation mark, or else the day of the last change."""
    etag: str = response.headers.get("etag", "")
    modified: str = response.headers.get("last-modified", "")
    return etag if etag.endswith('"') else modified


def _check_status(response: httpx.Response, address: str) -> None:
    status = response.status_code
    if status in {200, NOT_MODIFIED}:
        return
    response.close()
    if status == TOO_MANY_REQUESTS or status >= SERVER_FAULTS:
        raise TryAgainError(f"{address}: status {status}", wait_s=_retry_after(response), status=status)
    raise FetchError(f"{address}: status {status}", status=status)


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None


def _same_host(address: str, location: str) -> str:
    target = urljoin(address, location)
    if urlsplit(target).hostname != urlsplit(address).hostname or urlsplit(target).scheme != "https":
        raise FetchError(f"{address}: it redirects to another host, {urlsplit(target).hostname}")
    return target


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if rest:
        yield rest.decode("utf-8", "replace")
