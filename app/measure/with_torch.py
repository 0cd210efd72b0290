"""What a GPU or a processor does under PyTorch, which is not installed with this program: the module is passed in."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from app.engine.units import GIB
from app.measure.figures import Figure, seconds_of

MISSING = (
    "PyTorch is not installed, so only the processor can be measured: add --cpu, or install PyTorch for your device as "
    "https://pytorch.org/get-started/locally tells, into the Python that runs this program."
)
SIDE = 8192
COPIED_BYTES = 1.0 * GIB
WIDTH, HEADS, LAYERS, TOKENS, BATCH = 1024, 16, 8, 1024, 4
PICTURES, PIXELS = 32, 224
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))
"""Width, blocks and stride of the stages of ResNet-50 (K. He et al., arXiv:1512.03385, table 1)."""
CLASSES = 1000
WIDENED = 4
"""A bottleneck leaves with four times its width, and a feed-forward layer is four times as wide as its input."""


def torch_module() -> Any | None:
    """PyTorch, where it is installed."""
    return import_module("torch") if find_spec("torch") else None


def device_of(torch: Any) -> str:
    """cuda (NVIDIA and AMD), mps (Apple) or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def finisher(torch: Any, device: str) -> Callable[[], object]:
    """What waits until a device has done all that it was given."""
    waiting: dict[str, Callable[[], object]] = {"cuda": torch.cuda.synchronize}
    if device == "mps":
        waiting["mps"] = torch.mps.synchronize
    return waiting.get(device, lambda: None)


def measured(torch: Any, *, at_least_s: float, scale: float = 1.0) -> Iterator[Figure]:
    """Arithmetic, bandwidth, a transformer's training step, ResNet-50 forward and backward, and writing text."""
    device = device_of(torch)
    half = torch.float32 if device == "cpu" else torch.bfloat16
    timing: dict[str, Any] = {"at_least_s": at_least_s, "finish": finisher(torch, device)}
    side = max(64, int(SIDE * scale * (0.25 if device == "cpu" else 1.0)))
    one = torch.randn(side, side, device=device, dtype=half)
    took = seconds_of(lambda: one @ one, **timing)
    kind = "fp32" if device == "cpu" else "bf16"
    yield Figure(f"matmul_{kind}", f"matrix product, {kind}", 2 * side**3 / took, "FLOP/s")
    source = torch.ones(int(COPIED_BYTES * scale / 4), device=device)
    target = torch.empty_like(source)
    took = seconds_of(lambda: target.copy_(source), **timing)
    yield Figure("memory_bandwidth", "memory, read and written", 2 * 4 * source.numel() / took, "bytes/s")
    yield _transformer(torch, device, kind=kind, scale=scale, timing=timing)
    yield _resnet(torch, device, kind=kind, scale=scale, timing=timing)
    yield _writing(torch, device, kind=kind, scale=scale, timing=timing)


def _transformer(torch: Any, device: str, *, kind: str, scale: float, timing: dict[str, Any]) -> Figure:
    """A training step of eight transformer layers with AdamW."""
    tokens = max(16, int(TOKENS * scale))
    layer = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, WIDENED * WIDTH, dropout=0.0, batch_first=True, norm_first=True, device=device
    )
    model = torch.nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
    optimizer = torch.optim.AdamW(model.parameters())
    batch = torch.randn(BATCH, tokens, WIDTH, device=device)

    took = seconds_of(_training_step(torch, device, model=model, batch=batch, optimizer=optimizer), **timing)
    workload = {
        "task": "train",
        "domain": "text",
        "model": {
            "parameters": sum(each.numel() for each in model.parameters()), "architecture": "encoder", "layers": LAYERS,
            "hidden_size": WIDTH, "ffn_size": WIDENED * WIDTH, "heads": HEADS, "vocabulary": 1,
        },
        "precision": "amp" if kind == "bf16" else kind,
        "batch_size": BATCH,
        "sequence_length": tokens,
        "gradient_checkpointing": False,
        "framework": "pytorch",
    }  # fmt: skip
    title = f"training step of {LAYERS} transformer layers"
    return Figure("transformer_step", title, BATCH * tokens / took, "tokens/s", "throughput_total", workload)


def _training_step(torch: Any, device: str, *, model: Any, batch: Any, optimizer: Any) -> Callable[[], None]:
    """One step of training: forward pass in mixed precision, backward pass, update."""

    def step() -> None:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device != "cpu"):
            loss = model(batch).float().pow(2).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def _resnet(torch: Any, device: str, *, kind: str, scale: float, timing: dict[str, Any]) -> Figure:
    """Forward and backward pass of ResNet-50."""
    pictures = max(2, int(PICTURES * scale))
    model = resnet50(torch).to(device)
    batch = torch.randn(pictures, 3, PIXELS, PIXELS, device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    took = seconds_of(_training_step(torch, device, model=model, batch=batch, optimizer=optimizer), **timing)
    workload = {
        "task": "train",
        "domain": "vision",
        "model": {"name": "resnet50"},
        "precision": "amp" if kind == "bf16" else kind,
        "batch_size": pictures,
        "image_size": PIXELS,
        "framework": "pytorch",
        "optimizer": "sgd_momentum",
    }
    return Figure("resnet50_step", "ResNet-50, training", pictures / took, "samples/s", "throughput_total", workload)


def resnet50(torch: Any) -> Any:
    """ResNet-50 from the layers that PyTorch has."""
    nn = torch.nn

    class Bottleneck(nn.Module):  # type: ignore[name-defined,misc]
        """1 × 1, 3 × 3 and 1 × 1 convolutions beside a shortcut."""

        def __init__(self, inputs: int, width: int, *, stride: int) -> None:
            super().__init__()
            outputs = WIDENED * width
            self.body = nn.Sequential(
                *_convolution(nn, inputs, width, kernel=1, stride=1), nn.ReLU(),
                *_convolution(nn, width, width, kernel=3, stride=stride), nn.ReLU(),
                *_convolution(nn, width, outputs, kernel=1, stride=1),
            )  # fmt: skip
            same = inputs == outputs and stride == 1
            shortcut = () if same else _convolution(nn, inputs, outputs, kernel=1, stride=stride)
            self.shortcut = nn.Sequential(*shortcut)

        def forward(self, pictures: Any) -> Any:
            return (self.body(pictures) + self.shortcut(pictures)).relu()

    blocks, inputs = [], STAGES[0][0]
    for width, count, stride in STAGES:
        for number in range(count):
            blocks.append(Bottleneck(inputs, width, stride=stride if number == 0 else 1))
            inputs = WIDENED * width
    stem = (*_convolution(nn, 3, STAGES[0][0], kernel=7, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, CLASSES))


def _convolution(nn: Any, inputs: int, outputs: int, *, kernel: int, stride: int) -> tuple[Any, Any]:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)


def _writing(torch: Any, device: str, *, kind: str, scale: float, timing: dict[str, Any]) -> Figure:
    """One token after another through the matrices of a language model: bound by reading them."""
    width = max(64, int(2 * WIDTH * scale))
    layers = torch.nn.Sequential(
        *(
            torch.nn.Sequential(torch.nn.Linear(width, WIDENED * width), torch.nn.Linear(WIDENED * width, width))
            for _ in range(2 * LAYERS)
        )
    )
    model = layers.to(device=device, dtype=torch.bfloat16 if kind == "bf16" else torch.float32)
    token = torch.randn(1, width, device=device, dtype=torch.bfloat16 if kind == "bf16" else torch.float32)

    def step() -> None:
        with torch.no_grad():
            model(token)

    took = seconds_of(step, **timing)
    read = sum(each.numel() * each.element_size() for each in model.parameters())
    return Figure("decode_step", "writing text: weights read for a token", read / took, "bytes/s")
