from datetime import date

import pytest
from sqlalchemy import update

from app.catalogue import startup
from app.catalogue.checks import ACCEPTED, ERROR, check
from app.db import transaction
from app.tables import AcceleratorFact, AcceleratorRow, OfferRow, PriceRow, RuleRow


@pytest.fixture
def session(engine):
    with transaction(engine) as session:
        yield session
        session.rollback()


def findings(session, rule):
    return [finding for finding in check(session) if finding.rule == rule and finding.severity != ACCEPTED]


def test_the_seed_has_nothing_that_cannot_be_right(seeded):
    assert [finding for finding in startup.check(seeded) if finding.severity in {ERROR, "warning"}] == []


def test_odd_facts_that_are_true_are_accepted_with_a_reason(seeded):
    accepted = {finding.entry: finding for finding in startup.check(seeded) if finding.severity == ACCEPTED}

    assert "Accepted: The int8 path" in accepted["b300"].message


def set_fact(session, slug, field, value):
    where = (AcceleratorFact.accelerator == slug, AcceleratorFact.field == field)
    session.execute(update(AcceleratorFact).where(*where).values(value=value))


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("memory_bandwidth", 1_008_000, "bandwidth"),
        ("fp16", 8_000, "tensor-ratio"),
        ("bf16", 400, "bf16-fp16"),
        ("tdp", 45_000, "power"),
        ("visible_memory", 32, "usable-memory"),
    ],
)
def test_a_mistyped_fact_is_found(session, field, value, rule):
    set_fact(session, "geforce-rtx-4090", field, value)

    assert [finding.entry for finding in findings(session, rule)] == ["geforce-rtx-4090"]


def test_a_launch_in_the_future_is_found(session):
    session.execute(update(AcceleratorRow).where(AcceleratorRow.slug == "t4").values(launch="2108-09"))

    assert [finding.entry for finding in findings(session, "launch")] == ["t4"]


def test_a_price_of_tomorrow_is_found(session):
    price = session.query(PriceRow).filter_by(currency="USD").first()
    price.as_of = date(2199, 1, 1)

    assert [finding.entry for finding in findings(session, "price-date") if finding.severity == ERROR] == [
        price.accelerator
    ]


def test_rent_in_cents_instead_of_dollars_is_found(session):
    offer = session.query(OfferRow).filter_by(provider="lambda").first()
    offer.usd_per_hour_on_demand = 400 * offer.accelerator_count

    assert len(findings(session, "offer-price")) >= 1


def test_a_rule_that_leads_nowhere_is_found(session):
    rule = session.query(RuleRow).first()
    rule.outcome = "no-such-place"

    assert [finding.entry for finding in findings(session, "rule-outcome")] == [rule.slug]
