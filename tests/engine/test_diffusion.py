import math
from dataclasses import replace

import numpy as np
import pytest

from app.engine import diffusion
from app.engine.diffusion_work import denoiser_work, latent_pixels, tokens_at
from app.engine.hardware import PeakRates
from app.engine.model_from_counts import model_from_counts
from app.engine.workload import ModelChoice, Workload
from tests.engine.jobs import EVERY_KIND, H100, RTX_4090, make_accelerator, make_spec, make_systems
from tests.engine.network_jobs import FLUX, SD15, WAN_14B, XEON, network_job, samples_per_s

GENERATION = {"task": "inference", "domain": "image_generation", "precision": "fp16", "batch_size": 1}
TRAINING = {"task": "train", "domain": "image_generation", "precision": "amp", "batch_size": 4, "method": "full"}
CLIP = {**GENERATION, "domain": "video_generation", "precision": "bf16"}


def estimate(spec, *devices, count=1, **workload):
    return diffusion.physics(network_job(spec, **workload), make_systems(*devices, count=count))


def rate(spec, device, **workload):
    return samples_per_s(estimate(spec, device, **workload))[0]


def parts(spec, **workload):
    footprint = estimate(spec, make_accelerator(), **workload).footprint
    return {part.part: float(part.bytes[0]) for part in footprint.parts}


def total(spec, **workload):
    return sum(parts(spec, **workload).values())


@pytest.mark.parametrize("spec", [SD15, FLUX, WAN_14B])
@pytest.mark.parametrize("workload", [GENERATION, TRAINING, {**TRAINING, "method": "lora", "precision": "bf16"}])
def test_every_kind_of_device_gets_a_positive_speed_and_memory(spec, workload):
    physics = estimate(spec, *EVERY_KIND, XEON, **workload)

    assert all(math.isfinite(value) and value > 0 for value in samples_per_s(physics))
    assert np.all(np.isfinite(physics.footprint.total_bytes))


def test_operations_of_a_picture_are_steps_times_guidance_times_the_denoiser():
    job = network_job(SD15, **GENERATION, steps=50)
    work = denoiser_work(job, SD15)
    flops = diffusion.flops_per_sample(job, SD15, work=work)

    assert flops == pytest.approx(100 * 0.8033e12, rel=0.05)
    assert flops > 100 * work.flops


def test_guidance_distilled_models_take_one_pass_per_step():
    job = network_job(FLUX, **GENERATION, steps=28)

    assert diffusion.flops_per_sample(job, FLUX, work=denoiser_work(job, FLUX)) == pytest.approx(28 * 74.4e12, rel=0.02)


def test_half_the_steps_take_half_the_time():
    assert rate(FLUX, H100, **GENERATION, steps=14) == pytest.approx(
        2 * rate(FLUX, H100, **GENERATION, steps=28), rel=0.02
    )


def test_attention_makes_large_pictures_cost_more_than_their_area():
    small, large = (denoiser_work(network_job(SD15, **GENERATION, image_size=size), SD15) for size in (512, 1024))

    assert large.linear_flops == pytest.approx(4 * small.linear_flops)
    assert large.attention_flops == pytest.approx(16 * small.attention_flops)


def test_small_pictures_of_an_unknown_unet_are_not_coded():
    own = replace(SD15, flops_per_forward=None)

    assert latent_pixels(own, size=(64, 64), frames=1) == 64 * 64
    assert latent_pixels(own, size=(512, 512), frames=1) == 64 * 64
    assert latent_pixels(SD15, size=(64, 64), frames=1) == 8 * 8


def test_a_longer_clip_has_more_latent_frames():
    assert latent_pixels(WAN_14B, size=(720, 1280), frames=81) == 21 * 90 * 160
    assert tokens_at(WAN_14B, size=(720, 1280), frames=81) == pytest.approx(75_600)
    assert rate(WAN_14B, H100, **CLIP, frames=41) > 2 * rate(WAN_14B, H100, **CLIP, frames=81)


def test_a_clip_is_said_to_be_the_sample():
    assert "81 frames" in estimate(WAN_14B, H100, **CLIP).warnings[0]


def test_a_picture_on_an_rtx_4090_takes_seconds():
    assert 1 < 1 / rate(SD15, RTX_4090, **GENERATION, steps=50) < 4


def test_an_rtx_5090_makes_half_as_many_pictures_again_as_an_rtx_4090():
    """SD 1.5 in UL Procyon, https://genaitoolsacademy.com/gpu-benchmark-scores-in-ai-image-generation."""
    peak = PeakRates(fp32=104.8e12, tf32=104.8e12, fp16=209.5e12, bf16=209.5e12)
    newer = replace(
        RTX_4090, slug="geforce-rtx-5090", architecture="Blackwell", peak=peak, tdp_w=575.0,
        memory_bandwidth_bytes_per_s=1792e9,
    )  # fmt: skip

    faster, slower = (rate(SD15, card, **GENERATION | {"batch_size": 16}, steps=50) for card in (newer, RTX_4090))

    assert faster / slower == pytest.approx(8_193 / 5_260, rel=0.1)


def test_a_card_without_matrix_units_reaches_half_of_its_rate():
    """A GTX 1070 measured 0.49 of its data sheet: https://github.com/gperdrizet/unit-6-assignments."""
    pascal = make_accelerator(
        segment="desktop", architecture="Pascal", peak=PeakRates(fp32=6.463e12), memory_bandwidth_bytes_per_s=256e9
    )
    seconds = 1 / rate(SD15, pascal, **GENERATION, image_size=512, steps=30)

    assert 14.5 < seconds < 18


def test_flash_attention_saves_memory_and_time():
    eager, flash = ({**GENERATION, "image_size": 1024, "attention": kind} for kind in ("eager", "flash"))

    assert total(SD15, **eager) > 4 * total(SD15, **flash)
    assert rate(SD15, H100, **eager) < rate(SD15, H100, **flash)


def test_eager_attention_at_1024_runs_out_of_forty_gigabytes():
    assert total(SD15, **GENERATION, image_size=1024, attention="eager") > 40 * 2**30


def test_the_peak_is_the_larger_of_denoising_and_decoding():
    footprint = estimate(SD15, make_accelerator(), **GENERATION, image_size=768).footprint
    shown = next(part.formula for part in footprint.parts if part.part == "activations")

    assert shown.startswith("decoding")


def test_a_model_in_pixel_space_decodes_nothing():
    pixel = replace(SD15, vae_parameters=0.0, vae_spatial_factor=1)
    shown = next(
        part.formula for part in estimate(pixel, H100, **GENERATION).footprint.parts if part.part == "activations"
    )

    assert shown.startswith("denoising")


def test_fewer_bits_shrink_the_denoiser_only():
    full, quantised = (
        parts(FLUX, **{**GENERATION, "precision": "bf16"}),
        parts(FLUX, **{**GENERATION, "precision": "fp8"}),
    )

    assert quantised["weights"] == 0.5 * full["weights"]
    assert quantised["autoencoder"] == full["autoencoder"]
    assert parts(FLUX, **{**GENERATION, "precision": "fp32"})["weights"] == 2 * full["weights"]


def test_large_text_encoders_run_first_and_are_the_peak_of_a_small_denoiser():
    small = replace(FLUX, denoiser_parameters=6e8)
    encoders = parts(small, **{**GENERATION, "framework": "jax"})

    assert encoders["text_encoder"] == FLUX.text_encoder_parameters * 2
    assert "weights" not in encoders


def test_fewer_bits_for_a_denoiser_may_mean_fewer_for_its_large_text_encoder():
    small = replace(FLUX, denoiser_parameters=6e8)
    whole, fewer = (
        parts(small, **{**GENERATION, "framework": "jax", "precision": precision})["text_encoder"]
        for precision in ("fp16", "int8")
    )

    assert whole / 2 < fewer < whole


def test_flux_in_sixteen_bits_does_not_fit_a_24_gb_card_and_fits_80_gb():
    assert 24 * 2**30 < total(FLUX, **{**GENERATION, "precision": "bf16"}) < 79 * 2**30


def test_adapters_need_a_fraction_of_the_memory_of_full_training():
    lora = {**TRAINING, "method": "lora", "precision": "bf16", "batch_size": 1}
    memory = [total(FLUX, **{**lora, "method": method}) for method in ("qlora", "lora", "full")]

    assert memory[0] < memory[1] < memory[2]
    assert parts(FLUX, **lora)["adapters"] < parts(FLUX, **{**lora, "lora_rank": 64})["adapters"]


def test_full_training_in_mixed_precision_holds_sixteen_bytes_per_parameter():
    few = {**TRAINING, "task": "finetune", "batch_size": 1, "gradient_checkpointing": True, "framework": "jax"}
    held = parts(SD15, **few)

    assert held["weights"] + held["gradients"] + held["optimizer"] == pytest.approx(16 * SD15.denoiser_parameters)
    assert held["activations"] == 0


def test_what_is_made_from_nothing_is_averaged_in_a_copy():
    few = {**TRAINING, "batch_size": 1, "gradient_checkpointing": True, "framework": "jax"}
    changed, made = (parts(SD15, **{**few, "task": task})["optimizer"] for task in ("finetune", "train"))

    assert made - changed == pytest.approx(4 * SD15.denoiser_parameters)


def test_gradients_are_made_while_activations_are_given_back():
    many = {**TRAINING, "batch_size": 64}

    assert parts(SD15, **many)["gradients"] == 0
    assert parts(SD15, **many)["activations"] > 0
    assert parts(SD15, **many, gradient_accumulation=2)["gradients"] > 0


def test_an_optimizer_of_eight_bits_steps_without_temporaries():
    few = {**TRAINING, "task": "finetune", "batch_size": 1, "gradient_checkpointing": True, "framework": "pytorch"}

    assert parts(SD15, **few)["optimizer"] > 8 * SD15.denoiser_parameters
    assert parts(SD15, **few, optimizer="adamw8bit")["optimizer"] == pytest.approx(2 * SD15.denoiser_parameters)


def test_checkpointing_saves_memory_and_costs_time():
    saved = {**TRAINING, "gradient_checkpointing": True}

    assert total(SD15, **saved) < total(SD15, **TRAINING)
    assert rate(SD15, H100, **{**saved, "batch_size": 64}) < rate(SD15, H100, **{**TRAINING, "batch_size": 64})


def test_adapters_train_faster_than_everything():
    workload = {**TRAINING, "batch_size": 32}

    assert rate(SD15, H100, **{**workload, "method": "lora"}) > rate(SD15, H100, **workload)


def test_replicas_share_the_work():
    one = rate(SD15, H100, **{**TRAINING, "batch_size": 64})
    eight = samples_per_s(estimate(SD15, H100, count=8, **{**TRAINING, "batch_size": 64}))[0]

    assert 6 * one < eight <= 8 * one


def test_compilation_helps():
    assert rate(FLUX, H100, **GENERATION, compiled=True) > rate(FLUX, H100, **GENERATION)


def test_unpublished_operations_are_inferred_and_said():
    unknown = replace(SD15, flops_per_forward=None, tokens=None)
    physics = estimate(unknown, H100, **GENERATION)

    assert "inferred" in physics.warnings[0]
    assert physics.notes == {"inferred_counts": 1.0}
    assert denoiser_work(network_job(unknown, **GENERATION), unknown).flops == pytest.approx(0.8033e12, rel=0.02)
    assert tokens_at(replace(FLUX, tokens=None), size=(1024, 1024), frames=1) == 4096


def test_another_kind_of_model_is_refused_by_name():
    with pytest.raises(TypeError, match="DiffusionSpec"):
        diffusion.physics(network_job(make_spec()), make_systems())


def test_a_program_that_is_named_leaves_encoders_on_a_card_with_room_for_them():
    asked = {**GENERATION, "precision": "bf16"}
    cards = [make_accelerator(f"card-{size}", usable_memory_bytes=size * 2**30) for size in (32, 80)]

    def need(**workload):
        return diffusion.physics(network_job(FLUX, **workload), make_systems(*cards)).footprint.total_bytes

    unsaid, said = need(**asked), need(**asked, framework="pytorch")

    assert unsaid[0] == unsaid[1] == said[0] < said[1]
    assert said[1] < 0.65 * 80 * 2**30


def test_cards_that_share_one_clip_lose_a_little_to_their_messages_and_small_pictures_lose_more():
    def gain(spec, workload):
        job = network_job(spec, **workload, compiled=True)
        alone, shared = (
            samples_per_s(diffusion.physics(job, make_systems(H100, count=count, context_parallel=count)))[0]
            for count in (1, 4)
        )
        return shared / alone

    clip, picture = gain(WAN_14B, CLIP), gain(FLUX, {**GENERATION, "precision": "bf16"})
    assert 2.0 < picture < clip < 4.0


def test_a_large_generator_is_held_in_16_bits_by_pytorch_and_in_8_where_nobody_says():
    stated = {**GENERATION, "precision": None}

    assert network_job(FLUX, **stated).precision == "fp8"
    assert network_job(FLUX, **stated, framework="pytorch").precision == "fp16"


def test_cards_that_split_a_denoiser_hold_a_share_of_it_each():
    job = replace(network_job(WAN_14B, **CLIP), decodes_in_tiles=True)
    whole, split, spread = (
        diffusion.physics(job, make_systems(H100, count=4, **degrees)).footprint.total_bytes[0]
        for degrees in ({}, {"tensor_parallel": 4}, {"context_parallel": 4})
    )

    assert whole - split > 0.7 * WAN_14B.denoiser_parameters * 2
    assert split < spread < whole


def test_plain_pytorch_unpacks_eight_bits_and_what_is_built_multiplies_them():
    plain, built = (
        rate(FLUX, H100, **{**GENERATION, "precision": "fp8", "framework": "pytorch", "compiled": compiled})
        for compiled in (False, True)
    )

    assert plain < rate(FLUX, H100, **{**GENERATION, "framework": "pytorch"})
    assert built > 1.3 * plain


def test_a_runtime_that_calibrates_a_model_multiplies_eight_bit_integers():
    tuned = {**GENERATION, "framework": "tensorrt", "batch_size": 8}

    assert rate(SD15, H100, **{**tuned, "precision": "int8"}) > 1.3 * rate(SD15, H100, **tuned)


def test_attention_stays_in_sixteen_bits_where_a_net_multiplies_integers():
    tuned = {**GENERATION, "framework": "tensorrt", "batch_size": 8, "image_size": [1024, 1024]}
    floats, integers = (rate(SD15, H100, **{**tuned, "precision": precision}) for precision in ("fp8", "int8"))

    assert 0.6 * floats < integers < 0.95 * floats


def test_weights_of_few_bits_cost_pytorch_the_time_that_was_published():
    """FLUX.1 on an H100, 12 s in bf16 and nf4, 15 in int8, 109 in int4: https://huggingface.co/blog/diffusers-quantization."""
    bf16, nf4, int8, int4 = (
        1 / rate(FLUX, H100, **{**GENERATION, "framework": "pytorch", "precision": precision})
        for precision in ("bf16", "nf4", "int8", "int4")
    )

    assert 1 < nf4 / bf16 < 1.2
    assert 1 < int8 / bf16 < 1.3
    assert int4 / bf16 == pytest.approx(109 / 12, rel=0.4)


def test_adapters_are_trained_as_fast_beside_any_four_bits():
    tuning = {"task": "finetune", "domain": "image_generation", "method": "qlora", "batch_size": 1}
    integers, floats = (
        rate(FLUX, H100, **tuning, framework="pytorch", precision=precision) for precision in ("int4", "nf4")
    )

    assert integers == floats


def test_a_described_transformer_that_reads_text_brings_what_reads_it():
    choice = ModelChoice(parameters=2.8e9, architecture="diffusion_transformer")
    reads, draws = (
        model_from_counts(choice.model_copy(update={"parameters": size}), Workload(task="inference"))
        for size in (2.8e9, 6e8)
    )

    assert reads.text_encoder_parameters > reads.denoiser_parameters
    assert draws.text_encoder_parameters == 0
    assert reads.vae_parameters == draws.vae_parameters > 0
