"""What the answers mean: the contract's workload and constraints."""

from collections.abc import Callable, Mapping
from typing import Any

from app.advice.constraints import Constraints
from app.engine.size_in_name import size_in_name
from app.engine.workload import Workload
from app.questionnaire.amounts import amount_of, hours_until
from app.questionnaire.answers import Answers
from app.questionnaire.flow import path, sound
from app.questionnaire.questions import Field

TASKS = {
    "learn": "learn",
    "adapt": "train",
    "use": "inference",
    "serve": "inference",
    "build": "pretrain",
    "unknown": "learn",
}
DOMAINS = {
    "tables": "tabular", "photos": "vision", "text": "text", "make_pictures": "image_generation",
    "make_video": "video_generation", "sound": "audio", "medical_3d": "medical_3d", "rl": "rl", "science": "science",
}  # fmt: skip
ADAPTED = {"text", "image_generation", "video_generation"}
"""Domains in which own data adapts a model that exists; in the others a network is trained on it."""

ROWS = {"under_100k": 50e3, "100k_1m": 300e3, "1m_50m": 7e6, "over_50m": 1e8}
PICTURES = {"under_1k": 500.0, "1k_20k": 10e3, "20k_500k": 100e3, "over_500k": 1e6}
"""The middle of each band, on a scale of ratios."""

DETAIL_PX = {"small": 96, "normal": 224, "very_detailed": 640}
DETAIL_BATCH = {"very_detailed": 16}
"""Detailed pictures are trained in smaller batches, as detectors are."""

MODEL_PARAMETERS = {"small": 3e9, "medium": 8e9, "large": 27e9, "very_large": 70e9}
TRAINING_TOKENS = {"messages": 512, "pages": 2048, "books": 32_768}
CONTEXT_TOKENS = {"messages": 2048, "pages": 8192, "books": 131_072}
BUILT_AS = {
    "vision": "vit", "image_generation": "diffusion_transformer", "video_generation": "diffusion_transformer",
    "audio": "encoder_decoder", "medical_3d": "unet", "science": "encoder", "rl": "mlp",
}  # fmt: skip
SPEAKING_MODEL = "orpheus-3b"
"""A common model that reads texts out; without one, sound is written down."""
VIDEO_FRAMES_PER_S = 16
"""What open video generators make a second. Wan 2.1 technical report, arXiv:2503.20314."""

SCAN_BLOCK = 128
"""Larger scans are cut into blocks of this many points a side. nnU-Net, doi:10.1038/s41592-020-01008-z."""

RUNS_PER_MONTH = {"once": 1, "few_days": 4, "most_weeks": 8, "most_days": 20}
HOURS_PER_MONTH = {"once": 4, "few_days": 20, "most_weeks": 60, "most_days": 160}
SERVICE_HOURS_PER_MONTH = {"once": 8, "few_days": 40, "most_weeks": 160, "most_days": 730}
"""Running a model has no runs to count: hours of use. A service that is busy most days is never switched off."""

RUN_LIMIT_HOURS = {"hour": 1, "night": 10, "weekend": 60, "week": 168}
USUAL_PEOPLE_AT_ONCE = 8
"""As the form says."""

SHARED_BY = 3
"""The fewest that "several" means."""

Known = Callable[[str], bool]


def workload_of(answers: Answers, *, knows_model: Known) -> Workload:
    """The work; ``knows_model`` says whether the catalogue has a model of that name."""
    answers = sound(answers)
    goal = answers.get("goal")
    task = TASKS.get(goal, "learn")
    if task == "learn":
        return Workload(task="learn")
    domain = DOMAINS.get(answers.get("domain"), "text" if goal == "build" else "vision")
    if goal == "adapt" or (goal == "build" and domain == "tabular"):
        task = "classical" if domain == "tabular" else "finetune" if domain in ADAPTED else "train"
    size = _built(answers, domain) if task == "pretrain" else _SIZES[domain](answers, task)
    fields: dict[str, Any] = {"task": task, "domain": domain, **size, **_frequency(answers, task)}
    if domain == "text" and task != "pretrain":
        fields["model"] = _language_model(answers, knows_model)
    return Workload.model_validate({name: value for name, value in fields.items() if value is not None})


def constraints_of(answers: Answers, *, knows_hardware: Known) -> Constraints:
    """The limits; hardware that the catalogue does not know stays in the person's words."""
    answers = sound(answers)
    ticks = set(answers.all("tick"))
    fields: dict[str, Any] = {
        "budget_usd": _number(answers, "once_usd"),
        "budget_usd_per_month": _number(answers, "month_usd"),
        "deadline_hours": _deadline_hours(answers),
        "country": answers.get("country") or None,
        "system_memory_gb": _number(answers, "system_memory_gb"),
        "existing_hardware": _owned(answers, knows_hardware) or None,
        "os": next((name for name in ("mac", "windows", "linux") if name in ticks), None),
        "people": SHARED_BY if "shared" in ticks else None,
        "spot_ok": False if "guaranteed" in ticks else None,
        "portable": "portable" in ticks or None,
        "quiet": "quiet" in ticks or None,
        "on_premises_only": "on_premises" in ticks or None,
        "used_ok": "second_hand" in ticks or None,
    }
    return Constraints.model_validate({name: value for name, value in fields.items() if value is not None})


def _deadline_hours(answers: Answers) -> float | None:
    """The shorter of what one run may take and what is left until results are needed."""
    limits = (RUN_LIMIT_HOURS.get(answers.get("run_limit")), hours_until(answers.get("results_by")))
    return min((float(hours) for hours in limits if hours is not None), default=None)


def _number(answers: Answers, name: str) -> float | None:
    """A number that was chosen or typed; None when the answer is a band, unknown or missing."""
    value = answers.known(name)
    found = amount_of(_field(name, answers), value) if value else None
    return found.value if found else None


def _field(name: str, answers: Answers) -> Field:
    return next(each for question in path(answers) for each in question.fields if each.id == name)


def _band(answers: Answers, name: str, bands: Mapping[str, float]) -> float | None:
    value = answers.known(name)
    return bands[value] if value in bands else _number(answers, name) if value else None


def _data(name: str, value: float | None) -> dict[str, Any]:
    return {} if value is None else {"dataset": {name: value}}


def _tables(answers: Answers, _task: str) -> dict[str, Any]:
    return _data("rows", _band(answers, "rows", ROWS))


def _photos(answers: Answers, task: str) -> dict[str, Any]:
    detail = answers.known("detail")
    size = {"image_size": DETAIL_PX.get(detail)}
    if task == "inference":
        return size
    return size | {"batch_size": DETAIL_BATCH.get(detail)} | _data("samples", _band(answers, "pictures", PICTURES))


def _text(answers: Answers, task: str) -> dict[str, Any]:
    lengths = CONTEXT_TOKENS if task == "inference" else TRAINING_TOKENS
    return {"sequence_length": lengths.get(answers.get("text_length"))}


def _pictures_made(answers: Answers, _task: str) -> dict[str, Any]:
    size = _number(answers, "picture_px")
    return {"image_size": size and round(size)}


def _video_made(answers: Answers, _task: str) -> dict[str, Any]:
    seconds = _number(answers, "video_seconds")
    return {"frames": seconds and max(1, round(seconds * VIDEO_FRAMES_PER_S))}


def _sound(answers: Answers, task: str) -> dict[str, Any]:
    speaks = task == "inference" and answers.get("sound_made") == "speech"
    model = {"model": {"name": SPEAKING_MODEL}} if speaks else {}
    return {**model, **_data("hours", _number(answers, "hours_per_month"))}


def _scans(answers: Answers, _task: str) -> dict[str, Any]:
    points = _number(answers, "scan_size")
    block = None if points is None else min(SCAN_BLOCK, round(points))
    return {"image_size": block, "depth": block}


def _trying(answers: Answers, _task: str) -> dict[str, Any]:
    return {"observations": {"pixels": "pixels", "numbers": "vector"}.get(answers.get("sees"))}


def _science(answers: Answers, _task: str) -> dict[str, Any]:
    length = _number(answers, "length")
    return {"sequence_length": length and round(length)}


_SIZES: Mapping[str, Callable[[Answers, str], dict[str, Any]]] = {
    "tabular": _tables, "vision": _photos, "text": _text, "image_generation": _pictures_made,
    "video_generation": _video_made, "audio": _sound, "medical_3d": _scans, "rl": _trying, "science": _science,
}  # fmt: skip


def _built(answers: Answers, domain: str) -> dict[str, Any]:
    parameters = _number(answers, "parameters")
    model = parameters and {"parameters": parameters, "architecture": BUILT_AS.get(domain, "decoder")}
    return {"model": model, **_data("tokens" if domain == "text" else "samples", _number(answers, "amount"))}


def _language_model(answers: Answers, knows_model: Known) -> dict[str, Any] | None:
    name = answers.get("model_name")
    if name:
        size = None if knows_model(name) else size_in_name(name)
        return {"parameters": size, "architecture": "decoder"} if size else {"name": name}
    parameters = MODEL_PARAMETERS.get(answers.get("model"))
    return {"parameters": parameters, "architecture": "decoder"} if parameters else None


def _frequency(answers: Answers, task: str) -> dict[str, Any]:
    often = answers.get("frequency")
    if task != "inference":
        return {"runs_per_month": RUNS_PER_MONTH.get(often)}
    if answers.get("goal") == "use":
        return {"hours_per_month": HOURS_PER_MONTH.get(often)}
    people = _number(answers, "people")
    at_once = USUAL_PEOPLE_AT_ONCE if people is None else max(1, round(people))
    return {"hours_per_month": SERVICE_HOURS_PER_MONTH.get(often), "concurrent_requests": at_once}


def _owned(answers: Answers, knows_hardware: Known) -> list[dict[str, Any]]:
    """What people have; a card or a Mac that they wrote down counts whatever they ticked above it."""
    named = [(card.name, card.count) for card in answers.cards]
    if answers.get("have") == "mac" or answers.get("which"):
        named.append((answers.get("which") or "Mac", 1))
    if answers.get("have") == "laptop" and not named:
        return [{"description": "laptop without a graphics card"}]
    return [_named(name, count, knows_hardware) for name, count in named]


def _named(name: str, count: int, knows_hardware: Known) -> dict[str, Any]:
    return {"accelerator" if knows_hardware(name) else "description": name, "count": count}
