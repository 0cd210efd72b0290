"""An answer to take away: Markdown for notes and tickets, and a table of what to buy and rent."""

import re
from collections.abc import Iterable

from app import formatting
from app.contract.answer import CloudAnswer, PickAnswer, RecommendationAnswer
from app.languages import say
from app.web.currency import DOLLARS, Currency
from app.web.labels import assumed_value, details, label, seen
from app.web.spreadsheet import csv_text

COLUMNS = (
    "kind", "role", "name", "count", "provider", "offer", "region", "pricing", "fit", "price_usd_low", "price_usd",
    "price_usd_high", "usd_per_hour", "hours_low", "hours", "hours_high", "as_of", "source",
)  # fmt: skip

_MARKUP = re.compile(r"([\\`*_\[\]<>|#])")


def as_markdown(answer: RecommendationAnswer) -> str:
    """The answer as Markdown."""
    made, changes = answer.provenance, answer.what_would_change_this
    blocks = [
        f"# {_plain(answer.verdict)}",
        f"{_plain(answer.scenario.title)} · {_plain(answer.tier.title)} · {details('grade', answer.need.evidence)[0]}",
        _list(say("Why"), [_plain(reason) for reason in answer.scenario.reasons if reason != answer.verdict]),
        _list(
            say("What would change this"),
            [say("If {change}, {then}", change=_plain(e.if_), then=_plain(e.then)) for e in changes],
        ),
        _list(say("We assumed"), [_assumed(each.field, each.value, each.why) for each in answer.assumptions]),
        _list(say("Picks"), [_pick(pick) for pick in answer.picks]),
        _list(say("Rent instead"), [_offer(offer) for offer in answer.cloud]),
        _list(say("What you have"), [f"{_plain(each.hardware.name)}: {_plain(each.verdict)}" for each in answer.owned]),
        _list(
            say("Warnings"), [f"{label('severity', each.severity)}: {_plain(each.text)}" for each in answer.warnings]
        ),
        _list(say("First steps"), [_plain(step) for step in answer.first_steps]),
        say(
            "Computed {day} from catalogue revision {revision} with engine {engine}: <{link}>",
            day=formatting.day(made.computed_at),
            revision=made.catalogue_revision,
            engine=made.engine_version,
            link=answer.links.html,
        ),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_csv(answer: RecommendationAnswer, *, currency: Currency = DOLLARS) -> str:
    """Picks and offers as comma-separated values, numbers bare."""
    rows = ([row.get(name) for name in COLUMNS] for row in _rows(answer))
    return csv_text(COLUMNS, rows, currency=currency)


def _rows(answer: RecommendationAnswer) -> Iterable[dict[str, object]]:
    for pick in answer.picks:
        price, hours = pick.price_usd, pick.estimate.duration_hours
        yield {
            "kind": "buy", "role": pick.role, "name": pick.hardware.name, "count": pick.hardware.count, "fit": pick.fit,
            "price_usd_low": price and price.low, "price_usd": price and price.expected,
            "price_usd_high": price and price.high, "hours_low": hours and hours.low,
            "hours": hours and hours.expected, "hours_high": hours and hours.high,
            "as_of": price and price.as_of, "source": price and price.source,
        }  # fmt: skip
    for offer in answer.cloud:
        hours = offer.hours
        yield {
            "kind": "rent", "name": offer.accelerator, "count": offer.count, "provider": offer.provider,
            "offer": offer.instance, "region": offer.region, "pricing": offer.pricing, "fit": offer.fit,
            "usd_per_hour": offer.usd_per_hour, "hours_low": hours and hours.low, "hours": hours and hours.expected,
            "hours_high": hours and hours.high, "as_of": offer.as_of, "source": offer.source,
        }  # fmt: skip


def _list(title: str, entries: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {entry}" for entry in entries) if entries else ""


def _plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))


def _assumed(field: str, value: object, why: str) -> str:
    return f"{label('assumption', field)}: {_plain(assumed_value(value, field))} ({_plain(why)})"


def _pick(pick: PickAnswer) -> str:
    name = _plain(formatting.times(pick.hardware.count, pick.hardware.name))
    price = formatting.usd_between(pick.price_usd.low, pick.price_usd.high) if pick.price_usd else say("price unknown")
    dated = f" ({seen(pick.price_usd)})" if pick.price_usd else ""
    return f"**{label('role', pick.role)}: {name}**, {price}{dated}. {_plain(pick.why)} {_plain(pick.look_out_for)}"


def _offer(offer: CloudAnswer) -> str:
    name = _plain(formatting.times(offer.count, offer.accelerator))
    spot = f" {say('Spot')}" if offer.pricing == "spot" else ""
    place = say("{offer}, seen {day}", offer=_plain(offer.instance), day=formatting.day(offer.as_of))
    return f"{_plain(offer.provider)}: {name}, {formatting.usd_per_hour(offer.usd_per_hour)}{spot} ({place})"
