import tomllib
from pathlib import Path

import pytest

from app.engine.comms import all_reduce_bytes
from app.engine.energy import energy_kwh
from app.engine.flops import (
    attention_flops_per_token,
    flops_utilization,
    training_flops,
    training_flops_per_token,
)
from app.engine.hub_config import spec_from_config
from app.engine.kv_cache import growth_per_token_bytes, kv_cache_bytes
from app.engine.memory import stored_weight_bytes, zero_bytes_per_parameter
from app.engine.params import (
    active_parameters,
    embedding_parameters,
    expert_parameters,
    lora_parameters,
    multiplied_parameters,
)
from app.engine.plans import bubble_fraction
from app.engine.precision import TrainingBytes, block_overhead_bits, bytes_per_parameter
from app.engine.roofline import ridge_flops_per_byte
from app.engine.units import GB, GIB, KIB, SECONDS_PER_HOUR
from tests.engine.jobs import make_spec

CASES = tomllib.loads((Path(__file__).parents[1] / "authorities" / "transformers.toml").read_text("utf-8"))["case"]
A100, H100 = 312e12, 989.4e12
GPT3 = make_spec("gpt-3", hidden_size=12_288, num_hidden_layers=96, num_attention_heads=96, num_key_value_heads=96)
DEEPSEEK = {
    "model_type": "deepseek_v3", "q_lora_rank": 1536, "kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
    "v_head_dim": 128, "num_experts_per_tok": 8, "tie_word_embeddings": False,
}  # fmt: skip
CONFIGS = {
    "llama-2-7b": {
        "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008,
        "vocab_size": 32_000, "tie_word_embeddings": False,
    },
    "mixtral-8x7b": {
        "model_type": "mixtral", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "intermediate_size": 14336, "vocab_size": 32_000, "num_local_experts": 8, "num_experts_per_tok": 2,
    },
    "qwen3-30b": {
        "model_type": "qwen3_moe", "hidden_size": 2048, "num_hidden_layers": 48, "num_attention_heads": 32, "num_key_value_heads": 4,
        "head_dim": 128, "intermediate_size": 6144, "moe_intermediate_size": 768, "vocab_size": 151_936, "num_experts": 128,
        "num_experts_per_tok": 8,
    },
    "qwen3-235b": {
        "model_type": "qwen3_moe", "hidden_size": 4096, "num_hidden_layers": 94, "num_attention_heads": 64, "num_key_value_heads": 4,
        "head_dim": 128, "intermediate_size": 12_288, "moe_intermediate_size": 1536, "vocab_size": 151_936, "num_experts": 128,
        "num_experts_per_tok": 8,
    },
    "deepseek-v2": DEEPSEEK | {
        "model_type": "deepseek_v2", "hidden_size": 5120, "num_hidden_layers": 60, "num_attention_heads": 128,
        "intermediate_size": 12_288, "vocab_size": 102_400, "n_routed_experts": 160, "num_experts_per_tok": 6, "n_shared_experts": 2,
        "moe_intermediate_size": 1536, "first_k_dense_replace": 1,
    },
    "deepseek-v3": DEEPSEEK | {
        "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 128, "intermediate_size": 18_432, "vocab_size": 129_280,
        "n_routed_experts": 256, "n_shared_experts": 1, "moe_intermediate_size": 2048, "first_k_dense_replace": 3,
    },
    "kimi-k2": DEEPSEEK | {
        "model_type": "kimi_k2", "hidden_size": 7168, "num_hidden_layers": 61, "num_attention_heads": 64,
        "intermediate_size": 18_432, "vocab_size": 163_840, "n_routed_experts": 384, "n_shared_experts": 1,
        "moe_intermediate_size": 2048, "first_k_dense_replace": 1,
    },
    "olmoe": {
        "model_type": "olmoe", "hidden_size": 2048, "num_hidden_layers": 16, "num_attention_heads": 16, "intermediate_size": 1024,
        "vocab_size": 50_304, "num_experts": 64, "num_experts_per_tok": 8, "tie_word_embeddings": False,
    },
}  # fmt: skip
GPT_OSS = {
    "20b": make_spec(
        "gpt-oss-20b", parameters=20_914_757_184, active_parameters=4_187_440_704, num_hidden_layers=24, hidden_size=2880,
        intermediate_size=2880, num_attention_heads=64, head_dim=64, vocab_size=201_088, num_experts=32, num_experts_per_token=4,
        moe_intermediate_size=2880,
    ),
    "120b": make_spec(
        "gpt-oss-120b", parameters=116_829_156_672, active_parameters=5_711_982_912, num_hidden_layers=36, hidden_size=2880,
        intermediate_size=2880, num_attention_heads=64, head_dim=64, vocab_size=201_088, num_experts=128, num_experts_per_token=4,
        moe_intermediate_size=2880,
    ),
}  # fmt: skip
MINIMAX = make_spec(
    "minimax-text-01", parameters=456_089_655_296, active_parameters=48_403_306_496, num_hidden_layers=80, hidden_size=6144,
    intermediate_size=9216, num_attention_heads=64, vocab_size=200_064, num_experts=32, num_experts_per_token=2,
    moe_intermediate_size=9216,
)  # fmt: skip


def zero(stage: int) -> float:
    per = zero_bytes_per_parameter(weights=2, gradients=2, optimizer=12, stage=stage, devices=64)
    return 7.5e9 * per / GB


def utilization(*, hidden: int, layers: int, batch: int, devices: int, iteration_s: float) -> float:
    """Of a GPT with feed-forward layers four times as wide; the paper counts the whole attention matrix."""
    parameters = 12 * layers * hidden**2 + 51_200 * hidden
    spec = make_spec(
        "gpt", parameters=parameters, active_parameters=parameters, num_hidden_layers=layers, hidden_size=hidden,
        intermediate_size=4 * hidden, num_attention_heads=hidden // 128, num_key_value_heads=hidden // 128,
        gated_ffn=False, vocab_size=51_200, tie_word_embeddings=True,
    )  # fmt: skip
    matrices = training_flops(parameters=multiplied_parameters(spec), tokens=1)
    flops = batch * 2048 * (matrices + 3 * attention_flops_per_token(spec, 2048))
    return 100 * flops_utilization(flops=flops, device_s=devices * iteration_s, peak_flops_per_s=A100)


def kv(layers: int, heads: int, *, head_dim: int = 128, tokens: int = 1) -> float:
    return kv_cache_bytes(
        num_hidden_layers=layers,
        num_key_value_heads=heads,
        head_dim=head_dim,
        resident_tokens=tokens,
        bytes_per_element=2,
    )


def active(name: str) -> float:
    return spec_from_config(CONFIGS[name]).active_parameters / 1e9


def active_of(spec, *, tables: int) -> float:
    count = active_parameters(
        parameters=spec.parameters,
        routed_parameters=expert_parameters(spec),
        num_experts=spec.num_experts,
        num_experts_per_token=spec.num_experts_per_token,
    )
    return (count - tables * embedding_parameters(spec)) / 1e9


def kimi_without_input_table() -> float:
    spec = spec_from_config(CONFIGS["kimi-k2"])
    return (spec.active_parameters - embedding_parameters(spec)) / 1e9


def run_utilization(parameters: float, tokens: float, *, device_hours: float, peak: float) -> float:
    flops = training_flops(parameters=parameters, tokens=tokens)
    return 100 * flops_utilization(flops=flops, device_s=device_hours * SECONDS_PER_HOUR, peak_flops_per_s=peak)


MEGATRON = {
    "22b": {"hidden": 6144, "layers": 48, "batch": 4, "devices": 8, "iteration_s": 1.10},
    "175b": {"hidden": 12_288, "layers": 96, "batch": 64, "devices": 64, "iteration_s": 13.75},
    "530b": {"hidden": 20_480, "layers": 105, "batch": 280, "devices": 280, "iteration_s": 37.83},
    "1t": {"hidden": 25_600, "layers": 128, "batch": 512, "devices": 512, "iteration_s": 71.49},
}
COMPUTED = {
    "zero_baseline": lambda: zero(0),
    "zero_1": lambda: zero(1),
    "zero_2": lambda: zero(2),
    "zero_3": lambda: zero(3),
    **{f"megatron_{size}_mfu": lambda run=run: utilization(**run) for size, run in MEGATRON.items()},
    "gpt3_flops": lambda: training_flops(parameters=175e9, tokens=300e9) / 1e23,
    "chinchilla_flops": lambda: training_flops(parameters=70e9, tokens=1.4e12) / 1e23,
    "llama31_405b_flops": lambda: training_flops(parameters=405e9, tokens=15.6e12) / 1e25,
    "deepseek_v3_flops_per_token": lambda: (
        training_flops_per_token(spec_from_config(CONFIGS["deepseek-v3"]), 4096) / 1e9
    ),
    "deepseek_v3_kv": lambda: (
        growth_per_token_bytes(spec_from_config(CONFIGS["deepseek-v3"]), bytes_per_element=2) / 1e3
    ),
    "qwen25_72b_kv": lambda: kv(80, 8) / 1e3,
    "llama31_405b_kv": lambda: kv(126, 8) / 1e3,
    "opt_13b_kv": lambda: kv(40, 40) / KIB,
    "opt_13b_kv_2048": lambda: kv(40, 40, tokens=2048) / GB,
    "gpt2_xl_kv": lambda: kv(48, 25, head_dim=64) / KIB,
    "nf4_overhead": lambda: block_overhead_bits(block=64, scale_bits=8, second_block=256, second_scale_bits=32),
    "double_quantisation_saves": lambda: (
        block_overhead_bits(block=64, scale_bits=32)
        - block_overhead_bits(block=64, scale_bits=8, second_block=256, second_scale_bits=32)
    ),
    "full_65b": lambda: 65e9 * TrainingBytes(weights=2, gradients=2, optimizer=8).total / GB,
    "llama31_8b_q4_k_m": lambda: 8_030_261_248 * bytes_per_parameter("q4_k_m") / GIB,
    "llama31_8b_q8_0": lambda: 8_030_261_248 * bytes_per_parameter("q8_0") / GIB,
    "llama31_70b_q4_k_m": lambda: 70_553_706_496 * bytes_per_parameter("q4_k_m") / GB,
    "llama31_405b_q4_k_m": lambda: 405_853_388_800 * bytes_per_parameter("q4_k_m") / GB,
    "gpt_oss_20b_checkpoint": lambda: stored_weight_bytes(GPT_OSS["20b"], "mxfp4") / GIB,
    "gpt_oss_120b_checkpoint": lambda: stored_weight_bytes(GPT_OSS["120b"], "mxfp4") / GIB,
    "lora_gpt3_r1": lambda: lora_parameters(GPT3, 1, targets="qv") / 1e6,
    "lora_gpt3_r8": lambda: lora_parameters(GPT3, 8, targets="qv") / 1e6,
    "lora_llama2_7b_qv_r8": lambda: lora_parameters(spec_from_config(CONFIGS["llama-2-7b"]), 8, targets="qv"),
    "lora_llama2_7b_all_r16": lambda: lora_parameters(spec_from_config(CONFIGS["llama-2-7b"]), 16),
    "lora_llama3_8b_all_r16": lambda: lora_parameters(make_spec(), 16),
    "active_mixtral_8x7b": lambda: active("mixtral-8x7b"),
    "active_qwen3_30b": lambda: active("qwen3-30b"),
    "active_qwen3_235b": lambda: active("qwen3-235b"),
    "active_deepseek_v2": lambda: active("deepseek-v2"),
    "active_deepseek_v3": lambda: active("deepseek-v3"),
    "active_kimi_k2": kimi_without_input_table,
    "active_gpt_oss_120b": lambda: active_of(GPT_OSS["120b"], tables=1),
    "active_gpt_oss_20b": lambda: active_of(GPT_OSS["20b"], tables=1),
    "active_minimax_01": lambda: active_of(MINIMAX, tables=2),
    "active_olmoe": lambda: active("olmoe"),
    "llama2_70b_mfu": lambda: run_utilization(68_976_648_192, 2e12, device_hours=1_720_320, peak=A100),
    "llama2_70b_energy": lambda: energy_kwh(device_hours=1_720_320.0, tdp_w=400.0) / 1e3,
    "llama31_405b_mfu": lambda: run_utilization(405_853_388_800, 15.6e12, device_hours=30.84e6, peak=H100),
    "deepseek_v3_mfu": lambda: run_utilization(37_552_282_624, 14.8e12, device_hours=2.664e6, peak=H100),
    "anatomy_4b": lambda: 4e9 * TrainingBytes(weights=6, gradients=4, optimizer=8).total / GB,
    "ring_8": lambda: all_reduce_bytes(1.0, 8),
    "ridge_a100": lambda: ridge_flops_per_byte(peak_flops_per_s=A100, bandwidth_bytes_per_s=2039e9),
    "ridge_h100": lambda: ridge_flops_per_byte(peak_flops_per_s=H100, bandwidth_bytes_per_s=3350e9),
    "gemma2_2b_logits": lambda: 3 * 4 * 8192 * 256_000 / GB,
    "bubble_8_64": lambda: 100 * bubble_fraction(pipeline_parallel=8, micro_batches=64),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_engine_agrees_with_the_published_number(case):
    assert COMPUTED[case["id"]]() == pytest.approx(case["published"], rel=case["tolerance"] or 1e-12)


def test_every_published_number_is_computed_by_the_engine():
    assert {case["id"] for case in CASES} == set(COMPUTED)
