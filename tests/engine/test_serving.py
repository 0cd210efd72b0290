from dataclasses import replace

import numpy as np
import pytest

from app.engine.hardware import PeakRates
from app.engine.params import expected_experts
from app.engine.serving import concurrency, largest_batch, physics, touched_weight_bytes
from app.engine.serving_rates import attention_growth, layer_overhead_s, tile_rows
from app.engine.units import GB, GIB, TERA
from tests.engine.jobs import (
    BERT_LARGE,
    CPU,
    EVERY_KIND,
    H100,
    M2_ULTRA,
    RTX_4090,
    T5_BASE,
    TPU_V4,
    make_accelerator,
    make_job,
    make_moe,
    make_spec,
    make_systems,
)

GAUDI_2 = make_accelerator(
    "gaudi-2", vendor="Intel", kind="npu", architecture="Gaudi", memory_bytes=96 * GIB, usable_memory_bytes=94 * GIB,
    memory_bandwidth_bytes_per_s=2450 * GB, tdp_w=600.0, interconnect="roce", compute_units=24, pcie_bytes_per_s=32 * GB,
    peak=PeakRates(bf16=432 * TERA, fp8=865 * TERA),
)  # fmt: skip


@pytest.fixture
def pace_of():
    def run(job, *accelerators, **degrees):
        return physics(job, make_systems(*accelerators, **degrees)).pace

    return run


def test_every_kind_of_hardware_answers(pace_of):
    pace = pace_of(make_job(precision="q4_k_m", prompt_tokens=512, output_tokens=128), *EVERY_KIND)

    assert np.all(pace.decode_tokens_per_s > 0)
    assert np.all(pace.prefill_tokens_per_s > 0)
    assert np.all(pace.units_per_step / pace.step_s < pace.decode_tokens_per_s)


def test_one_request_decodes_below_the_bandwidth_limit_and_above_a_third_of_it(pace_of):
    job = make_job(precision="f16", framework="llama.cpp", prompt_tokens=1, output_tokens=512)
    rate = pace_of(job, RTX_4090, M2_ULTRA).decode_tokens_per_s
    limit = np.array([1008e9, 800e9]) / touched_weight_bytes(job, make_spec(), batch=1)

    assert np.all(rate < limit)
    assert np.all(rate > limit / 3)


def test_fewer_bits_decode_faster(pace_of):
    rates = [
        pace_of(make_job(precision=precision, prompt_tokens=1, output_tokens=256), RTX_4090).decode_tokens_per_s[0]
        for precision in ("f16", "q8_0", "q4_k_m")
    ]

    assert rates == sorted(rates)


def test_batching_raises_throughput_and_slows_each_request(pace_of):
    one, many = (
        pace_of(
            make_job(precision="bf16", framework="vllm", prompt_tokens=512, output_tokens=256, concurrent_requests=n),
            H100,
        )
        for n in (1, 64)
    )

    assert many.decode_tokens_per_s[0] > 10 * one.decode_tokens_per_s[0]
    assert many.tpot_s[0] > one.tpot_s[0]


def test_as_many_requests_as_fit_fill_the_memory_and_no_more():
    job = make_job(
        precision="bf16", framework="vllm", prompt_tokens=7000, output_tokens=1192, concurrent_requests="max"
    )
    answer = physics(job, make_systems(H100))
    usable = make_systems(H100).devices.usable_memory_bytes

    assert answer.pace.concurrent_requests[0] > 1
    assert answer.footprint.total_bytes[0] == pytest.approx(0.9 * usable[0])


def test_a_server_queues_what_does_not_fit_instead_of_needing_more_memory():
    common = {"precision": "bf16", "prompt_tokens": 7000, "output_tokens": 1192, "framework": "vllm"}
    asked = physics(make_job(**common, concurrent_requests=10_000), make_systems(H100))

    assert asked.pace.concurrent_requests[0] < 10_000


def test_two_linked_devices_answer_one_request_faster(pace_of):
    job = make_job(precision="bf16", framework="vllm", prompt_tokens=512, output_tokens=256)
    one, two = pace_of(job, H100), pace_of(job, H100, count=2, tensor_parallel=2)

    assert 0.5 * one.tpot_s[0] < two.tpot_s[0] < one.tpot_s[0]


def test_splitting_layers_does_not_speed_up_one_request_but_reads_long_prompts_faster(pace_of):
    job = make_job(precision="q4_k_m", prompt_tokens=4096, output_tokens=128)
    one, four = pace_of(job, RTX_4090), pace_of(job, RTX_4090, count=4, pipeline_parallel=4)

    assert four.decode_tokens_per_s[0] == pytest.approx(one.decode_tokens_per_s[0], rel=0.1)
    assert four.prefill_tokens_per_s[0] > 1.8 * one.prefill_tokens_per_s[0]


def test_replicas_share_the_requests(pace_of):
    common = {"precision": "bf16", "framework": "vllm", "prompt_tokens": 512, "output_tokens": 256}
    one = pace_of(make_job(**common, concurrent_requests=8), H100)
    two = pace_of(make_job(**common, concurrent_requests=16), H100, count=2)

    assert two.decode_tokens_per_s[0] == pytest.approx(2 * one.decode_tokens_per_s[0])


def test_few_experts_are_read_for_one_request_and_nearly_all_for_many():
    job, spec = make_job(make_moe(), precision="bf16"), make_moe()
    alone, crowd = (touched_weight_bytes(job, spec, batch=n) for n in (1, 64))

    assert alone == pytest.approx(2 * (12_879_925_248 - 32_000 * 4096), rel=0.01)
    assert crowd > 0.99 * 2 * (46_702_792_704 - 32_000 * 4096)
    assert expected_experts(8, 2, tokens=1) == pytest.approx(2)


def test_an_encoder_is_counted_in_tokens_of_whole_sequences(pace_of):
    pace = pace_of(make_job(BERT_LARGE, precision="fp16", batch_size=8, sequence_length=384), *EVERY_KIND)

    assert pace.unit == "tokens/s"
    assert np.all(pace.units_per_step == 8 * 384)
    assert np.all(pace.step_s > 0)


def test_a_larger_encoder_batch_is_never_slower_per_token(pace_of):
    rates = [
        (pace.units_per_step / pace.step_s)[0]
        for pace in (
            pace_of(make_job(BERT_LARGE, precision="fp16", batch_size=n, sequence_length=128)) for n in (1, 8, 64)
        )
    ]

    assert rates == sorted(rates)


def test_a_translator_answers(pace_of):
    pace = pace_of(make_job(T5_BASE, precision="bf16", prompt_tokens=128, output_tokens=64))

    assert pace.decode_tokens_per_s[0] > 0


def test_only_reading_gives_a_prefill_rate_and_only_writing_a_decode_rate(pace_of):
    reading = pace_of(make_job(precision="bf16", framework="pytorch", prompt_tokens=2048, output_tokens=0), H100)

    assert reading.decode_tokens_per_s is None
    assert reading.prefill_tokens_per_s[0] == pytest.approx(reading.units_per_step[0] / reading.step_s[0])


@pytest.mark.parametrize("spec", [make_spec(), make_moe()], ids=["dense", "experts"])
def test_where_nobody_published_the_arithmetic_the_speed_of_reading_is_unknown(pace_of, spec):
    job = make_job(spec, precision="bf16", framework="pytorch", prompt_tokens=2048, output_tokens=0)

    assert np.isnan(pace_of(job, replace(H100, peak=PeakRates())).prefill_tokens_per_s[0])


def test_an_inferred_shape_and_a_context_beyond_the_model_are_said_aloud():
    spec = make_spec(shape_known=False, max_position_embeddings=2048)
    warnings = physics(make_job(spec, precision="bf16", prompt_tokens=4000, output_tokens=100), make_systems()).warnings

    assert any("inferred" in warning for warning in warnings)
    assert any("2048" in warning for warning in warnings)


def test_an_fp8_recipe_halves_the_cache_of_tensorrt_llm_unless_told_otherwise():
    common = {
        "precision": "fp8",
        "framework": "tensorrt-llm",
        "prompt_tokens": 1000,
        "output_tokens": 1000,
        "concurrent_requests": 8,
    }
    caches = [
        {part.part: part.bytes[0] for part in physics(make_job(**common, **more), make_systems(H100)).footprint.parts}[
            "kv_cache"
        ]
        for more in ({}, {"kv_precision": "fp16"})
    ]

    assert caches[1] == pytest.approx(2 * caches[0])


def test_tensorflow_reaches_less_than_pytorch_with_encoders(pace_of):
    common = {"precision": "fp16", "batch_size": 32, "sequence_length": 384, "compiled": True}
    slow, fast = (
        pace_of(make_job(BERT_LARGE, **common, framework=name)).step_s[0] for name in ("tensorflow", "pytorch")
    )

    assert fast < slow


def test_much_bandwidth_for_few_compute_units_is_used_less_well(pace_of):
    job = make_job(precision="f16", framework="llama.cpp", prompt_tokens=1, output_tokens=512)
    narrow = replace(RTX_4090, compute_units=128.0, boost_hz=2.52e9)
    wide = replace(narrow, slug="wide", memory_bandwidth_bytes_per_s=4 * narrow.memory_bandwidth_bytes_per_s)
    slow, fast = pace_of(job, narrow, wide).decode_tokens_per_s

    assert slow < fast < 3.5 * slow


def test_quantised_weights_are_written_out_before_a_prompt_is_read(pace_of):
    common = {"framework": "llama.cpp", "prompt_tokens": 512, "output_tokens": 1}
    whole, packed = (
        pace_of(make_job(precision=precision, **common), RTX_4090).prefill_tokens_per_s[0]
        for precision in ("f16", "q4_k_m")
    )

    assert packed < whole


@pytest.mark.parametrize(("bandwidth_bytes_per_s", "measured"), [(51.2e9, 10.0), (25.6e9, 3.94)])
def test_a_processor_writes_as_fast_as_its_memory_is_read(pace_of, bandwidth_bytes_per_s, measured):
    """7 B in 4 bits: a Ryzen 7 5700G, and an i5-6500 with DDR3 (github.com/ggml-org/llama.cpp, issues 39 and 34)."""
    processor = replace(CPU, memory_bandwidth_bytes_per_s=bandwidth_bytes_per_s)
    llama_7b = make_spec(
        "llama-7b", parameters=6_738_415_616, active_parameters=6_738_415_616, intermediate_size=11_008,
        num_key_value_heads=32, vocab_size=32_000,
    )  # fmt: skip
    job = make_job(llama_7b, precision="q4_0", framework="llama.cpp", prompt_tokens=8, output_tokens=64)

    assert pace_of(job, processor).decode_tokens_per_s[0] == pytest.approx(measured, rel=0.3)


def test_a_batch_of_a_language_model_is_that_many_texts_at_a_time():
    spec = make_spec("m", parameters=8e9)

    batch, requests = (make_job(spec, **said) for said in ({"batch_size": 8}, {"concurrent_requests": 8}))

    assert (batch.concurrent_requests, requests.concurrent_requests) == (8, 8)
    assert make_job(spec).concurrent_requests == 1
    assert make_job(spec, batch_size=8, concurrent_requests=2).concurrent_requests == 2


@pytest.mark.parametrize(("precision", "published"), [("bf16", 104.9), ("int8", 155.6), ("int4", 196.8)])
def test_compiled_decoding_agrees_with_the_table_of_gpt_fast(pace_of, precision, published):
    """https://github.com/pytorch-labs/gpt-fast, Llama-2-7B on one A100."""
    llama_2_7b = replace(make_spec(), num_key_value_heads=32, intermediate_size=11008, vocab_size=32000)
    job = make_job(
        replace(llama_2_7b, parameters=6_738_415_616, active_parameters=6_738_415_616),
        precision=precision,
        framework="pytorch",
        compiled=True,
        prompt_tokens=5,
        output_tokens=200,
        concurrent_requests=1,
    )

    assert pace_of(job).decode_tokens_per_s[0] == pytest.approx(published, rel=0.15)


def test_a_server_in_python_loses_more_time_the_more_requests_it_looks_after(pace_of):
    def time_per_token(framework, requests):
        job = make_job(
            precision="bf16",
            framework=framework,
            prompt_tokens=16,
            output_tokens=512,
            concurrent_requests=requests,
        )
        return pace_of(job, H100).tpot_s[0]

    assert time_per_token("vllm", 128) - time_per_token("vllm", 1) > 2e-3 + (
        time_per_token("tensorrt-llm", 128) - time_per_token("tensorrt-llm", 1)
    )


def test_cards_that_multiply_quantised_blocks_read_prompts_faster_than_their_sixteen_bit_rate_says(pace_of):
    def rate(architecture, precision):
        card = replace(RTX_4090, slug=architecture, architecture=architecture)
        job = make_job(precision=precision, framework="llama.cpp", prompt_tokens=512, output_tokens=1)
        return pace_of(job, card).prefill_tokens_per_s[0]

    assert rate("Blackwell", "q4_k_m") > 1.2 * rate("Ada", "q4_k_m")
    assert rate("Blackwell", "f16") < 1.1 * rate("Ada", "f16")


@pytest.mark.parametrize(("bandwidth", "published"), [(273e9, 52), (256e9, 48)], ids=["dgx spark", "strix halo"])
def test_a_mixture_in_mxfp4_reads_its_attention_in_wider_numbers(pace_of, bandwidth, published):
    """gpt-oss-120b: about 50 tokens/s on a DGX Spark and on Strix Halo, github.com/ggml-org/llama.cpp (discussions)."""
    device = replace(H100, slug=f"{bandwidth:g}", memory_bandwidth_bytes_per_s=bandwidth)
    gpt_oss = make_spec(
        "gpt-oss-120b",
        parameters=116_829_156_672,
        active_parameters=5_711_982_912,
        num_hidden_layers=36,
        hidden_size=2880,
        intermediate_size=2880,
        num_attention_heads=64,
        head_dim=64,
        vocab_size=201_088,
        num_experts=128,
        num_experts_per_token=4,
        moe_intermediate_size=2880,
    )
    job = make_job(
        gpt_oss,
        precision="mxfp4",
        framework="llama.cpp",
        prompt_tokens=1,
        output_tokens=128,
        concurrent_requests=1,
    )

    assert pace_of(job, device).decode_tokens_per_s[0] == pytest.approx(published, rel=0.25)


@pytest.mark.parametrize(("precision", "published"), [("bf16", 46.3), ("int8", 70.4), ("int4", 98.0)])
def test_a_server_agrees_with_the_table_of_qwen(pace_of, precision, published):
    """https://github.com/QwenLM/Qwen2.5, docs/source/benchmark/speed_benchmark.rst: 14B with vLLM on one A100."""
    spec = make_spec("q", parameters=14.77e9, active_parameters=14.77e9, num_hidden_layers=48, hidden_size=5120)
    job = make_job(spec, precision=precision, framework="vllm", prompt_tokens=1, output_tokens=2048)

    assert pace_of(job).decode_tokens_per_s[0] == pytest.approx(published, rel=0.15)


def test_eager_programs_pay_for_long_contexts_what_servers_do_not(pace_of):
    def slowdown(**said):
        short, long = (
            pace_of(make_job(precision="bf16", prompt_tokens=prompt, output_tokens=16, **said)).tpot_s[0]
            for prompt in (1, 30_720)
        )
        return long / short

    assert slowdown(framework="pytorch", compiled=False) > 2
    assert slowdown(framework="vllm") < 1.5


def test_engines_with_kernels_of_their_own_do_not_wait_for_python(pace_of):
    eager, own = (
        pace_of(make_job(precision="int4", framework=framework, prompt_tokens=1, output_tokens=64), RTX_4090, H100)
        for framework in ("pytorch", "other")
    )

    assert np.all(own.tpot_s < eager.tpot_s / np.array([1.25, 3]))


@pytest.mark.parametrize(
    ("precision", "requests", "card", "published"),
    [
        ("bf16", 1, H100, 41.0),
        ("nf4", 1, H100, 30.1),
        ("bf16", 32, H100, 1228),
        ("bf16", 1, RTX_4090, 47.5),
        ("nf4", 1, RTX_4090, 67.7),
        ("int8", 8, RTX_4090, 361.6),
    ],
)
def test_eager_decoding_agrees_with_the_table_of_bitsandbytes(pace_of, precision, requests, card, published):
    """https://github.com/bitsandbytes-foundation/bitsandbytes, benchmarking/README.md: Llama-3.1-8B, transformers."""
    job = make_job(
        precision=precision, framework="pytorch", prompt_tokens=64, output_tokens=64, concurrent_requests=requests
    )

    assert pace_of(job, card).decode_tokens_per_s[0] == pytest.approx(published, rel=0.2)


def test_a_batch_of_nf4_unpacks_its_weights_in_every_step(pace_of):
    def step(precision, requests):
        job = make_job(
            precision=precision, framework="pytorch", prompt_tokens=8, output_tokens=8, concurrent_requests=requests
        )
        return pace_of(job, RTX_4090).tpot_s[0]

    assert step("nf4", 8) > 2 * step("nf4", 1)
    assert step("bf16", 8) < 1.2 * step("bf16", 1)


def test_fused_attention_reads_long_prompts_faster_in_llama_cpp(pace_of):
    def rate(**said):
        job = make_job(precision="q8_0", framework="llama.cpp", prompt_tokens=8192, output_tokens=1, **said)
        return pace_of(job, RTX_4090).prefill_tokens_per_s[0]

    assert rate(attention="flash") > 1.2 * rate()
    assert rate(attention="eager") == rate()


def test_matrix_tiles_of_a_processor_read_prompts_twice_as_fast_in_llama_cpp(pace_of):
    job = make_job(precision="q4_0", framework="llama.cpp", prompt_tokens=512, output_tokens=1)
    vectors, tiles = (replace(CPU, peak=replace(CPU.peak, bf16=rate)) for rate in (None, 80e12))
    plain, tiled = pace_of(job, vectors, tiles).prefill_tokens_per_s

    assert 1.5 * plain < tiled < 2.1 * plain


def test_a_short_prompt_waits_for_the_calls_of_every_layer(pace_of):
    job = make_job(precision="fp8", framework="tensorrt-llm", prompt_tokens=128, output_tokens=1)

    assert 5e-3 < pace_of(job, H100).ttft_s[0] < 9e-3


def test_vllm_runs_more_requests_at_a_time_on_large_devices_except_the_a100():
    job = make_job(
        make_spec(), precision="bf16", framework="vllm", concurrent_requests="max", prompt_tokens=16, output_tokens=16
    )
    h100, a100, consumer = (
        largest_batch(job, systems=make_systems(device))[0] for device in (H100, make_accelerator(), RTX_4090)
    )

    assert (h100, a100, consumer) == (1024, 256, 256)


def test_tensorrt_llm_leaves_alone_a_share_of_what_its_weights_leave():
    full = {"precision": "fp8", "concurrent_requests": "max", "prompt_tokens": 128, "output_tokens": 2048}
    large = make_spec(
        "seventy",
        parameters=70.6e9,
        active_parameters=70.6e9,
        num_hidden_layers=80,
        hidden_size=8192,
        intermediate_size=28672,
        num_attention_heads=64,
        num_key_value_heads=8,
        head_dim=128,
        vocab_size=128_256,
    )
    tensorrt, vllm = (
        concurrency(make_job(large, framework=name, kv_precision="fp8", **full), make_systems(H100))[0]
        for name in ("tensorrt-llm", "vllm")
    )

    assert tensorrt > 1.5 * vllm


def test_embeddings_of_layers_are_stored_but_not_read():
    """Gemma 4 E4B keeps 2.8e9 weights of which a token reads one row."""
    job = make_job(precision="bf16")
    plain = make_spec("e4b", parameters=8e9, active_parameters=8e9)
    by_layer = replace(plain, active_parameters=5e9)

    spared = touched_weight_bytes(job, plain, batch=1) - touched_weight_bytes(job, by_layer, batch=1)

    assert spared == pytest.approx(3e9 * 2)


def test_layers_that_choose_among_experts_start_more_kernels():
    moe = make_moe()
    dense = make_spec("as-much-work", parameters=moe.active_parameters, active_parameters=moe.active_parameters)
    job, plain = (make_job(spec, precision="f16", framework="llama.cpp", prompt_tokens=1) for spec in (moe, dense))

    overheads = [layer_overhead_s(each, systems=make_systems(H100))[0] for each in (job, plain)]

    assert overheads[0] > 1.1 * overheads[1]


def test_four_bits_are_slow_where_no_instruction_takes_four_numbers_at_once(pace_of):
    """A P100 writes as slowly as a GTX 1080 of half its bandwidth, pavlokhmel.com."""
    job = make_job(precision="q4_k_m", framework="llama.cpp", prompt_tokens=1, output_tokens=128)
    common = {"compute_units": 56, "memory_bandwidth_bytes_per_s": 732e9, "architecture": "Pascal"}
    with_products, without = (
        replace(H100, slug=f"pascal-{capability}", compute_capability=capability, **common)
        for capability in ("6.1", "6.0")
    )

    rates = pace_of(job, with_products, without).decode_tokens_per_s

    assert rates[1] < 0.9 * rates[0]


def test_programs_for_tpus_and_npus_are_recorded_whoever_wrote_them(pace_of):
    eager, recorded = (
        pace_of(
            make_job(precision="bf16", framework="pytorch", compiled=compiled, prompt_tokens=512, output_tokens=64),
            TPU_V4,
            GAUDI_2,
            H100,
        )
        for compiled in (False, True)
    )

    assert np.array_equal(eager.tpot_s[:2], recorded.tpot_s[:2])
    assert np.array_equal(eager.ttft_s[:2], recorded.ttft_s[:2])
    assert eager.tpot_s[2] > 1.5 * recorded.tpot_s[2]


@pytest.mark.parametrize(
    ("prompt", "output", "requests", "published"),
    [(128, 128, 2429, 18_201), (128, 2048, 289, 11_138), (2048, 128, 179, 2028), (2048, 2048, 155, 5511)],
)
def test_batches_on_an_npu_agree_with_the_table_of_gaudi(pace_of, prompt, output, requests, published):
    """https://www.intel.com/content/www/us/en/developer/platform/gaudi/model-performance-gaudi2-inference.html (2024-10)."""
    job = make_job(
        precision="fp8",
        kv_precision="fp8",
        framework="pytorch",
        prompt_tokens=prompt,
        output_tokens=output,
        concurrent_requests=requests,
    )
    pace = pace_of(job, GAUDI_2)

    assert pace.units_per_step[0] / pace.step_s[0] == pytest.approx(published, rel=0.3)


def test_attention_is_not_multiplied_in_four_bits():
    knows = replace(H100, peak=replace(H100.peak, fp4=2 * H100.peak.fp8))
    growth = attention_growth(make_job(precision="nvfp4"), systems=make_systems(M2_ULTRA, knows))

    assert growth[0] == 1
    assert 1.5 < growth[1] <= 2


def test_a_runtime_starts_the_kernels_of_a_layer_sooner_than_python():
    runtime, python = (
        layer_overhead_s(make_job(precision="fp16", framework=name), systems=make_systems(H100))
        for name in ("onnxruntime", "pytorch")
    )

    assert runtime < python


def test_one_token_takes_a_whole_tile_of_matrix_units_and_many_take_what_they_are():
    spec, systems = make_spec(), make_systems(H100)

    one, full, many = (
        tile_rows(make_job(framework="vllm"), spec, systems=systems, written=np.array([tokens]))[0]
        for tokens in (1.0, 16.0, 64.0)
    )

    assert one == full > 1
    assert many == 64


def test_programs_without_tiles_and_experts_multiply_the_rows_they_have():
    written, systems = np.array([1.0]), make_systems(H100)

    assert tile_rows(make_job(framework="llama.cpp"), make_spec(), systems=systems, written=written) == written
    assert tile_rows(make_job(framework="vllm"), make_moe(), systems=systems, written=written) == written
