"""Sound and text in one decoder: models that speak write sound as tokens, those that listen read it.

One sample is a window of 30 seconds, as of transcribing: hours of speech are hours, whichever way they go. A window is
read out from about a hundred tokens of text, and takes as many steps of the decoder as the model needs for its sound,
which a codec turns into waves. The other way about, an encoder hands as many positions to the decoder.
"""

from dataclasses import replace

from app.engine import serving, training
from app.engine.coefficients_networks import NETWORKS
from app.engine.data_amounts import AUDIO_WINDOW_S
from app.engine.hardware import Systems
from app.engine.hardware_family import families
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.result import Footprint, MemoryPart, Pace, Physics


def is_one_decoder(spec: TransformerSpec) -> bool:
    """Whether sound and text pass through one decoder; the others have an encoder that listens by itself."""
    return spec.architecture == "decoder"


def speaks(spec: TransformerSpec) -> bool:
    """Whether a model is a decoder that writes sound, as those do that are not known to read it."""
    return is_one_decoder(spec) and not spec.listens


def tokens_of_window(spec: TransformerSpec) -> int:
    """Steps of the decoder for a window of speech, or positions that it reads. [tokens]

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
    usual = NETWORKS.value("sound_tokens_per_s" if speaks(spec) else "heard_tokens_per_s")
    return round(AUDIO_WINDOW_S * (spec.sound_tokens_per_s or usual))


def physics(job: Job, systems: Systems) -> Physics:
    """Memory [bytes] and speed [30-second windows/s] of speaking or listening with such a model, or training it."""
    spec = job.model
    assert isinstance(spec, TransformerSpec)
    sound, words = tokens_of_window(spec), round(NETWORKS.value("speech_tokens_per_window"))
    read, written = (words, sound) if speaks(spec) else (sound, words)
    text = replace(job, seq_len=read + written, prompt_tokens=read, output_tokens=written)
    if job.training:
        done = training.physics(text, systems)
        return replace(done, pace=_in_windows(done.pace, tokens=read + written))
    done = serving.physics(replace(text, concurrent_requests=job.micro_batch_size), systems)
    assert done.footprint is not None
    if not speaks(spec):
        return replace(done, pace=_in_windows(done.pace, tokens=written))
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
