"""Small hand-built devices, markets, policies and jobs; every maker takes changes as keywords."""

from dataclasses import replace
from datetime import date

from app.advice.constraints import Constraints
from app.advice.market import ElectricityPrice, HostPart, Machine, Market, Offer, Price, Provider
from app.advice.policy import Policy, Rule, Scenario, Tier
from app.engine.hardware import Accelerator, Devices, PeakRates
from app.engine.job import Job
from app.engine.model_spec import DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.units import GB, GIB, TERA
from app.engine.workload import Workload

TODAY = date(2026, 11, 22)
"""The day on which the hand-built market is looked at."""

FRESH = date(2026, 10, 1)
STALE = date(2026, 3, 1)


def make_accelerator(slug="geforce-rtx-4090", **changes) -> Accelerator:
    """One supported NVIDIA desktop card with 24 GiB, 165 TFLOP/s and 1,008 GB/s."""
    memory_gib = changes.pop("memory_gib", 24)
    tflops = changes.pop("tflops", 165.0)
    bandwidth = changes.pop("bandwidth_gb_per_s", 1008.0)
    facts = {
        "slug": slug,
        "name": slug.replace("-", " "),
        "vendor": "NVIDIA",
        "kind": "gpu",
        "segment": "desktop",
        "architecture": "Ada",
        "peak": PeakRates(fp32=tflops / 2 * TERA, tf32=tflops / 2 * TERA, fp16=tflops * TERA, bf16=tflops * TERA),
        "memory_bytes": memory_gib * GIB,
        "usable_memory_bytes": (memory_gib - 0.8) * GIB,
        "memory_bandwidth_bytes_per_s": bandwidth * GB,
        "tdp_w": 300.0,
        "launch_year": 2024,
        "pcie_bytes_per_s": 32 * GB,
        "slots": 2.0,
        "compute_capability": "8.9",
        "software_stack": "cuda",
    }
    return Accelerator(**{**facts, **changes})


SMALL_CARD = make_accelerator("geforce-rtx-5060", memory_gib=8, tflops=80.0, bandwidth_gb_per_s=448.0, tdp_w=145.0)
MID_CARD = make_accelerator(
    "geforce-rtx-5060-ti-16gb", memory_gib=16, tflops=95.0, bandwidth_gb_per_s=448.0, tdp_w=180.0
)
HIGH_CARD = make_accelerator("geforce-rtx-4090", memory_gib=24, tdp_w=450.0)
TOP_CARD = make_accelerator("geforce-rtx-5090", memory_gib=32, tflops=210.0, bandwidth_gb_per_s=1792.0, tdp_w=575.0)
PRO_CARD = make_accelerator(
    "rtx-pro-6000-ws-blackwell",
    memory_gib=96,
    tflops=250.0,
    bandwidth_gb_per_s=1792.0,
    tdp_w=600.0,
    segment="workstation",
)
AMD_CARD = make_accelerator(
    "radeon-rx-7900-xtx", vendor="AMD", memory_gib=24, tflops=122.0, bandwidth_gb_per_s=960.0, tdp_w=355.0,
    software_stack="rocm", compute_capability=None, architecture="RDNA3",
)  # fmt: skip
OLD_CARD = make_accelerator(
    "geforce-gtx-1080", memory_gib=8, tflops=9.0, bandwidth_gb_per_s=320.0, support="legacy", launch_year=2016,
    support_note="Pascal: newest CUDA releases left it out in August 2025.",
)  # fmt: skip
DEAD_CARD = make_accelerator(
    "geforce-gt-740m", memory_gib=2, tflops=0.8, bandwidth_gb_per_s=14.4, support="unsupported", segment="laptop",
    launch_year=2013, support_note="Kepler: dropped by CUDA 12.0.",
)  # fmt: skip
LAPTOP_CARD = make_accelerator(
    "geforce-rtx-5070-ti-laptop", memory_gib=12, tflops=90.0, bandwidth_gb_per_s=672.0, tdp_w=115.0, segment="laptop"
)
MAC = make_accelerator(
    "apple-m4-max", vendor="Apple", kind="apple_soc", segment="soc", memory_gib=64, tflops=30.0, bandwidth_gb_per_s=546.0,
    tdp_w=70.0, software_stack="mps", unified_memory=True, slots=None, compute_capability=None,
)  # fmt: skip
SERVER_CARD = make_accelerator(
    "h100-sxm5-80gb", memory_gib=80, tflops=989.0, bandwidth_gb_per_s=3350.0, tdp_w=700.0, segment="datacenter",
    interconnect="nvlink", interconnect_bytes_per_s=900 * GB, slots=None,
)  # fmt: skip
INFERENCE_CARD = make_accelerator(
    "l4", memory_gib=24, tflops=121.0, bandwidth_gb_per_s=300.0, tdp_w=72.0, segment="datacenter", slots=1.0
)
OLD_NOTEBOOK_CARD = make_accelerator(
    "t4",
    memory_gib=16,
    tflops=65.0,
    bandwidth_gb_per_s=320.0,
    tdp_w=70.0,
    segment="datacenter",
    slots=1.0,
    launch_year=2018,
)
TPU = make_accelerator(
    "tpu-v6e", vendor="Google", kind="tpu", segment="datacenter", memory_gib=32, tflops=918.0, bandwidth_gb_per_s=1640.0,
    tdp_w=None, software_stack="xla", interconnect="ici", interconnect_bytes_per_s=400 * GB, slots=None,
)  # fmt: skip
FPGA = make_accelerator(
    "alveo-u250", vendor="AMD", kind="fpga", segment="datacenter", memory_gib=64, tflops=1.0, bandwidth_gb_per_s=77.0,
    software_stack="vitis",
)  # fmt: skip
CPU = make_accelerator(
    "ryzen-9-9900x", vendor="AMD", kind="cpu", memory_gib=192, tflops=1.5, bandwidth_gb_per_s=83.0, tdp_w=120.0,
    software_stack="", compute_units=12.0, slots=None,
)  # fmt: skip

CATALOGUE = (
    SMALL_CARD, MID_CARD, HIGH_CARD, TOP_CARD, PRO_CARD, AMD_CARD, OLD_CARD, DEAD_CARD, LAPTOP_CARD, MAC, SERVER_CARD,
    INFERENCE_CARD, OLD_NOTEBOOK_CARD, TPU, FPGA, CPU,
)  # fmt: skip


def make_devices(*accelerators) -> Devices:
    """These accelerators, or the small catalogue of this module."""
    return Devices(tuple(accelerators) or CATALOGUE)


def make_price(accelerator="geforce-rtx-4090", usd=3400.0, **changes) -> Price:
    facts = {
        "accelerator": accelerator, "condition": "new", "usd_low": usd * 0.95, "usd": usd, "usd_high": usd * 1.1,
        "region": "US", "as_of": FRESH, "source": "https://prices.example/list", "confidence": "medium",
    }  # fmt: skip
    return Price(**{**facts, **changes})


def make_offer(accelerator="h100-sxm5-80gb", usd_per_hour=3.0, **changes) -> Offer:
    facts = {
        "provider": "lambda", "instance": f"gpu_1x_{accelerator}", "region": "us-east", "accelerator": accelerator,
        "accelerator_count": 1.0, "accelerator_memory_bytes": 80 * GIB, "vcpus": 26.0, "ram_gb": 200.0,
        "storage_gb": 1000.0, "usd_per_hour_on_demand": usd_per_hour, "usd_per_hour_spot": None,
        "billing": "per-minute", "as_of": FRESH, "source": "https://cloud.example/prices",
    }  # fmt: skip
    return Offer(**{**facts, **changes})


def make_provider(slug="lambda", **changes) -> Provider:
    facts = {
        "slug": slug, "name": slug.title(), "kind": "specialist", "status": "active", "status_note": "",
        "homepage": f"https://{slug}.example", "billing": "per-minute", "free_tier": "none",
    }  # fmt: skip
    return Provider(**{**facts, **changes})


def make_machine(slug="legion-5070-ti", accelerator="geforce-rtx-5070-ti-laptop", usd=1600.0, **changes) -> Machine:
    facts = {
        "slug": slug, "name": slug.replace("-", " "), "kind": "laptop", "accelerator": accelerator,
        "accelerator_count": 1, "cpu": "Core Ultra 9", "ram_gb": 32.0, "storage_gb": 1000.0, "usd_low": usd,
        "usd": usd, "usd_high": usd, "as_of": FRESH, "source": "https://shop.example/laptop", "confidence": "medium",
    }  # fmt: skip
    return Machine(**{**facts, **changes})


PRICES = (
    make_price("geforce-rtx-5060", 440.0),
    make_price("geforce-rtx-5060-ti-16gb", 700.0),
    make_price("geforce-rtx-4090", 3400.0),
    make_price("geforce-rtx-4090", 1600.0, condition="used"),
    make_price("geforce-rtx-5090", 5258.0),
    make_price("rtx-pro-6000-ws-blackwell", 14750.0),
    make_price("radeon-rx-7900-xtx", 915.0),
    make_price("geforce-gtx-1080", 90.0, condition="used"),
    make_price("h100-sxm5-80gb", 30000.0, confidence="low"),
    make_price("l4", 2500.0),
)

OFFERS = (
    make_offer("h100-sxm5-80gb", 3.0),
    make_offer("h100-sxm5-80gb", 24.0, instance="gpu_8x_h100", accelerator_count=8.0, usd_per_hour_spot=12.0),
    make_offer("h100-sxm5-80gb", 55.0, provider="aws", instance="p5.48xlarge", accelerator_count=8.0),
    make_offer("l4", 0.8, provider="aws", instance="g6.xlarge", usd_per_hour_spot=0.3),
    make_offer("l4", 0.7, provider="gcp", instance="g2-standard-4", region="us-central1"),
    make_offer("geforce-rtx-4090", 0.5, provider="runpod", instance="RTX 4090", region="global"),
    make_offer("geforce-rtx-5090", 0.7, provider="runpod", instance="RTX 5090", region="global"),
    make_offer("rtx-pro-6000-ws-blackwell", 1.6, provider="runpod", instance="RTX PRO 6000", region="global"),
    make_offer("t4", 0.0, provider="colab", instance="Colab free", region="assigned", billing="free (dynamic quota)"),
    make_offer("tpu-v6e", 21.6, provider="gcp", instance="tpu-v6e-8", accelerator_count=8.0, region="us-central1"),
    make_offer("geforce-rtx-4090", 0.1, provider="floydhub", instance="gpu"),
    make_offer("geforce-rtx-4090", 0.2, provider="vast", instance="old listing", as_of=STALE),
)

PROVIDERS = (
    make_provider("lambda"),
    make_provider("aws", name="Amazon Web Services", kind="hyperscaler", aliases=("amazon",)),
    make_provider("gcp", name="Google Cloud", kind="hyperscaler"),
    make_provider("runpod"),
    make_provider("vast", kind="marketplace"),
    make_provider("colab", name="Google Colab", kind="notebook", free_tier="a T4 for some hours"),
    make_provider("floydhub", name="FloydHub", kind="defunct", status="closed", status_note="closed in August 2021"),
)


def make_market(**changes) -> Market:
    """Prices and offers for the small catalogue."""
    facts = {
        "prices": PRICES,
        "providers": PROVIDERS,
        "offers": OFFERS,
        "machines": (make_machine(), make_machine("mac-studio-m4-max", "apple-m4-max", 3700.0, kind="mac")),
        "host_parts": (HostPart("psu", "850 W gold", 130.0, 140.0, FRESH, "https://shop.example/psu", "medium"),),
        "electricity": (
            ElectricityPrice("", 0.165, date(2025, 6, 1), "https://power.example"),
            ElectricityPrice("DE", 0.40, date(2025, 6, 1), "https://power.example"),
        ),
    }
    return Market(**{**facts, **changes})


SCENARIOS = (
    Scenario(1, "no-gpu", "No GPU needed", "A processor is enough."),
    Scenario(2, "one-gpu", "One GPU", "One card does it."),
    Scenario(3, "box-or-cloud", "Own box or cloud", "Several cards, bought or rented."),
    Scenario(4, "cluster", "Cluster or TPU", "More than a box."),
)

TIERS = (
    Tier("none", "No GPU", None, None, 0),
    Tier("entry", "Entry", None, 8.0, 1),
    Tier("mid", "Mid-range", 10.0, 16.0, 2),
    Tier("high", "High-end", 24.0, 32.0, 3),
    Tier("workstation", "Workstation", 48.0, 96.0, 4),
    Tier("datacenter", "Data centre", 80.0, None, 5),
    Tier("cluster", "Cluster", None, None, 6),
)


def make_rule(slug="always-one-gpu", **changes) -> Rule:
    facts = {
        "slug": slug, "kind": "scenario", "priority": 1, "condition": "true", "outcome": "one-gpu",
        "reason": "One card is enough.", "valid_from": date(2026, 1, 1), "last_checked": FRESH, "owner": "WhichRig",
    }  # fmt: skip
    return Rule(**{**facts, **changes})


def make_policy(**changes) -> Policy:
    """Four scenarios, seven tiers, and two rules that always decide for one mid-range card."""
    facts = {
        "scenarios": SCENARIOS,
        "tiers": TIERS,
        "rules": (make_rule(), make_rule("always-mid", kind="tier", outcome="mid", reason="It takes 16 GB.")),
    }
    return Policy(**{**facts, **changes})


def make_network(**changes) -> NetworkSpec:
    facts = {
        "name": "ResNet-50", "architecture": "cnn", "family": "resnet", "parameters": 25.6e6,
        "macs_per_sample": 4.1e9, "activations_per_sample": 11.1e6, "reference_size": (224, 224),
    }  # fmt: skip
    return NetworkSpec(**{**facts, **changes})


def make_diffusion(**changes) -> DiffusionSpec:
    """The shape of FLUX.1, a diffusion transformer for pictures."""
    facts = {
        "name": "flux", "architecture": "diffusion_transformer", "modality": "text-to-image",
        "denoiser_parameters": 1.2e10, "text_encoder_parameters": 4.9e9, "vae_parameters": 8e7,
        "flops_per_forward": 6e13, "default_size": (1024, 1024), "default_frames": 1, "tokens": 4096,
        "default_steps": 28, "guidance_doubles_batch": False,
    }  # fmt: skip
    return DiffusionSpec(**{**facts, **changes})


def make_transformer(**changes) -> TransformerSpec:
    """The shape of an 8 B decoder."""
    facts = {
        "name": "Llama 3.1 8B", "architecture": "decoder", "parameters": 8.03e9, "active_parameters": 8.03e9,
        "num_hidden_layers": 32, "hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 128256, "tie_word_embeddings": False,
    }  # fmt: skip
    return TransformerSpec(**{**facts, **changes})


def make_workload(**changes) -> Workload:
    return Workload(**{"task": "train", "domain": "vision", **changes})


def make_job(**changes) -> Job:
    """Training a ResNet-50 on 100,000 pictures for 30 epochs."""
    facts = {
        "workload": make_workload(), "model": make_network(), "work_class": "vision_train", "training": True,
        "method": "full", "precision": "amp", "optimizer": "adamw", "framework": "pytorch", "attention": "flash",
        "compiled": False, "channels_last": False, "gradient_checkpointing": False, "micro_batch_size": 32,
        "gradient_accumulation_steps": 1, "seq_len": 0, "prompt_tokens": 0, "output_tokens": 0,
        "concurrent_requests": None, "kv_precision": "fp16", "lora_rank": 16, "image_size": (224, 224), "frames": 1,
        "depth": None, "samples": 1e5, "tokens": None, "rows": None, "columns": None, "data_bytes": 1e10,
        "epochs": 30.0, "steps": None,
    }  # fmt: skip
    return Job(**{**facts, **changes})


def make_llm_job(**changes) -> Job:
    """Adapting an 8 B decoder with QLoRA on 10 million tokens."""
    facts = {
        "workload": make_workload(task="finetune", domain="text", method="qlora"), "model": make_transformer(),
        "work_class": "llm_qlora", "method": "qlora", "precision": "nf4", "micro_batch_size": 1,
        "gradient_checkpointing": True, "seq_len": 1024, "image_size": None, "samples": None, "tokens": 1e7,
        "epochs": 3.0, "data_bytes": 4e7,
    }  # fmt: skip
    return make_job(**{**facts, **changes})


def make_constraints(**changes) -> Constraints:
    return Constraints(**changes)


def changed(value, **changes):
    """A copy of a frozen dataclass with other fields."""
    return replace(value, **changes)
