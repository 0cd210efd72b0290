"""Memory of language models at work agrees with what was published, and with the logs of the programs."""

import numpy as np
import pytest

from app.engine.inference_memory import inference_footprint, weight_bytes
from app.engine.inference_work import drawn_bytes, llama_cpp_buffer_bytes, reading_bytes
from app.engine.memory import stored_weight_bytes
from app.engine.units import GIB
from tests.engine.jobs import CPU, H100, M2_ULTRA, RTX_4090, make_accelerator, make_job, make_spec, make_systems

MIB = 2**20
QWEN_7B = make_spec(
    "qwen2.5-7b", parameters=7_615_616_512, num_hidden_layers=28, hidden_size=3584, intermediate_size=18_944,
    num_attention_heads=28, num_key_value_heads=4, vocab_size=152_064,
)  # fmt: skip
QWEN_32B = make_spec(
    "qwen2.5-32b", parameters=32_763_876_352, num_hidden_layers=64, hidden_size=5120, intermediate_size=27_648,
    num_attention_heads=40, vocab_size=152_064,
)  # fmt: skip
LLAMA_7B = make_spec(
    "llama-7b", parameters=6_738_415_616, intermediate_size=11_008, num_key_value_heads=32, vocab_size=32_000
)
DEEPSEEK_7B = make_spec(
    "deepseek-llm-7b", parameters=6_910_365_696, num_hidden_layers=30, intermediate_size=11_008,
    num_key_value_heads=32, vocab_size=102_400, max_position_embeddings=4096,
)  # fmt: skip
LATENT = make_spec(
    "deepseek-v2-lite", num_attention_heads=16, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64,
    v_head_dim=128, num_hidden_layers=27, attention_kind="mla",
)  # fmt: skip


@pytest.fixture
def gib_of():
    def count(job, *accelerators, concurrent=1.0, **degrees):
        systems = make_systems(*accelerators, **degrees)
        return inference_footprint(job, systems, concurrent=concurrent * np.ones(len(systems))).total_bytes[0] / GIB

    return count


@pytest.fixture
def parts_of():
    def collect(job, *accelerators, concurrent=1.0):
        systems = make_systems(*accelerators)
        footprint = inference_footprint(job, systems, concurrent=concurrent * np.ones(len(systems)))
        return {part.part: part.bytes[0] for part in footprint.parts}

    return collect


@pytest.mark.parametrize(
    ("spec", "precision", "prompt", "published"),
    [
        (QWEN_7B, "bf16", 1, 14.38),
        (QWEN_7B, "bf16", 6144, 15.38),
        (QWEN_7B, "bf16", 30_720, 19.97),
        (QWEN_7B, "int8", 14_336, 10.96),
        (QWEN_7B, "int4", 30_720, 11.11),
        (QWEN_32B, "bf16", 14_336, 67.31),
        (QWEN_32B, "int4", 30_720, 31.84),
    ],
)
def test_peaks_agree_with_the_table_of_qwen(gib_of, spec, precision, prompt, published):
    """https://qwen.readthedocs.io/en/v2.5/benchmark/speed_benchmark.html: transformers 4.46, 2,048 tokens written."""
    job = make_job(spec, precision=precision, framework="pytorch", prompt_tokens=prompt, output_tokens=2048)

    assert gib_of(job) == pytest.approx(published, rel=0.03)


@pytest.mark.parametrize(("prompt", "published"), [(256, 13.29), (1024, 14.47), (2048, 16.37)])
def test_short_decoders_score_all_tokens_of_a_prompt(gib_of, prompt, published):
    """https://github.com/deepseek-ai/DeepSeek-LLM (README, section 7): an A100 of 40 GB, transformers of 2023."""
    job = make_job(DEEPSEEK_7B, precision="bf16", framework="pytorch", prompt_tokens=prompt, output_tokens=1)

    assert gib_of(job) == pytest.approx(published, rel=0.08)


@pytest.mark.parametrize(
    ("precision", "context", "published_mib"),
    [("f16", 512, 12_603.02 + 256 + 70.5), ("f16", 2048, 12_603.02 + 1024 + 164), ("q5_0", 2048, 4349.56 + 1024 + 164)],
)
def test_buffers_agree_with_the_logs_of_llama_cpp(gib_of, precision, context, published_mib):
    """https://github.com/ggml-org/ci, build 2459 on a V100, without flash attention: weights, cache, compute buffer."""
    job = make_job(
        LLAMA_7B, precision=precision, framework="llama.cpp", sequence_length=context, attention="eager",
        concurrent_requests=1,
    )  # fmt: skip

    assert gib_of(job) * GIB / MIB == pytest.approx(published_mib, rel=0.002)


@pytest.mark.parametrize(
    ("hidden", "vocabulary", "published_mib"), [(3584, 152_064, 304.0), (3840, 262_144, 519.5), (4096, 128_256, 258.5)]
)
def test_flash_attention_leaves_the_logits_of_a_batch(hidden, vocabulary, published_mib):
    """Compute buffers of Qwen2.5-7B, Gemma 3 12B and Llama-3-8B in logs of llama.cpp."""
    spec = make_spec(hidden_size=hidden, vocab_size=vocabulary)
    job = make_job(spec, precision="q4_k_m", framework="llama.cpp", sequence_length=8192, concurrent_requests=1)

    assert llama_cpp_buffer_bytes(job, spec, context=8192) / MIB == published_mib


def test_a_very_long_context_shows_the_mask_and_cards_that_take_turns_keep_copies_of_it():
    """4 GiB on each of several cards at a context of 2**20 tokens: https://github.com/unslothai/unsloth/pull/7637."""
    job = make_job(precision="q4_k_m", framework="llama.cpp", sequence_length=2**20, concurrent_requests=1)
    alone, several = (llama_cpp_buffer_bytes(job, job.model, context=2**20, stages=stages) for stages in (1.0, 4.0))

    assert several - alone == 3 * GIB
    assert several == pytest.approx(4 * GIB, rel=0.05)


def test_smaller_cards_read_shorter_chunks_with_vllm(parts_of):
    few_words = make_spec(vocab_size=2048)
    job = make_job(few_words, precision="bf16", framework="vllm", prompt_tokens=8192, output_tokens=10)
    small, large = (parts_of(job, device)["activations"] for device in (RTX_4090, H100))

    assert large - small == 6144 * 2 * (4 * 4096 + 3 * 14_336)


@pytest.mark.parametrize(
    ("words", "device", "published_gib"),
    [(128_256, RTX_4090, 1.26), (151_936, RTX_4090, 1.40), (128_256, H100, 4.76), (151_936, H100, 5.56),
     (201_088, H100, 7.38)],
)  # fmt: skip
def test_the_first_draw_of_vllm_takes_what_its_logs_say(words, device, published_gib):
    """Peaks in https://github.com/llm-d/llm-d-benchmark, and of cards of 24 GB in logs of Llama-3-8B and Qwen3-8B."""
    job = make_job(make_spec(vocab_size=words), framework="vllm")
    drawn = drawn_bytes(job, job.model, devices=make_systems(device).devices)[0]

    assert drawn / GIB == pytest.approx(published_gib, rel=0.08)


def test_every_card_of_a_group_draws_from_all_words():
    alone, several = (
        inference_footprint(
            make_job(precision="bf16", framework="vllm", prompt_tokens=100, output_tokens=10),
            make_systems(H100, count=cards, tensor_parallel=cards),
            concurrent=np.ones(1),
        )
        for cards in (1, 2)
    )
    one, two = (
        next(part.bytes[0] for part in footprint.parts if part.part == "activations") for footprint in (alone, several)
    )

    assert two > 0.95 * one


def test_other_programs_draw_only_for_who_asks(parts_of):
    vllm, tensorrt = (
        parts_of(make_job(precision="bf16", framework=framework, prompt_tokens=100, output_tokens=10))["activations"]
        for framework in ("vllm", "tensorrt-llm")
    )

    assert vllm > 10 * tensorrt


def test_encoders_draw_nothing():
    encoder = make_spec(architecture="encoder")

    assert drawn_bytes(make_job(framework="vllm"), encoder, devices=make_systems(H100).devices) == 0


def test_cards_leave_the_embeddings_of_a_file_in_main_memory(parts_of):
    job = make_job(precision="q4_k_m", framework="llama.cpp", sequence_length=4096, concurrent_requests=1)
    card, shared, processor = (parts_of(job, device)["weights"] for device in (RTX_4090, M2_ULTRA, CPU))

    assert shared == processor == stored_weight_bytes(make_spec(), "q4_k_m")
    assert shared - card == pytest.approx(281.81 * MIB, rel=0.001)  # Llama-3.1-8B, as llama.cpp's logs say


def test_a_tied_table_is_needed_on_the_card(parts_of):
    tied = make_spec(tie_word_embeddings=True)
    job = make_job(tied, precision="q4_k_m", framework="llama.cpp", sequence_length=4096, concurrent_requests=1)

    assert parts_of(job, RTX_4090)["weights"] == stored_weight_bytes(tied, "q4_k_m")


def test_tied_tables_are_held_twice_beside_weights_in_eight_bit_floats(gib_of):
    """Qwen3-1.7B takes 2.66 GiB in blocks of 128 by the table of Qwen3, half a GiB above its weights and cache."""
    spec = make_spec(
        parameters=1_720_574_976, num_hidden_layers=28, hidden_size=2048, intermediate_size=6144,
        num_attention_heads=16, vocab_size=151_936, tie_word_embeddings=True,
    )  # fmt: skip
    library, server = (
        gib_of(make_job(spec, precision="fp8", framework=framework, prompt_tokens=1, output_tokens=2048))
        for framework in ("pytorch", "tensorrt-llm")
    )

    assert library == pytest.approx(2.66, rel=0.04)
    assert server < library - 0.5


def test_a_long_answer_hides_the_peak_of_its_prompt(parts_of):
    """The tensors of a prompt are gone before the cache of the answer is there."""
    short, long = (
        parts_of(make_job(precision="bf16", framework="pytorch", prompt_tokens=4096, output_tokens=tokens))
        for tokens in (1, 100_000)
    )

    assert long["activations"] < short["activations"] / 4


def test_a_server_sets_its_cache_aside_before_it_reads(parts_of):
    grows, reserved = (
        parts_of(make_job(precision="bf16", framework=framework, prompt_tokens=4096, output_tokens=4096))["activations"]
        for framework in ("pytorch", "vllm")
    )

    assert reserved > 2 * grows


def test_the_prompt_of_a_server_takes_what_vllm_says():
    """0.22 GiB for 2,048 tokens of Llama-3.1-8B, 2.02 GiB for 32,768 of Qwen2.5-1.5B (vLLM's memory profile)."""
    qwen = make_spec("qwen2.5-1.5b", hidden_size=1536, intermediate_size=8960, num_attention_heads=12)
    job = make_job(precision="bf16", framework="pytorch", prompt_tokens=2048, output_tokens=1)
    whole = make_job(qwen, precision="bf16", framework="pytorch", prompt_tokens=32_768, output_tokens=1)

    assert reading_bytes(job, job.model) / GIB == pytest.approx(0.22, rel=0.05)
    assert reading_bytes(whole, qwen) / GIB == pytest.approx(2.02, rel=0.02)


def test_more_requests_never_need_less(gib_of):
    job = make_job(precision="bf16", framework="pytorch", prompt_tokens=1000, output_tokens=200)
    needs = [gib_of(job, concurrent=float(requests)) for requests in (1, 2, 8, 32)]

    assert needs == sorted(needs)


def test_packed_weights_need_room_to_be_written_out(parts_of):
    packed, whole = (
        parts_of(make_job(precision=precision, framework="vllm", prompt_tokens=1, output_tokens=64))["activations"]
        for precision in ("int4", "int8")
    )

    assert packed - whole == pytest.approx(4096 * 14_336 * 2)


@pytest.mark.parametrize("precision", ["int4", "int8", "nf4"])
def test_loaders_that_repack_weights_leave_a_little_reserved(parts_of, precision):
    library, server = (
        parts_of(make_job(precision=precision, framework=framework, prompt_tokens=1, output_tokens=64))["activations"]
        for framework in ("pytorch", "tensorrt-llm")
    )

    assert 0 < library - server < 0.05 * stored_weight_bytes(make_spec(), precision)


def test_four_bits_may_have_plain_scales_or_scales_that_are_quantised_again():
    """Lit-GPT says 5.72 GB and, quantised twice, 5.37 GB for Falcon-7B: 0.37 bits for each of 6.9e9 weights."""
    spec = make_spec()
    added = weight_bytes(make_job(spec, precision="nf4", framework="pytorch"), spec) - stored_weight_bytes(spec, "nf4")

    assert 0 < added < (spec.parameters - 2 * 128_256 * 4096) * 0.373 / 8


@pytest.mark.parametrize(("precision", "published_mb"), [("bf16", 16_240), ("int4", 5954), ("fp8", 9297)])
def test_the_reserve_of_an_allocator_agrees_with_optimum_benchmark(gib_of, precision, published_mb):
    """https://github.com/DerekLiu35/huggingface-quantization-benchmarking-code: Llama-3.1-8B, transformers 4.47."""
    job = make_job(precision=precision, framework="pytorch", prompt_tokens=64, output_tokens=64)

    assert gib_of(job) * GIB / 1e6 == pytest.approx(published_mb, rel=0.03)


def test_transformers_caches_latent_attention_in_full_and_servers_do_not(parts_of):
    full, latent = (
        parts_of(make_job(LATENT, precision="bf16", framework=framework, prompt_tokens=900, output_tokens=100))
        for framework in ("pytorch", "vllm")
    )

    assert full["kv_cache"] == 27 * 16 * (192 + 128) * 1000 * 2
    assert latent["kv_cache"] == 27 * (512 + 64) * 1000 * 2


def test_a_window_of_llama_cpp_has_room_for_the_batch_it_reads(parts_of):
    windows = make_spec(sliding_window=1024, num_full_attention_layers=0, num_sliding_layers=32)
    kept, dropped = (
        parts_of(make_job(windows, precision="f16", framework=framework, sequence_length=8192, concurrent_requests=1))
        for framework in ("llama.cpp", "vllm")
    )

    assert kept["kv_cache"] == 1536 * 131_072  # cells in its logs: the window and a physical batch of 512
    assert dropped["kv_cache"] == 1024 * 131_072


@pytest.mark.parametrize("precision", ["int8", "fp8", "int4", "bf16"])
def test_activations_keep_sixteen_bits_whatever_the_weights_have(precision):
    job = make_job(precision=precision, framework="pytorch", prompt_tokens=2048, output_tokens=1)

    assert reading_bytes(job, job.model) == 2048 * 2 * (4 * 4096 + 3 * 14_336)


def test_a_network_without_gates_holds_one_tensor_less():
    plain = make_spec(gated_ffn=False)
    job = make_job(plain, precision="bf16", framework="pytorch", prompt_tokens=2048, output_tokens=1)

    assert reading_bytes(job, plain) == 2048 * 2 * (4 * 4096 + 2 * 14_336)


def test_recorded_steps_of_vllm_take_room(gib_of):
    small, few_words = make_accelerator(memory_bytes=24e9), make_spec(vocab_size=512)
    vllm, tensorrt = (
        gib_of(make_job(few_words, precision="bf16", framework=framework, prompt_tokens=100, output_tokens=10), small)
        for framework in ("vllm", "tensorrt-llm")
    )

    assert vllm - tensorrt == pytest.approx(0.3e9 * 1.01 / GIB)


def test_experts_in_mxfp4_are_padded_for_the_kernels_of_vllm():
    """13.47 GiB instead of 12.82: https://github.com/llm-d/llm-d-benchmark (empirical-vllm-memory-results.md)."""
    gpt_oss = make_spec(
        "gpt-oss-20b", parameters=20_914_757_184, active_parameters=4_187_440_704, num_hidden_layers=24,
        hidden_size=2880, intermediate_size=2880, moe_intermediate_size=2880, num_experts=32, num_experts_per_token=4,
        num_attention_heads=64, num_key_value_heads=8, head_dim=64, vocab_size=201_088,
    )  # fmt: skip
    padded, plain = (
        weight_bytes(make_job(gpt_oss, precision="mxfp4", framework=framework), gpt_oss) / GIB
        for framework in ("vllm", "pytorch")
    )

    assert padded == pytest.approx(13.47, rel=0.005)
    assert plain == pytest.approx(12.82, rel=0.005)


def test_mlx_packs_embeddings_and_output_too(parts_of):
    """https://huggingface.co/mlx-community/Meta-Llama-3.1-8B-Instruct-4bit: 4.52 GB."""
    mlx, torch = (
        parts_of(make_job(precision="int4", framework=framework, prompt_tokens=64, output_tokens=64), M2_ULTRA)
        for framework in ("other", "pytorch")
    )

    assert mlx["weights"] / 1e9 == pytest.approx(4.52, rel=0.001)
    assert torch["weights"] > 1.2 * mlx["weights"]


def test_mlx_leaves_what_sees_in_sixteen_bits(parts_of):
    blind, seeing = (
        parts_of(
            make_job(make_spec(vision_parameters=seen), precision="int8", framework="other", prompt_tokens=64), M2_ULTRA
        )["weights"]
        for seen in (0.0, 4e8)
    )

    assert seeing - blind == pytest.approx(4e8 * (16 - 8.5) / 8)


def test_mlx_reads_prompts_by_parts(parts_of):
    """8.5 GiB for a prompt of 33,898 tokens of Mistral-7B in 4 bits: https://github.com/ml-explore/mlx-lm/pull/40."""
    short, long, longer = (
        parts_of(make_job(precision="int4", framework="other", prompt_tokens=tokens, output_tokens=1), M2_ULTRA)
        for tokens in (512, 4096, 33_898)
    )

    assert long["activations"] > 2 * short["activations"]
    assert longer["activations"] == long["activations"]


def test_other_processors_run_no_mlx(parts_of):
    apple, card = (
        parts_of(make_job(precision="int4", framework="other", prompt_tokens=64, output_tokens=64), device)["weights"]
        for device in (M2_ULTRA, RTX_4090)
    )

    assert apple < card


def test_nobody_draws_for_a_batch_where_no_program_is_named(parts_of):
    named, unnamed = (
        parts_of(make_job(precision="bf16", prompt_tokens=100, output_tokens=10, **program))["activations"]
        for program in ({"framework": "vllm"}, {})
    )

    assert unnamed < 0.25 * named
