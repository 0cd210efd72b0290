"""Jobs, devices and published model shapes for the tests of the engine: plain functions with good defaults."""

from dataclasses import replace

import numpy as np

from app.engine.defaults import complete
from app.engine.hardware import Accelerator, Devices, PeakRates, Plan, Systems, systems_of
from app.engine.job import Job
from app.engine.model_spec import TransformerSpec
from app.engine.units import GB, GIB, TERA
from app.engine.workload import Workload


def make_accelerator(slug="a100-sxm4-80gb", **changes) -> Accelerator:
    """An A100-SXM-80GB unless changed."""
    device = Accelerator(
        slug=slug,
        name="A100 SXM 80 GB",
        vendor="NVIDIA",
        kind="gpu",
        segment="datacenter",
        architecture="Ampere GA100",
        peak=PeakRates(fp32=19.5 * TERA, tf32=156 * TERA, fp16=312 * TERA, bf16=312 * TERA, int8=624 * TERA),
        memory_bytes=80 * GB,
        usable_memory_bytes=79.2 * GIB,
        memory_bandwidth_bytes_per_s=2039 * GB,
        tdp_w=400.0,
        interconnect="nvlink",
        interconnect_bytes_per_s=600 * GB,
        pcie_bytes_per_s=32 * GB,
    )
    return replace(device, **changes)


H100 = make_accelerator(
    "h100-sxm5-80gb", architecture="Hopper", memory_bandwidth_bytes_per_s=3350 * GB, tdp_w=700.0, interconnect_bytes_per_s=900 * GB,
    peak=PeakRates(fp32=66.9 * TERA, tf32=494.7 * TERA, fp16=989.4 * TERA, bf16=989.4 * TERA, fp8=1979 * TERA, int8=1979 * TERA),
)  # fmt: skip
RTX_4090 = make_accelerator(
    "geforce-rtx-4090", segment="desktop", architecture="Ada Lovelace", memory_bytes=24 * GB, usable_memory_bytes=23.5 * GIB,
    memory_bandwidth_bytes_per_s=1008 * GB, tdp_w=450.0, interconnect="none", interconnect_bytes_per_s=None,
    peak=PeakRates(
        fp32=82.6 * TERA, tf32=82.6 * TERA, fp16=165.2 * TERA, bf16=165.2 * TERA, fp16_accumulate_fp16=330.3 * TERA,
        fp8=660.6 * TERA, int8=660.6 * TERA,
    ),
)  # fmt: skip
T4 = make_accelerator(
    "t4", architecture="Turing", memory_bytes=16 * GB, usable_memory_bytes=14.7 * GIB, memory_bandwidth_bytes_per_s=320 * GB,
    tdp_w=70.0, interconnect="none", interconnect_bytes_per_s=None, pcie_bytes_per_s=16 * GB,
    peak=PeakRates(fp32=8.1 * TERA, fp16=65 * TERA, int8=130 * TERA),
)  # fmt: skip
GTX_1080_TI = make_accelerator(
    "geforce-gtx-1080-ti", segment="desktop", architecture="Pascal", memory_bytes=11 * GB, usable_memory_bytes=10.9 * GIB,
    memory_bandwidth_bytes_per_s=484 * GB, tdp_w=250.0, interconnect="none", interconnect_bytes_per_s=None,
    pcie_bytes_per_s=16 * GB, peak=PeakRates(fp32=11.3 * TERA),
)  # fmt: skip
M2_ULTRA = make_accelerator(
    "apple-m2-ultra", vendor="Apple", kind="apple_soc", segment="soc", architecture="Apple M2 Ultra", memory_bytes=192 * GB,
    usable_memory_bytes=144 * GB, memory_bandwidth_bytes_per_s=800 * GB, tdp_w=None, interconnect="none",
    interconnect_bytes_per_s=None, pcie_bytes_per_s=None, unified_memory=True, peak=PeakRates(fp32=27.2 * TERA),
)  # fmt: skip
CPU = make_accelerator(
    "core-i9-13900k", vendor="Intel", kind="cpu", segment="desktop", architecture="Raptor Lake", memory_bytes=192 * GB,
    usable_memory_bytes=180 * GB, memory_bandwidth_bytes_per_s=89.6 * GB, tdp_w=253.0, interconnect="none",
    interconnect_bytes_per_s=None, pcie_bytes_per_s=None, peak=PeakRates(fp32=2.5 * TERA),
)  # fmt: skip
TPU_V4 = make_accelerator(
    "tpu-v4", vendor="Google", kind="tpu", architecture="Google TPU v4", memory_bytes=32 * GB, usable_memory_bytes=30 * GIB,
    memory_bandwidth_bytes_per_s=1228 * GB, tdp_w=192.0, interconnect="ici", interconnect_bytes_per_s=600 * GB,
    pcie_bytes_per_s=None, peak=PeakRates(bf16=275 * TERA, int8=275 * TERA),
)  # fmt: skip
MI300X = make_accelerator(
    "mi300x", vendor="AMD", architecture="CDNA 3", memory_bytes=192 * GB, usable_memory_bytes=190 * GIB,
    memory_bandwidth_bytes_per_s=5300 * GB, tdp_w=750.0, interconnect="xgmi", interconnect_bytes_per_s=896 * GB,
    peak=PeakRates(fp32=163.4 * TERA, fp16=1307 * TERA, bf16=1307 * TERA, fp8=2615 * TERA),
)  # fmt: skip
EVERY_KIND = (make_accelerator(), H100, RTX_4090, T4, GTX_1080_TI, M2_ULTRA, CPU, TPU_V4, MI300X)


def make_spec(name="llama-3.1-8b", **changes) -> TransformerSpec:
    """Llama-3.1-8B unless changed."""
    spec = TransformerSpec(
        name=name,
        architecture="decoder",
        parameters=8_030_261_248,
        active_parameters=8_030_261_248,
        num_hidden_layers=32,
        hidden_size=4096,
        intermediate_size=14336,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        vocab_size=128_256,
        tie_word_embeddings=False,
        max_position_embeddings=131_072,
    )
    return replace(spec, **changes)


def make_moe(**changes) -> TransformerSpec:
    """Mixtral-8x7B unless changed."""
    return make_spec(
        "mixtral-8x7b", parameters=46_702_792_704, active_parameters=12_879_925_248, vocab_size=32_000, num_experts=8,
        num_experts_per_token=2, moe_intermediate_size=14_336, max_position_embeddings=32_768,
    ) if not changes else replace(make_moe(), **changes)  # fmt: skip


BERT_LARGE = make_spec(
    "bert-large-uncased", architecture="encoder", parameters=335_141_888, active_parameters=335_141_888, num_hidden_layers=24,
    hidden_size=1024, intermediate_size=4096, num_attention_heads=16, num_key_value_heads=16, head_dim=64, vocab_size=30_522,
    tie_word_embeddings=True, gated_ffn=False, max_position_embeddings=512, encoder_layers=24,
)  # fmt: skip
T5_BASE = make_spec(
    "t5-base", architecture="encoder_decoder", parameters=222_903_552, active_parameters=222_903_552, num_hidden_layers=24,
    hidden_size=768, intermediate_size=3072, num_attention_heads=12, num_key_value_heads=12, head_dim=64, vocab_size=32_128,
    tie_word_embeddings=True, gated_ffn=False, max_position_embeddings=512, encoder_layers=12, decoder_layers=12,
)  # fmt: skip


def make_job(spec: TransformerSpec | None = None, **workload) -> Job:
    """A job on a transformer, inference of a Llama-3.1-8B unless changed; fields as in the contract's workload."""
    model = spec or make_spec()
    fields = {"task": "inference", "domain": "text", **workload}
    return complete(Workload.model_validate(fields), model=model)


def make_systems(*accelerators: Accelerator, count=1, nodes=1, **degrees) -> Systems:
    """Systems of these devices, plain replicas unless degrees of parallelism or a ZeRO stage are given."""
    devices = Devices(accelerators or (make_accelerator(),))
    counts = np.full(len(devices), float(count))
    ones = np.ones(len(devices))
    names = ("tensor_parallel", "pipeline_parallel", "expert_parallel", "context_parallel")
    split = [ones * degrees.get(name, 1) for name in names]
    replicas = counts / (split[0] * split[1] * split[3])
    plan = Plan(replicas, *split, ones * degrees.get("zero_stage", 0))
    return systems_of(devices, count=counts, nodes=ones * nodes, plan=plan)
