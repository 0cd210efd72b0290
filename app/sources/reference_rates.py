"""Exchange rates as a source of their own: what a dollar is worth today becomes part of the catalogue."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.sources import exchange_rates
from app.sources.exchange_rates import Rates
from app.sources.fetching import Document, Fetcher
from app.sources.offers import Known, Parsed, Source
from app.sources.trail import By, Trail
from app.tables import EconomicFactor

TOPIC = "exchange rate"
"""Under which the catalogue keeps rates."""


def fetch(fetcher: Fetcher, known: Known) -> list[Document]:  # noqa: ARG001 - every source is asked alike
    """The rates of the day."""
    return [exchange_rates.fetch(fetcher)]


def parse(documents: Sequence[Document], known: Known) -> Parsed:  # noqa: ARG001
    """Rates, and no offers."""
    rates = exchange_rates.parse(documents[0])
    return Parsed(rows_seen=len(rates.per_usd), rates=rates)


def keep(session: Session, rates: Rates, *, source: str, by: By) -> int:
    """Write rates that are newer than those the source brought before; how many were."""
    trail, written = Trail(session, by), 0
    for currency, per_usd in sorted(rates.per_usd.items()):
        slug = f"{source}-{currency.lower()}"
        told = _told(slug, currency, per_usd=per_usd, rates=rates, source=source)
        row = session.get(EconomicFactor, slug)
        if row is None:
            session.add(EconomicFactor(**told))
            trail.note("create", "economic-factors", key=slug, after=_document(told))
        elif row.as_of < rates.day or (row.as_of == rates.day and row.value != per_usd):
            before = {name: getattr(row, name) for name in told}
            for name, value in told.items():
                setattr(row, name, value)
            row.version += 1
            trail.note("update", "economic-factors", key=slug, before=_document(before), after=_document(told))
        else:
            continue
        written += 1
    session.flush()
    trail.write()
    return written


def _told(slug: str, currency: str, *, per_usd: float, rates: Rates, source: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "topic": TOPIC,
        "subject": currency,
        "value": per_usd,
        "unit": f"{currency} for 1 USD",
        "as_of": rates.day,
        "source": source,
        "confidence": "high",
        "note": "",
    }


def _document(told: dict[str, Any]) -> dict[str, Any]:
    """A row as the audit trail has it."""
    return told | {"as_of": told["as_of"].isoformat()}


SOURCE = Source(
    key="exchange-rates",
    title="European Central Bank reference rates, by frankfurter.dev",
    url="https://frankfurter.dev/",
    licence="public reference rates",
    fetch=fetch,
    parse=parse,
)
