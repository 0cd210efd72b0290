"""Published measurements as value objects, and as the page of a device shows them."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.advice.evidence import Evidence, Measurement, shape_of
from app.catalogue.rows import rows
from app.engine.hardware import Accelerator
from app.engine.model_spec import AlgorithmSpec, ModelSpec
from app.engine.workload import Workload
from app.tables import EvidenceRow, Source


def evidence_of(
    session: Session,
    *,
    devices: Mapping[str, Accelerator],
    models: Mapping[str, ModelSpec],
    algorithms: Mapping[str, AlgorithmSpec],
) -> Evidence:
    """All measurements of models that the catalogue has."""
    titles = {row.key: row.title for row in rows(session, Source)}
    known = {**models, **algorithms}
    kept = [row for row in rows(session, EvidenceRow) if row.model in known and row.accelerator in devices]
    shapes = {slug: shape_of(known[slug]) for slug in {row.model for row in kept}}
    return Evidence(
        tuple(
            Measurement(
                model=known[row.model].name,
                accelerator=row.accelerator,
                hardware=devices[row.accelerator].name,
                count=row.accelerator_count,
                metric=row.metric,
                value=row.value,
                unit=row.unit,
                workload=Workload.model_validate_json(row.workload),
                source=titles[row.source],
                url=row.url,
                as_of=(row.as_of or row.read_on).isoformat(),
                note=row.note,
                shape=shapes[row.model],
            )
            for row in kept
        )
    )
