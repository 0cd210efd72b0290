"""A CSV address with prices that an administrator named: which column is what, checked like any other source."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from urllib.parse import urlsplit

from app.errors import Unprocessable
from app.field_problems import FieldProblem, nearest
from app.sources import exchange_rates
from app.sources.exchange_rates import CURRENCIES, Rates
from app.sources.fetching import MIB, Document, Fetcher
from app.sources.guarding import is_public
from app.sources.offers import Known, LiveOffer, Parsed, Source
from app.sources.reading import MalformedError, amount, csv_rows
from app.tables import PriceFeed

FIELDS: Mapping[str, str] = {
    "provider": "Provider, by its name in the catalogue",
    "instance": "Name of the instance",
    "region": "Region",
    "accelerator": "Device",
    "accelerator_count": "How many devices",
    "usd_per_hour_on_demand": "Price of an hour on demand",
    "usd_per_hour_spot": "Price of an hour that can be taken away",
    "accelerator_memory_gib": "Memory of one device in GiB",
    "vcpus": "vCPUs",
    "ram_gb": "Memory of the host in GB",
    "as_of": "Day of the price",
    "note": "Note",
}
"""What a row may say; a file that uses these names for its columns needs no mapping."""
PRICES = ("usd_per_hour_on_demand", "usd_per_hour_spot")
NUMBERS = (*PRICES, "accelerator_count", "accelerator_memory_gib", "vcpus", "ram_gb")
ALL_CURRENCIES = ("USD", *CURRENCIES)
FOR = ("instance", "device")
SIGNS = {"USD": ("$", "USD", "US$"), "EUR": ("€", "EUR"), "GBP": ("£", "GBP"), "INR": ("₹", "INR")}
LARGEST_BYTES = 32 * MIB
MOST_ROWS = 100_000
NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
OTHER_UNITS = re.compile(r"month|monat|mois|year|jahr|annual|cent\b|cents|_ct\b|minute|second|day", re.IGNORECASE)
"""A column that says so holds no price of an hour."""


@dataclass(frozen=True)
class Feed:
    """An address and how to read it."""

    name: str
    title: str
    address: str
    licence: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    """The column of each field; without any, columns are found by the names of the fields."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Fields that are the same in every row."""
    currency: str = "USD"
    price_for: str = "instance"
    complete: bool = False

    @classmethod
    def of(cls, row: PriceFeed) -> "Feed":
        """The feed of a row."""
        return cls(**{name: getattr(row, name) for name in cls.__dataclass_fields__})

    @property
    def public_address(self) -> str:
        """Where it stands, without what may be a secret."""
        return self.address.split("?", 1)[0].split("#", 1)[0]


def checked(feed: Feed, *, taken: Sequence[str] = ()) -> Feed:
    """The same feed; raises with every field that needs correcting."""
    problems = [FieldProblem(f"/{name}", detail, suggestions) for name, detail, suggestions in _problems(feed, taken)]
    if problems:
        raise Unprocessable(problems)
    return feed


def _problems(feed: Feed, taken: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    if not NAME.fullmatch(feed.name):
        yield "name", "Enter two to forty small letters, digits and dashes, such as acme-cloud", []
    elif feed.name in taken:
        yield "name", f"There is a source called {feed.name} already; choose another name", []
    if not 0 < len(feed.title) <= 200:
        yield "title", "Enter what the list is called", []
    problem = _address_problem(feed.address)
    if problem:
        yield "address", problem, []
    if feed.currency not in ALL_CURRENCIES:
        yield "currency", f"Choose {', '.join(ALL_CURRENCIES)}", list(ALL_CURRENCIES)
    if feed.price_for not in FOR:
        yield "price_for", f"Choose {' or '.join(FOR)}", list(FOR)
    yield from _mapping_problems(feed)


def _mapping_problems(feed: Feed) -> Iterator[tuple[str, str, list[str]]]:
    for name, column in feed.columns.items():
        if name not in FIELDS:
            yield f"columns/{name}", f"There is no field {name}", nearest(name, list(FIELDS))
        elif name in PRICES and OTHER_UNITS.search(column):
            yield f"columns/{name}", f"The column “{column}” does not look like the price of one hour", []
    for name in feed.fixed:
        if name not in FIELDS:
            yield f"fixed/{name}", f"There is no field {name}", nearest(name, list(FIELDS))
    if feed.columns and not {*PRICES} & {*feed.columns}:
        yield f"columns/{PRICES[0]}", "Name the column with the price of an hour", []
    if feed.columns and not {"provider"} & {*feed.columns, *feed.fixed}:
        yield "columns/provider", "Name the column with the provider, or one provider for all rows", []


def _address_problem(address: str) -> str:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return "Enter an address that begins with https://"
    if parts.scheme != "https" or not host or len(address) > 600:
        return "Enter an address that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "Leave user name and password out of the address"
    try:
        public = is_public(host)
    except ValueError:  # a name: what it stands for is looked at when it is read
        public = host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))
    return "" if public else "Enter an address that everybody can reach, not one of a private network"


def source_of(feed: Feed, *, private: bool = False) -> Source:
    """A source like those that come along; ``private``: addresses of private networks are read as well."""

    def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
        rows = fetcher.get(feed.address, largest_bytes=LARGEST_BYTES)
        if feed.currency == "USD" or rows.unchanged:
            return [rows]
        return [rows, replace(exchange_rates.fetch(fetcher), etag="")]

    def parse(documents: Sequence[Document], known: Known) -> Parsed:
        rates = next((exchange_rates.parse(each) for each in documents if each.address == exchange_rates.ADDRESS), None)
        rows = [each for each in documents if each.address != exchange_rates.ADDRESS]
        return parsed_rows(feed, rows[0], rates=rates, today=known.today) if rows else Parsed()

    spot = "usd_per_hour_spot" in {*feed.columns, *feed.fixed} or not feed.columns
    return Source(
        key=feed.name,
        title=feed.title,
        url=feed.public_address,
        licence=feed.licence,
        fetch=fetch,
        parse=parse,
        knows_spot=spot,
        guarded=not private,
    )


def parsed_rows(feed: Feed, document: Document, *, rates: Rates | None, today: date) -> Parsed:
    """The rows of the file as offers; what cannot be meant is left out and told."""
    text = document.body.decode("utf-8-sig", "replace")
    columns = _columns(feed, text, address=feed.public_address)
    parsed = Parsed()
    for row in csv_rows(text, needs=set(columns.values()), address=feed.public_address, delimiter=_delimiter(text)):
        parsed.rows_seen += 1
        if parsed.rows_seen > MOST_ROWS:
            raise MalformedError(f"{feed.public_address}: more than {MOST_ROWS} rows")
        told = dict(feed.fixed) | {name: row[column].strip() for name, column in columns.items() if row[column].strip()}
        found = _offer(feed, told, rates=rates, today=today)
        if isinstance(found, str):
            parsed.rejected[found] += 1
        else:
            parsed.offers.append(found)
    if feed.complete and parsed.offers:
        parsed.complete = {offer.provider for offer in parsed.offers}
    return parsed


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


def _columns(feed: Feed, text: str, *, address: str) -> dict[str, str]:
    """The column of each field in this very file."""
    head = [name.strip().strip('"') for name in text.partition("\n")[0].split(_delimiter(text))]
    if feed.columns:
        missing = [column for column in feed.columns.values() if column not in head]
        if missing:
            there = ", ".join(head[:30])[:300]
            raise MalformedError(f"{address}: there is no column {', '.join(missing)}; there are {there}")
        return dict(feed.columns)
    found = {name: name for name in FIELDS if name in head}
    if not {*PRICES} & {*found} or not {"provider"} & {*found, *feed.fixed}:
        raise MalformedError(
            f"{address}: name the columns with provider and price; there are {', '.join(head[:30])[:300]}"
        )
    return found


def _offer(feed: Feed, told: Mapping[str, str], *, rates: Rates | None, today: date) -> LiveOffer | str:
    """One offer, or why the row is none."""
    numbers: dict[str, float | None] = {}
    for name in NUMBERS:
        cell = told.get(name, "")
        number = amount(_bare(cell, feed.currency) if name in PRICES else cell)
        if cell and (number is None or number < 0):
            return f"{name} is no number"
        numbers[name] = number or None
    if not told.get("provider"):
        return "no provider"
    if not told.get("instance") and not told.get("accelerator"):
        return "neither instance nor device"
    if not any(numbers[name] for name in PRICES):
        return "no price"
    day = _day(told.get("as_of", ""))
    if day is not None and (isinstance(day, str) or day > today):
        return "the day cannot be"
    count = numbers["accelerator_count"] or 1.0
    times = count if feed.price_for == "device" else 1.0
    on_demand, spot = (_usd(numbers[name], feed, rates=rates, times=times) for name in PRICES)
    return LiveOffer(
        provider=told["provider"].lower(),
        instance=told.get("instance") or f"{count:g} × {told['accelerator']}",
        region=told.get("region") or "Global",
        accelerator_name=told.get("accelerator", ""),
        count=count,
        usd_per_hour_on_demand=on_demand,
        usd_per_hour_spot=spot,
        memory_gib=numbers["accelerator_memory_gib"],
        vcpus=numbers["vcpus"],
        ram_gb=numbers["ram_gb"],
        as_of=None if isinstance(day, str) else day,
        note=_note(feed, told, rates=rates),
    )


def _bare(cell: str, currency: str) -> str:
    """A price without the sign of its own currency; any other sign stays, and is no number.

    >>> _bare("$1.20", "USD"), _bare("1.20 EUR", "EUR"), _bare("€1.20", "USD")
    ('1.20', '1.20', '€1.20')
    """
    for sign in sorted(SIGNS[currency], key=len, reverse=True):
        if cell.startswith(sign):
            return cell[len(sign) :].strip()
        if cell.endswith(sign):
            return cell[: -len(sign)].strip()
    return cell


def _usd(value: float | None, feed: Feed, *, rates: Rates | None, times: float) -> float | None:
    if value is None:
        return None
    if feed.currency == "USD":
        return round(value * times, 6)
    if rates is None:
        raise MalformedError(f"{feed.public_address}: there is no rate for {feed.currency}")
    return round(rates.usd(value, feed.currency) * times, 6)


def _day(text: str) -> date | str | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return text


def _note(feed: Feed, told: Mapping[str, str], *, rates: Rates | None) -> str:
    own = told.get("note", "")[:400]
    if feed.currency == "USD" or rates is None:
        return own
    rate = f"{feed.currency} at {1 / rates.per_usd[feed.currency]:.4f} USD (ECB {rates.day.isoformat()})"
    return f"{own}; {rate}" if own else rate
