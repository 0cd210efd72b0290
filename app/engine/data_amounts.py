"""How much data a run works through: as stated, as the catalogue knows it, or as is usual for work of this kind."""

from dataclasses import dataclass, replace
from typing import Any

from app.engine.assumed import Ledger, typical
from app.engine.coefficients_networks import NETWORKS
from app.engine.model_spec import AlgorithmSpec, ModelSpec, TransformerSpec
from app.engine.units import GB, GIGA, SECONDS_PER_HOUR
from app.engine.work_class import TRAINING_TASKS
from app.engine.workload import Workload

BYTES_PER_TEXT_TOKEN = 4.0
"""A token is about four characters of English, as makers of tokenizers say; other languages take more tokens."""
BYTES_PER_TABLE_VALUE = 8.0
"""Tables are held in double precision by default (pandas, scikit-learn)."""
AUDIO_WINDOW_S = 30.0
"""Speech models read recordings in windows of this length. Whisper paper, arXiv:2212.04356, section 2.2."""


@dataclass(frozen=True, slots=True)
class KnownData:
    """What is known of a data set; None where nobody said it."""

    samples: float | None = None
    tokens: float | None = None
    rows: float | None = None
    columns: float | None = None
    size_bytes: float | None = None
    epochs: float | None = None


def amounts_of(
    workload: Workload,
    model: ModelSpec,
    *,
    domain: str,
    data: KnownData | None,
    assume: bool,
    seq_len: int,
    ledger: Ledger,
) -> KnownData:
    """Samples, tokens, rows and epochs: as given, else as the catalogue knows them, else typical where allowed."""
    known = _stated(workload, data or KnownData(), domain=domain)
    samples, tokens, rows, columns = known.samples, known.tokens, known.rows, known.columns
    said = any(amount is not None for amount in (samples, tokens, rows, known.size_bytes, workload.steps))
    usual = typical()["data"]["rl_pixels" if workload.observations == "pixels" else domain]
    if isinstance(model, AlgorithmSpec):
        rows, columns = _table(rows or samples, columns, size_bytes=known.size_bytes, assume=assume, ledger=ledger)
        samples = rows
    elif not said and assume and workload.task != "inference":
        samples, tokens = _typical_amount(workload, model, usual=usual, ledger=ledger)
    epochs = _epochs(workload, model, known=known.epochs, usual=_usual_epochs(usual, samples=samples, assume=assume))
    counted = isinstance(model, AlgorithmSpec) or workload.steps is not None
    if workload.epochs is None and assume and workload.task in TRAINING_TASKS and not counted:
        ledger.take("epochs", None, typical_value=epochs, why="a usual number of passes over the data")
    if isinstance(model, TransformerSpec) and tokens is None and domain != "audio":
        tokens = _tokens(samples, known.size_bytes, seq_len=seq_len, ledger=ledger)
    return KnownData(samples, tokens, rows, columns, known.size_bytes, epochs)


def work_of_steps(amounts: KnownData, *, steps: float, samples_per_step: int) -> KnownData:
    """The data that so many optimizer steps of one device see: the same work for every system that is compared."""
    return replace(amounts, samples=steps * samples_per_step, tokens=None, epochs=1.0)


def _stated(workload: Workload, data: KnownData, *, domain: str) -> KnownData:
    """What is said of the data, else what the catalogue knows; recordings and tables are counted in samples too."""
    given = workload.dataset
    samples = (given.samples if given else None) or data.samples
    tokens = (given.tokens if given else None) or data.tokens
    rows = (given.rows if given else None) or data.rows
    columns = (given.columns if given else None) or data.columns
    size_bytes = given.size_gb * GB if given and given.size_gb else data.size_bytes
    if given and given.hours and samples is None:
        samples = given.hours * SECONDS_PER_HOUR / AUDIO_WINDOW_S
    if tokens is not None and samples is None and domain == "audio":  # of the text that is spoken
        samples = tokens / NETWORKS.value("speech_tokens_per_window")
    return KnownData(rows if samples is None else samples, tokens, rows, columns, size_bytes, data.epochs)


def _epochs(workload: Workload, model: ModelSpec, *, known: float | None, usual: float) -> float:
    """Passes over the data; a data set's usual number is not that of pre-training, which seldom repeats."""
    if workload.task == "pretrain" and isinstance(model, TransformerSpec):
        return workload.epochs or 1.0
    return workload.epochs or known or usual


def _usual_epochs(usual: dict[str, Any], *, samples: float | None, assume: bool) -> float:
    """Passes over the data; few pictures are shown more often, until the adapter has learnt them."""
    if not assume:
        return 1.0
    least = usual.get("least_adapting_samples")
    epochs = float(usual["epochs"])
    return epochs if least is None or not samples else max(epochs, float(round(least / samples)))


def _tokens(samples: float | None, size_bytes: float | None, *, seq_len: int, ledger: Ledger) -> float | None:
    """Tokens of a data set known by its samples, or by the size of its text."""
    if samples is not None:
        return samples * seq_len
    if size_bytes is None:
        return None
    why = f"text of that size at {BYTES_PER_TEXT_TOKEN:g} bytes a token"
    return ledger.take("dataset.tokens", None, typical_value=round(size_bytes / BYTES_PER_TEXT_TOKEN), why=why)


def _typical_amount(
    workload: Workload, model: ModelSpec, *, usual: dict[str, float], ledger: Ledger
) -> tuple[float | None, float | None]:
    if workload.task == "pretrain" and isinstance(model, TransformerSpec) and model.architecture == "encoder":
        amount = float(typical()["text"]["encoder_pretraining_tokens"])
        why = "what BERT was trained on (arXiv:1810.04805, A.2)"
        return None, ledger.take("dataset.tokens", None, typical_value=amount, why=why)
    from_speech = workload.task == "pretrain" and "pretraining_samples" in usual
    if workload.task == "pretrain" and isinstance(model, TransformerSpec) and not from_speech:
        ratio = float(typical()["text"]["tokens_per_parameter_pretraining"])
        amount = round(ratio * model.active_parameters / GIGA, 1) * GIGA or ratio * model.active_parameters
        return None, ledger.take(
            "dataset.tokens",
            None,
            typical_value=amount,
            why="about 20 tokens for each parameter, the compute-optimal amount",
        )
    amount = float(usual["pretraining_samples"] if from_speech else usual.get("samples", usual.get("rows", 0)))
    return ledger.take(
        "dataset.samples", None, typical_value=amount, why="a usual amount for a project of this kind"
    ), None


def _table(
    rows: float | None, columns: float | None, *, size_bytes: float | None, assume: bool, ledger: Ledger
) -> tuple[float | None, float | None]:
    usual = typical()["data"]["tabular"]
    if columns is None and (rows is not None or size_bytes is not None or assume):
        columns = ledger.take("dataset.columns", None, typical_value=float(usual["columns"]), why="a usual table")
    if rows is None and size_bytes is not None and columns is not None:
        rows = size_bytes / (BYTES_PER_TABLE_VALUE * columns)
        ledger.take("dataset.rows", None, typical_value=round(rows), why="the table's size at 8 bytes a value")
    if rows is None and assume:
        rows = ledger.take("dataset.rows", None, typical_value=float(usual["rows"]), why="a usual table")
    return rows, columns
