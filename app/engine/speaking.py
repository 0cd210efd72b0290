"""Speech from text by transformers that write sound as tokens, which a codec turns into waves.

One sample is a window of 30 seconds, as of transcribing: hours of speech are hours, whichever way they go. A window is
read out from about a hundred tokens of text, and takes as many steps of the decoder as the model needs for its sound.
"""

from dataclasses import replace

from app.engine import serving, training
from app.engine.coefficients_networks import NETWORKS
from app.engine.defaults import AUDIO_WINDOW_S
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.result import Footprint, MemoryPart, Pace, Physics


def speaks(spec: TransformerSpec) -> bool:
    """Whether a model of sound writes it: decoders do, the others listen."""
    return spec.architecture == "decoder"


def tokens_of_window(spec: TransformerSpec) -> int:
    """Steps of the decoder for a window of speech. [tokens]

    Steps of a smaller decoder, which some models write most codebooks of a moment with, count by its share of layers.

    Examples
    --------
    Orpheus writes seven tokens for 2,048 samples at 24 kHz (https://huggingface.co/OpenVoiceOS/phoonnx-orpheus):

    >>> from dataclasses import replace
    >>> from app.engine.transformer_shape import inferred_transformer
    >>> model = inferred_transformer("orpheus-3b", parameters=3.3e9, architecture="decoder")
    >>> tokens_of_window(replace(model, sound_tokens_per_s=7 * 24_000 / 2048))
    2461
    """
    return round(AUDIO_WINDOW_S * (spec.sound_tokens_per_s or NETWORKS.value("sound_tokens_per_s")))


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and speed [30-second windows/s] of speaking with, or training, such a model."""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    written = tokens_of_window(spec)
    said = round(NETWORKS.value("speech_tokens_per_window"))
    text = replace(job, seq_len=said + written, prompt_tokens=said, output_tokens=written)
    if job.training:
        done = training.physics(text, systems)
        return replace(done, pace=_in_windows(done.pace, tokens=said + written))
    done = serving.physics(replace(text, concurrent_requests=job.micro_batch_size), systems)
    assert done.footprint is not None
    codec = MemoryPart("buffers", NETWORKS.column("speech_buffer_bytes", families(systems.devices)), "codec and waves")
    pace = _in_windows(done.pace, tokens=written, codec_share=NETWORKS.value("sound_from_tokens_share"))
    return replace(done, footprint=Footprint((*done.footprint.parts, codec)), pace=pace)


def _in_windows(pace: Pace | None, *, tokens: int, codec_share: float = 0.0) -> Pace | None:
    if pace is None:
        return None
    return replace(
        pace,
        unit="samples/s",
        step_s=pace.step_s * (1.0 + codec_share),
        units_per_step=pace.units_per_step / tokens,
        prefill_tokens_per_s=None,
        decode_tokens_per_s=None,
        ttft_s=None,
        tpot_s=None,
    )
