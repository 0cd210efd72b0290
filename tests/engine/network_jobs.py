"""Jobs on networks, diffusion models and tables for the tests of the engine: plain functions with good defaults."""

from dataclasses import replace

from app.engine.defaults import complete
from app.engine.job import Job
from app.engine.model_spec import AlgorithmSpec, DiffusionSpec, NetworkSpec, TransformerSpec
from app.engine.workload import Workload
from tests.engine.jobs import make_accelerator

RESNET50 = NetworkSpec(
    "resnet50", "cnn", "resnet", 25_557_032, 4.11e9, 11.11e6, (224, 224), 50, "none", dense_3x3_share=0.45
)
MOBILENET = NetworkSpec(
    "mobilenetv2-100", "cnn", "mobilenetv", 3_504_872, 0.31e9, 6.68e6, (224, 224), 53, "none", dense_3x3_share=0
)
VGG16 = NetworkSpec("vgg16", "cnn", "vgg", 138_357_544, 15.47e9, 13.56e6, (224, 224), 16, "none", dense_3x3_share=1)
DENSENET = NetworkSpec(
    "densenet121", "cnn", "densenet", 7_978_856, 2.87e9, 6.9e6, (224, 224), 121, "none", dense_3x3_share=0.35
)
VIT_B = NetworkSpec("vit-base-patch16-224", "vit", "vit", 86_567_656, 17.58e9, 23.9e6, (224, 224), 12, "equal_blocks")
YOLO = NetworkSpec("yolov8m", "detector", "yolo", 25_902_640, 39.47e9, 48.4e6, (640, 640))
SEGMENTER = NetworkSpec("deeplabv3", "segmenter", "deeplabv", 42_004_074, 178.7e9, 142.3e6, (520, 520))
NNUNET = NetworkSpec("nnunet-3d-fullres", "unet", "nnunet", 31_199_796, 482.8e9, 454.9e6, (128, 128, 128))
GAN = NetworkSpec("your model", "gan", "", 51e6, None, None)
NCF = NetworkSpec("your model", "recommender", "", 31.8e6, 0.107e6, 800.0)
POLICY = NetworkSpec("your model", "mlp", "", 1e5, 1e5, 5e2)
LSTM = NetworkSpec("your model", "rnn", "", 5e5, None, None)
GNN = NetworkSpec("your model", "gnn", "", 1e6, 2e6, 1e4)
ALPHAFOLD = NetworkSpec("alphafold2", "other", "alphafold", 93e6, None, None, tokens_meet="triangles")
ALPHAFOLD_3 = NetworkSpec("alphafold3", "other", "alphafold3", 368e6, None, None, tokens_meet="fused_triangles")
MYSTERY = NetworkSpec("your model", "other", "", 1e7, None, None)

SD15 = DiffusionSpec(
    "sd-1.5", "diffusion_unet", "text-to-image", 859_520_964, 123_060_480, 83_653_863, 0.8033e12, (512, 512), 1, 4096, 50, True,
)  # fmt: skip
FLUX = DiffusionSpec(
    "flux.1-dev", "diffusion_transformer", "text-to-image", 11_901_408_320, 4_885_371_136, 83_819_683, 74.3847e12,
    (1024, 1024), 1, 4608, 28, False,
)  # fmt: skip
DIT_XL = DiffusionSpec(
    "dit-xl-2-256", "diffusion_transformer", "class-to-image", 675_129_632, 0.0, 83_653_863, 0.2373e12, (256, 256), 1, 256, 250, True,
)  # fmt: skip
WAN_14B = DiffusionSpec(
    "wan2.1-t2v-14b", "diffusion_transformer", "text-to-video", 14_288_491_584, 5_680_910_336, 126_892_531, 6523.4366e12,
    (720, 1280), 81, 75_600, 50, True, vae_temporal_factor=4, latent_channels=16,
)  # fmt: skip

WHISPER_LARGE = TransformerSpec(
    name="whisper-large-v2", architecture="encoder_decoder", parameters=1_543_304_960, active_parameters=1_543_304_960,
    num_hidden_layers=64, hidden_size=1280, intermediate_size=5120, num_attention_heads=20, num_key_value_heads=20, head_dim=64,
    vocab_size=51_865, gated_ffn=False, max_position_embeddings=448, encoder_layers=32, decoder_layers=32,
)  # fmt: skip

XEON = make_accelerator(
    "xeon-e5-2697a-v4", vendor="Intel", kind="cpu", segment="datacenter", architecture="Broadwell", launch_year=2016,
    memory_bandwidth_bytes_per_s=76.8e9, compute_units=16.0, interconnect="none", interconnect_bytes_per_s=None,
    peak=replace(make_accelerator().peak, fp32=1.33e12, tf32=None, fp16=None, bf16=None, int8=None),
)  # fmt: skip
V100 = make_accelerator(
    "tesla-v100-sxm2-16gb", architecture="Volta", launch_year=2017, memory_bandwidth_bytes_per_s=900e9, compute_units=80, boost_hz=1.53e9,
    peak=replace(make_accelerator().peak, fp32=15.7e12, tf32=None, fp16=125e12, bf16=None, int8=None),
)  # fmt: skip
RTX_3090 = make_accelerator(
    "geforce-rtx-3090", segment="desktop", architecture="Ampere", launch_year=2020, memory_bandwidth_bytes_per_s=936e9,
    interconnect="none", interconnect_bytes_per_s=None,
    peak=replace(make_accelerator().peak, fp32=35.6e12, tf32=35.6e12, fp16=71e12, bf16=71e12, int8=None),
)  # fmt: skip
JETSON = make_accelerator(
    "jetson-orin-nano", segment="edge", architecture="Ampere", memory_bandwidth_bytes_per_s=68e9, interconnect="none",
    interconnect_bytes_per_s=None, pcie_bytes_per_s=None,
    peak=replace(make_accelerator().peak, fp32=1.28e12, tf32=None, fp16=10e12, bf16=None, int8=20e12),
)  # fmt: skip
ARC = make_accelerator(
    "arc-a770", vendor="Intel", segment="desktop", architecture="Alchemist", memory_bandwidth_bytes_per_s=560e9,
    interconnect="none", interconnect_bytes_per_s=None,
    peak=replace(make_accelerator().peak, fp32=19.7e12, tf32=None, fp16=137e12, bf16=137e12, int8=None),
)  # fmt: skip


def network_job(spec: NetworkSpec | DiffusionSpec | TransformerSpec = RESNET50, **workload) -> Job:
    """A job on a network: training of a ResNet-50 in mixed precision unless changed; fields as in the contract's workload."""
    fields = {
        "task": "train",
        "domain": "vision",
        "precision": "amp",
        "batch_size": 64,
        "channels_last": True,
        **workload,
    }
    return complete(Workload.model_validate(fields), model=spec)


def table_job(name="xgboost", rows=1e6, columns=8, **workload) -> Job:
    """A fit of a classical algorithm on a table."""
    size = {"rows": rows, "columns": columns} if rows else None
    fields = {"task": "classical", "domain": "tabular", "algorithm": name, "dataset": size, **workload}
    return complete(Workload.model_validate(fields), model=AlgorithmSpec(name, "classical", "sometimes"))


def samples_per_s(physics) -> list[float]:
    """The rate of every system."""
    return list(physics.pace.units_per_step / physics.pace.step_s)
