"""The tables of one revision, read once and turned into value objects: plain selects, no ORM objects."""

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from app.advice.market import Market
from app.advice.policy import Policy, Rule, Scenario, Tier
from app.catalogue.accelerators import Identity, accelerator
from app.catalogue.evidence_rows import evidence_of
from app.catalogue.market_rows import market_of
from app.catalogue.model_specs import algorithm_spec, dataset_facts, diffusion_spec, network_spec, transformer_spec
from app.catalogue.names import AmbiguousName, NamedEntry, NameIndex
from app.catalogue.rows import Rows, Sources, other_names_of, rows
from app.catalogue.snapshot import Snapshot
from app.engine.hardware import Accelerator, Devices
from app.engine.model_spec import ModelSpec
from app.engine.units import GIB
from app.tables import (
    AcceleratorFact,
    AcceleratorRow,
    AlgorithmRow,
    Alias,
    CatalogueRevision,
    DatasetRow,
    DiffusionRow,
    NetworkRow,
    RuleRow,
    ScenarioRow,
    SoftwareSupport,
    Source,
    TierRow,
    TransformerRow,
)


def revision(session: Session) -> int:
    """The number of the present revision; 0 before there is a catalogue."""
    return session.scalar(select(CatalogueRevision.revision).where(CatalogueRevision.id == 1)) or 0


def load_snapshot(session: Session) -> Snapshot:
    """Everything an answer is computed from."""
    sources = {key: url or title for key, title, url in session.execute(select(Source.key, Source.title, Source.url))}
    aliases = rows(session, Alias)
    devices, details = _hardware(session, sources, aliases)
    models, domains, model_entries = _models(session, sources)
    algorithms = rows(session, AlgorithmRow)
    datasets = rows(session, DatasetRow)
    market = market_of(session, sources, aliases=aliases)
    hardware_entries = [
        NamedEntry(each.slug, each.name, memory_gib=each.memory_bytes / GIB, year=each.launch_year or 0)
        for each in devices
    ]
    specs = {row.slug: algorithm_spec(row, sources[row.source]) for row in algorithms}
    return Snapshot(
        revision=revision(session),
        data_as_of=_data_as_of(market),
        devices=Devices(devices),
        models=models,
        algorithms=specs,
        datasets={row.slug: dataset_facts(row, sources[row.source]) for row in datasets},
        market=market,
        policy=_policy(session),
        hardware_names=name_index("hardware", hardware_entries, aliases=aliases),
        model_names=name_index("model", model_entries, aliases=aliases),
        dataset_names=name_index("dataset", _named(datasets), aliases=aliases),
        algorithm_names=name_index("algorithm", _named(algorithms), aliases=aliases),
        provider_names=name_index("provider", [NamedEntry(p.slug, p.name) for p in market.providers], aliases=aliases),
        details=details,
        model_domains=domains,
        evidence=evidence_of(session, devices={each.slug: each for each in devices}, models=models, algorithms=specs),
    )


def name_index(kind: str, entries: list[NamedEntry], *, aliases: Rows) -> NameIndex:
    """The names of one kind, explicit aliases included."""
    mine = [row for row in aliases if row.kind == kind]
    by_slug: dict[str, list[str]] = defaultdict(list)
    asked: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in mine:
        if row.ambiguous:
            asked[row.alias].append(row)
        else:
            by_slug[row.slug].append(row.alias)
    with_aliases = (
        NamedEntry(e.slug, e.name, (*e.aliases, *by_slug.get(e.slug, ())), e.memory_gib, e.year) for e in entries
    )
    questions = (AmbiguousName(name, tuple(row.slug for row in rows), rows[0].note) for name, rows in asked.items())
    notes = {(row.alias, row.slug): row.note for row in mine if row.note and not row.ambiguous}
    return NameIndex(kind, tuple(with_aliases), tuple(questions), notes)


def _named(rows: Rows) -> list[NamedEntry]:
    return [NamedEntry(row.slug, row.name) for row in rows]


def _hardware(
    session: Session, sources: Sources, aliases: Rows
) -> tuple[tuple[Accelerator, ...], dict[str, dict[str, object]]]:
    other_names = other_names_of(aliases, "hardware")
    facts: dict[str, dict[str, Row[Any]]] = defaultdict(dict)
    for fact in session.execute(select(AcceleratorFact.__table__)):
        facts[fact.accelerator][fact.field] = fact
    support = {row.slug: row for row in rows(session, SoftwareSupport)}
    devices: list[Accelerator] = []
    details: dict[str, dict[str, object]] = {}
    for row in rows(session, AcceleratorRow):
        status = support[row.support]
        mine = facts[row.slug]
        identity = Identity(
            slug=row.slug,
            name=row.name,
            vendor=row.vendor,
            kind=row.kind,
            segment=row.segment,
            architecture=row.architecture,
            memory_type=row.memory_type,
            unified_memory=row.unified_memory,
            interconnect=row.interconnect,
            compute_capability=row.compute_capability,
            software_stack=row.software_stack,
            launch=row.launch,
            confidence=row.confidence,
            source_url=sources[row.source],
            support=status.status,
            support_note=status.reason,
        )
        devices.append(accelerator(identity, {name: fact.value for name, fact in mine.items()}))
        details[row.slug] = {**_details(row, status, mine, sources), "aliases": other_names.get(row.slug, [])}
    return tuple(devices), details


def _details(row: Row[Any], status: Row[Any], facts: dict[str, Row[Any]], sources: Sources) -> dict[str, object]:
    """What a hardware page shows beyond the engine's fields."""
    return {
        "market_status": row.market_status,
        "launch": row.launch,
        "memory_type": row.memory_type,
        "note": row.note,
        "version": row.version,
        "support": {
            "since": status.since,
            "target": status.target,
            "last_runtime": status.last_runtime,
            "last_pytorch": status.last_pytorch,
            "operating_systems": status.operating_systems,
            "source": sources[status.source],
            "confidence": status.confidence,
        },
        "facts": [
            {
                "field": fact.field,
                "value": fact.value,
                "unit": fact.unit,
                "source": sources[fact.source],
                "as_of": fact.as_of,
                "confidence": fact.confidence,
                "note": fact.note,
            }
            for fact in facts.values()
        ],
    }


def _models(session: Session, sources: Sources) -> tuple[dict[str, ModelSpec], dict[str, str], list[NamedEntry]]:
    specs: dict[str, ModelSpec] = {}
    domains: dict[str, str] = {}
    entries: list[NamedEntry] = []
    for row in rows(session, TransformerRow):
        spec = transformer_spec(row, sources[row.source])
        if spec is not None:
            specs[row.slug], domains[row.slug] = spec, row.domain
            hub_tail = (row.hub_id.rsplit("/", 1)[-1],) if row.hub_id else ()
            entries.append(NamedEntry(row.slug, row.name, hub_tail))
    for row in rows(session, NetworkRow):
        specs[row.slug], domains[row.slug] = network_spec(row, sources[row.source]), row.domain
        entries.append(NamedEntry(row.slug, row.name))
    for row in rows(session, DiffusionRow):
        specs[row.slug], domains[row.slug] = diffusion_spec(row, sources[row.source]), row.domain
        entries.append(NamedEntry(row.slug, row.name))
    return specs, domains, entries


def _policy(session: Session) -> Policy:
    return Policy(
        scenarios=tuple(Scenario(row.number, row.slug, row.title, row.summary) for row in rows(session, ScenarioRow)),
        tiers=tuple(
            Tier(row.slug, row.title, row.memory_gib_min, row.memory_gib_max, row.position, row.description)
            for row in sorted(rows(session, TierRow), key=lambda row: row.position)
        ),
        rules=tuple(
            Rule(
                slug=row.slug,
                kind=row.kind,
                priority=row.priority,
                condition=row.condition,
                outcome=row.outcome,
                reason=row.reason,
                valid_from=row.valid_from,
                last_checked=row.last_checked,
                owner=row.owner,
                source=row.source,
            )
            for row in sorted(rows(session, RuleRow), key=lambda row: -row.priority)
        ),
    )


def _data_as_of(market: Market) -> str:
    dates: list[date] = [offer.as_of for offer in market.offers]
    return max(dates).isoformat() if dates else ""
