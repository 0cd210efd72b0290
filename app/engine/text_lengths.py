"""How long texts are against the length that is stated: what a step computes, and what its tokens are counted as.

Texts of a data set differ in length. Programs that pad every batch to its longest text compute more than the mean;
programs that sort texts by length, or skip the padding, compute less than the longest.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from app.engine.coefficients import TRANSFORMERS
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.params import split_parameters

PADDING_FRAMEWORKS = frozenset({"pytorch", "deepspeed", "other"})
"""Frameworks whose examples pad to the longest text of a batch, or leave the padding out; others have fixed shapes."""
PACKING_FRAMEWORKS = frozenset({"megatron"})
"""Frameworks whose recipes fill every sequence with several texts that do not see each other."""
FILLING_FRAMEWORKS = frozenset({"deepspeed"})
"""Padding frameworks whose recipes for new encoders compute every position:
https://www.deepspeed.ai/tutorials/bert-pretraining."""
LONGEST_DOCUMENT = 512
"""Positions of encoders that learn from single documents, as BERT (arXiv:1810.04805); longer sequences hold several, as
those of ModernBERT (arXiv:2412.13663). [tokens]"""
ROUND_LENGTH = 8
"""Lengths that somebody sets are multiples of this; others are means over a data set."""


@dataclass(frozen=True, slots=True)
class TextLength:
    """Tokens of one sample."""

    computed: float
    """What a step works on, padding included. [tokens]"""
    counted: float
    """What throughput and data count. [tokens]"""


def text_length(job: Job, spec: TransformerSpec) -> TextLength:
    """What is computed and what is counted for one sample of a training job. [tokens]"""
    stated = float(job.seq_len)
    target = job.workload.output_tokens
    if spec.architecture == "encoder_decoder" and target:
        return TextLength(translated_length(spec, source=stated, target=target), stated)
    if job.framework not in PADDING_FRAMEWORKS:
        return TextLength(stated, stated)
    if learns_anew(job, spec):
        said = mean_length(job)
        if said:
            return TextLength(said, said)
        return TextLength(stated if fills_sequences(job) else mean_of_documents(stated), stated)
    uneven = job.workload.task == "finetune" and not job.compiled and job.seq_len % ROUND_LENGTH != 0
    return TextLength(stated * longest_over_mean(job.micro_batch_size) if uneven else stated, stated)


def translated_length(spec: TransformerSpec, *, source: float, target: float) -> float:
    """Length at which a source and a target of one length cost as much as these two. [tokens]

    The encoder reads the source, the decoder writes the target: 512 and 114 tokens of T5 when it learns from masked
    spans [1]_.

    References
    ----------
    .. [1] C. Raffel et al., "Exploring the Limits of Transfer Learning," 2019, arXiv:1910.10683, section 3.1.4.
    """
    reading, writing = split_parameters(spec)
    return (reading * source + writing * target) / (reading + writing)


def mean_length(job: Job) -> float | None:
    """Tokens of a data set over its samples; None where they are not both stated or fill every sample. [tokens]"""
    data = job.workload.dataset
    if data is None or not data.tokens or not data.samples:
        return None
    longest = job.workload.sequence_length or job.seq_len  # as stated: a step is worked out at the mean
    mean = data.tokens / data.samples
    return mean if 1 <= mean < longest else None


def fills_sequences(job: Job) -> bool:
    """Whether a new encoder computes every position: its texts are joined, or they are padded to the full length.

    Programs that pretrain join texts, as they do for language models [1]_, [2]_; those that train on documents one by
    one sort them by length or leave the padding out, unless the recipe or the length says otherwise.

    References
    ----------
    .. [1] Transformers, ``group_texts``, https://github.com/huggingface/transformers (examples/pytorch/
       language-modeling/run_mlm.py).
    .. [2] Y. Liu et al., "RoBERTa," 2019, arXiv:1907.11692, section 4.2, full sentences.
    """
    joined = job.workload.task == "pretrain" or job.framework in FILLING_FRAMEWORKS
    return joined or job.seq_len > LONGEST_DOCUMENT


def learns_anew(job: Job, spec: TransformerSpec) -> bool:
    """Whether an encoder is trained from the start, on documents as they come."""
    return spec.architecture == "encoder" and job.workload.task in {"pretrain", "train"}


def skips_padding(job: Job, spec: TransformerSpec) -> bool:
    """Whether a new encoder learns from texts of uneven length without padding them, as programs tuned by hand do.

    Whoever states a longest length and a shorter mean counts the tokens that are not padding.
    """
    stated = job.workload.sequence_length is not None and mean_length(job) is not None
    return stated and learns_anew(job, spec) and job.framework in PADDING_FRAMEWORKS


def fullest_over_mean(*, texts: int, replicas: int) -> float:
    """Tokens of the fullest of several replicas over the mean, each with so many texts of uneven length. [-]

    Programs exchange texts between replicas until most of the difference is gone.

    >>> fullest_over_mean(texts=8, replicas=1), round(fullest_over_mean(texts=4, replicas=1024), 2)
    (1.0, 1.39)
    """
    left = TRANSFORMERS.value("uneven_texts_left") / math.sqrt(texts)
    return 1 + left * (longest_over_mean(replicas) - 1)


def mean_of_documents(longest: float) -> float:
    """Mean length of pieces of documents that are cut at so many tokens. [tokens]

    Lengths fall off exponentially, so that short cuts are nearly full and long ones half empty.

    >>> round(mean_of_documents(128)), round(mean_of_documents(512))
    (110, 289)
    """
    scale = TRANSFORMERS.value("document_tokens")
    return scale * (1 - math.exp(-longest / scale))


def attended_share(job: Job, spec: TransformerSpec) -> float:
    """Share of a sequence's scores that are computed where short texts fill it and see only themselves. [-]

    Texts to tune a model on are short; programs of fixed shapes pack them and give attention their borders.

    References
    ----------
    .. [1] M. Kosec et al., "Packing: Towards 2x NLP BERT Acceleration," 2021, arXiv:2107.02027, section 3.
    """
    if job.workload.task != "finetune" or spec.architecture != "decoder" or job.framework not in PACKING_FRAMEWORKS:
        return 1.0
    scale = TRANSFORMERS.value("tuning_text_tokens")
    texts = job.seq_len / scale
    squared = 2 * scale**2 * (1 - math.exp(-texts) * (1 + texts))
    return squared / (scale * (1 - math.exp(-texts)) * job.seq_len)


def longest_over_mean(texts: int) -> float:
    """Length of the longest of several texts over the mean, from the expected largest of normal deviates. [-]

    >>> longest_over_mean(1), round(longest_over_mean(4), 2)
    (1.0, 1.42)
    """
    if texts < 2:
        return 1.0
    deviations = NormalDist().inv_cdf((texts - 0.375) / (texts + 0.25))  # Blom's approximation
    return 1 + TRANSFORMERS.value("text_length_variation") * deviations
