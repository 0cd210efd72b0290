"""Names in a request become catalogue entries, or an error that names the field and the nearest entries."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import NoReturn

from pydantic import ValidationError

from app.advice.constraints import Constraints
from app.catalogue.name_matches import Ambiguous, Match, Unknown
from app.catalogue.names import NameIndex
from app.catalogue.snapshot import Snapshot
from app.engine.data_amounts import KnownData
from app.engine.defaults import complete, typical_algorithm, typical_model
from app.engine.hardware import Accelerator
from app.engine.hub_config import spec_from_config
from app.engine.job import Assumption, Job
from app.engine.model_from_counts import architecture_of, model_from_counts
from app.engine.model_spec import AlgorithmSpec, ModelSpec, NetworkSpec, TransformerSpec
from app.engine.network_alike import as_known
from app.engine.size_in_name import size_in_name
from app.engine.units import GB
from app.engine.workload import MAX_CONFIG_BYTES, ModelChoice, Workload
from app.errors import Unprocessable
from app.field_problems import FieldProblem, echoed

_INSTEAD = {
    "accelerator": "look its name up in the list of hardware",
    "model": "look its name up in the list of models, or give its size as model.parameters",
    "algorithm": "look its name up in the list of models",
    "data set": "give its samples, tokens, or rows and columns instead",
}
"""What to do where no near name is meant."""


def job_of(snapshot: Snapshot, workload: Workload, *, assume_data: bool) -> Job:
    """The job that a workload describes, every name looked up and every default filled in."""
    model, assumptions = _model(snapshot, workload)
    taken = _domain_of_named(snapshot, workload)
    if taken is not None:
        workload = workload.model_copy(update={"domain": taken})
        assumptions = (*assumptions, Assumption("domain", taken, "what the named model works on"))
    data = _data(snapshot, workload)
    job = complete(workload, model=model, data=data, assume_data=assume_data, assumptions=assumptions)
    return _with_its_length(job) if assume_data else job


def _with_its_length(job: Job) -> Job:
    """The job as it is told: a recommendation is about texts of the length it names, not of any length."""
    asked = job.workload
    if not isinstance(job.model, TransformerSpec) or not job.training or asked.sequence_length is not None:
        return job
    return replace(job, workload=asked.model_copy(update={"sequence_length": job.seq_len}))


def _domain_of_named(snapshot: Snapshot, workload: Workload) -> str | None:
    """What a named model works on, where nobody said."""
    if workload.domain is not None or workload.algorithm is not None or workload.task == "classical":
        return None
    named = None if workload.model is None else workload.model.name
    found = None if named is None else snapshot.model_names.resolve(named)
    return snapshot.model_domains.get(found.slug) if isinstance(found, Match) else None


def accelerator(snapshot: Snapshot, name: str, *, pointer: str) -> Accelerator:
    """The accelerator of this name."""
    return snapshot.accelerators[_slug(snapshot.hardware_names, name, pointer=pointer, what="accelerator")]


def changed_job(snapshot: Snapshot, workload: Workload, *, changes: Mapping[str, object]) -> Job | None:
    """The job of a neighbouring workload: some fields changed, the rest as asked; None where nobody may ask that."""
    asked = workload.model_dump(exclude_none=True) | dict(changes)
    try:
        return job_of(snapshot, Workload.model_validate(asked), assume_data=True)
    except (ValidationError, Unprocessable):
        return None


def check_owned(snapshot: Snapshot, constraints: Constraints) -> None:
    """Refuse a name that nobody knows where a catalogue name belongs; free text is never refused."""
    for field in ("existing_hardware", "considering"):
        for number, owned in enumerate(getattr(constraints, field) or ()):
            if owned.accelerator is not None:
                accelerator(snapshot, owned.accelerator, pointer=f"/constraints/{field}/{number}/accelerator")


def _model(snapshot: Snapshot, workload: Workload) -> tuple[ModelSpec, tuple[Assumption, ...]]:
    if workload.task == "classical" or workload.algorithm is not None:
        return _algorithm(snapshot, workload)
    if workload.model is None:
        choice, why = typical_model(workload)
        spec = _chosen(snapshot, choice, workload=workload)
        field, value = ("model", choice.name) if choice.name else ("model.parameters", round(choice.parameters or 0))
        return spec, (Assumption(field, value, why),)
    choice, assumptions = _understood(snapshot, workload.model)
    spec = _chosen(snapshot, choice, workload=workload)
    if choice.parameters is not None and choice.architecture is None:
        taken = architecture_of(choice, workload)
        why = "the usual architecture for this kind of work"
        return spec, (*assumptions, Assumption("model.architecture", taken, why))
    return spec, assumptions


def _understood(snapshot: Snapshot, choice: ModelChoice) -> tuple[ModelChoice, tuple[Assumption, ...]]:
    """A model that the catalogue does not know, by the size that its name tells; anything else as it is."""
    if choice.name is None or not isinstance(snapshot.model_names.resolve(choice.name), Unknown):
        return choice, ()
    parameters = size_in_name(choice.name)
    if parameters is None:
        return choice, ()
    why = f"read from the name {echoed(choice.name)}, which the catalogue does not know: please check"
    return ModelChoice(parameters=parameters), (Assumption("model.parameters", round(parameters), why),)


def _chosen(snapshot: Snapshot, choice: ModelChoice, *, workload: Workload) -> ModelSpec:
    if choice.name is not None:
        _is_no_method_for_tables(snapshot, choice.name)
        slug = _slug(snapshot.model_names, choice.name, pointer="/workload/model/name", what="model")
        return snapshot.models[slug]
    if choice.hf_config is not None:
        return _from_config(choice.hf_config)
    spec = model_from_counts(choice, workload)
    if not isinstance(spec, NetworkSpec):
        return spec
    side = workload.image_size
    size = (side, side) if isinstance(side, int) else tuple(side or ())
    return as_known(spec, snapshot.models.values(), size=size)


def _is_no_method_for_tables(snapshot: Snapshot, name: str) -> None:
    """Refuse what is no model but a method for tables, and say where it belongs."""
    known = not isinstance(snapshot.model_names.resolve(name), Unknown)
    if not known and isinstance(snapshot.algorithm_names.resolve(name), Match):
        detail = f"{echoed(name)} is a method for tables: give it as algorithm, with the task classical"
        _refuse("/workload/model/name", detail)


def _from_config(config: dict[str, object]) -> ModelSpec:
    pointer = "/workload/model/hf_config"
    if len(json.dumps(config)) > MAX_CONFIG_BYTES:
        _refuse(pointer, f"This config is too large: the limit is {MAX_CONFIG_BYTES // 1024} KB")
    try:
        return spec_from_config(config)
    except ValueError as problem:
        return _refuse(pointer, str(problem))


def _algorithm(snapshot: Snapshot, workload: Workload) -> tuple[AlgorithmSpec, tuple[Assumption, ...]]:
    if workload.algorithm is not None:
        slug = _slug(snapshot.algorithm_names, workload.algorithm, pointer="/workload/algorithm", what="algorithm")
        return snapshot.algorithms[slug], ()
    slug, why = typical_algorithm()
    return snapshot.algorithms[slug], (Assumption("algorithm", slug, why),)


def _data(snapshot: Snapshot, workload: Workload) -> KnownData:
    if workload.dataset is None or workload.dataset.name is None:
        return KnownData()
    slug = _slug(snapshot.dataset_names, workload.dataset.name, pointer="/workload/dataset/name", what="data set")
    facts = snapshot.datasets[slug]
    size_bytes = facts.size_gb * GB if facts.size_gb else None
    return KnownData(facts.samples, facts.tokens, facts.rows, facts.columns, size_bytes, facts.typical_epochs)


def _slug(index: NameIndex, name: str, *, pointer: str, what: str) -> str:
    found = index.resolve(name)
    if isinstance(found, Match):
        return found.slug
    if isinstance(found, Ambiguous):
        detail = f"{echoed(name)} is the name of several products; say which"
        return _refuse(pointer, detail, suggestions=list(found.slugs))
    instead = _INSTEAD[what]
    detail = f"We know no {what} called {echoed(name)}; {instead}"
    if found.nearest:
        detail = f"We know no {what} called {echoed(name)}; use one of the nearest names, or {instead}"
    return _refuse(pointer, detail, suggestions=list(found.nearest))


def _refuse(pointer: str, detail: str, *, suggestions: list[str] | None = None) -> NoReturn:
    raise Unprocessable([FieldProblem(pointer, detail, suggestions or [])])
