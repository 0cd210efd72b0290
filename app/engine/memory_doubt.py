"""How much of the usual spread the memory of a job has: weights that stay as they are leave only the rest in doubt.

The 80 % interval of a class is made for work of doubt 1 (see :mod:`app.engine.intervals`); the logarithms of its ends
are taken so many times.
"""

import math

import numpy as np

from app.engine.arrays import FloatArray, Floats
from app.engine.audio import held_twice_as_wide
from app.engine.intervals import around, spread, stretch
from app.engine.job import Job
from app.engine.model_spec import NetworkSpec, TransformerSpec
from app.engine.network_memory import known_classes
from app.engine.result import Footprint, Interval
from app.engine.units import GIB

LENGTH_RANGE = 4.0
"""Texts that models are tuned with have 512 to 8,192 tokens about the usual 2,048; who does not say how long they are
leaves tensors and logits in doubt by so much."""
BY_LOGS = 0.5
"""llama.cpp sets its buffers aside when it starts, in sizes that formulas meet within a hundredth (its logs); what is
left is how the mixes of formats differ from model to model."""
BESIDE_BYTES = 1.0 * GIB
"""Libraries, kernels and broken blocks take so much more or less from program to program, whatever the model; and a
batch whose cache grows with every token may hold that once more. So may tensors of the prompt, which some programs
read at once and others in parts: published peaks of Qwen2.5 grow by them with its length, those of Qwen3 do not.

Of 413 published runs those under 8 GiB spread three times as wide, logarithmically, as those over 32 GiB.
"""
BESIDE_LOG = 0.2
"""The spread of doubt 1: the logarithm of 1.2."""
LEAST_BESIDE = 0.5
"""Weights differ too: in what a format leaves unpacked and in the scales of its blocks."""
CACHE_RANGE = 2.0
"""Eight heads hold the cache of most decoders of 3 to 70 billion parameters; some have 4, some 16 or more."""
SCORES = 5.0
"""The share of the scores of every pixel counts so often where nobody says how many classes there are.

In runs of MMSegmentation (https://github.com/open-mmlab/mmsegmentation) with half of their memory in scores, measured
memory spreads two and a half times as wide, logarithmically, as in those with up to a fifth.
"""


def memory_interval(job: Job, footprint: Footprint, *, expected: FloatArray) -> Interval:
    """The 80 % interval of the memory of each system, wider in a program that nobody measured. [bytes]"""
    program = stretch("memory", job.work_class, framework=job.framework, families=())
    stretched = program * memory_doubt(job, footprint)
    usual = around(expected, metric="memory", work_class=job.work_class, stretched=stretched)
    return _of_lengths(usual, footprint) if length_untold(job) else usual


def length_untold(job: Job) -> bool:
    """Whether nobody says how long the texts are that a decoder is tuned with; who makes one fills its context."""
    if not isinstance(job.model, TransformerSpec) or job.model.architecture != "decoder":
        return False
    return job.workload.task == "finetune" and job.workload.sequence_length is None


def _of_lengths(usual: Interval, footprint: Footprint) -> Interval:
    """As wide as the usual interval and the range of lengths are together, on either side."""
    texts = footprint.share_of("activations") + footprint.share_of("logits")
    shorter, longer = (np.log1p(texts * (times - 1)) for times in (1 / LENGTH_RANGE, LENGTH_RANGE))
    low, high = (np.hypot(np.log(end / usual.expected), by) for end, by in ((usual.low, shorter), (usual.high, longer)))
    return Interval(usual.expected * np.exp(-low), usual.expected, usual.expected * np.exp(high))


def memory_doubt(job: Job, footprint: Footprint) -> Floats:
    """How often the logarithm of the usual spread is taken, by system. [-]"""
    if isinstance(job.model, NetworkSpec):
        assumed = job.training and known_classes(job) is None
        return np.maximum(SCORES * footprint.share_of("logits"), 1.0) if assumed else 1.0
    if job.work_class == "audio" and held_twice_as_wide(job):
        return 1.0 + footprint.share_of("weights")
    if isinstance(job.model, TransformerSpec) and job.model.architecture == "decoder":
        return _of_decoder(job, job.model, footprint=footprint)
    return 1.0


def _of_decoder(job: Job, spec: TransformerSpec, *, footprint: Footprint) -> Floats:
    """A decoder known by its size alone may share keys and values more or less than is usual."""
    if job.training:
        return _of_adapters(footprint) if job.has_adapters else 1.0
    doubt = _of_program(job, footprint)
    if spec.shape_known:
        return doubt
    usual = math.log(spread("memory", job.work_class).high)
    shared: FloatArray = np.maximum(doubt, 1.0) + np.log1p((CACHE_RANGE - 1) * footprint.share_of("kv_cache")) / usual
    return shared


def _of_adapters(footprint: Footprint) -> FloatArray:
    """Weights that adapters leave as they are have a known size.

    In 171 published runs of LoRA the usual error grows from a fiftieth to a third with the share of all else. Its root
    covers few and many moving tensors nearly alike; the share itself would be three times as wide for the many, and
    runs of QLoRA are not.
    """
    moving: FloatArray = np.maximum(np.sqrt(1 - footprint.share_of("weights")), LEAST_BESIDE)
    return moving


def _of_program(job: Job, footprint: Footprint) -> Floats:
    """What a program may hold beside weights and cache, which is much of a small model and little of a large one.

    vLLM draws its first words before there is a cache: how much room that takes differs from release to release.
    """
    if job.framework == "llama.cpp":
        return BY_LOGS
    if job.workload.framework == "vllm":
        return np.hypot(1.0, np.log1p(footprint.share_of("activations")) / BESIDE_LOG)
    if job.framework != "pytorch":
        return 1.0
    several = job.concurrent_requests is None or job.concurrent_requests > 1
    again = footprint.share_of("kv_cache") if several else 0.0
    read = footprint.share_of("activations")
    beside = np.log1p(BESIDE_BYTES / footprint.total_bytes + again + read) / BESIDE_LOG
    return np.maximum(beside, LEAST_BESIDE)
