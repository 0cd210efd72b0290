"""Numbers of the first pages: why hardware matters, the two passes of training, and what a network weighs and costs."""

import numpy as np

from app import formatting
from app.catalogue.snapshot import Snapshot
from app.engine.flops import BACKWARD_FACTOR
from app.engine.memory import training_bytes
from app.engine.model_spec import NetworkSpec
from app.engine.roofline import gemm_intensity, ridge_flops_per_byte
from app.engine.units import FLOPS_PER_MAC, GB, GIGA, MB, MILLION
from app.languages import say
from app.learn import vgg16
from app.learn.estimating import estimated
from app.learn.lesson import Bar, Matrix, Table, Worked

NETWORK = "vgg16"
EPOCHS = 74
"""Passes over ImageNet that VGG16 was trained for. Simonyan and Zisserman, arXiv:1409.1556, section 3.1."""
DEVICES = ("core-i7-7700k", "geforce-gtx-1080", "geforce-rtx-4060", "geforce-rtx-5090", "h100-sxm5-80gb")
FACTORS: tuple[Matrix, Matrix] = (((1, 2, 3), (4, 5, 6)), ((7, 8), (9, 10), (11, 12)))
"""Two small matrices, to show how one sum of products is formed."""
LARGE = 4096
"""Rows and columns of a matrix of usual size."""
FLOAT_BYTES = 4.0


def why_hardware_matters(catalogue: Snapshot) -> Worked:
    """One training run on a processor and on four cards."""
    job = {"task": "train", "domain": "vision", "model": {"name": NETWORK}, "epochs": EPOCHS}
    job |= {"dataset": {"name": "imagenet-1k"}}
    names = [catalogue.accelerators[device].name for device in DEVICES]
    spans = [estimated(catalogue, job, device=device).duration_hours for device in DEVICES]
    told = [formatting.duration_between(span.low, span.high) if span else formatting.unknown() for span in spans]
    hours = [span.expected if span else 0.0 for span in spans]
    faster = [formatting.number(hours[0] / each) if each else formatting.unknown() for each in hours]
    images = catalogue.datasets["imagenet-1k"].samples or 0.0
    flops = training_flops_per_image(catalogue) * images * EPOCHS
    return Worked(
        numbers={
            "images": formatting.large(images),
            "epochs": str(EPOCHS),
            "per_image": formatting.number(training_flops_per_image(catalogue) / GIGA, figures=3),
            "total": formatting.power_of_ten(flops),
            "processor": names[0],
            "processor_time": told[0],
            "small_card": names[2],
            "small_card_time": told[2],
            "fastest": names[-1],
            "fastest_time": told[-1],
            "ratio": faster[-1],
        },
        bars=tuple(Bar(name, (span,), text) for name, span, text in zip(names, hours, told, strict=True)),
        table=Table(
            (say("Hardware"), say("One run takes"), say("Times as fast")), tuple(zip(names, told, faster, strict=True))
        ),
    )


def forward_flops_per_image(catalogue: Snapshot) -> float:
    """One picture through VGG16. [FLOP]"""
    network = catalogue.models[NETWORK]
    if not isinstance(network, NetworkSpec) or network.macs_per_sample is None:
        raise TypeError(NETWORK)
    return FLOPS_PER_MAC * network.macs_per_sample


def training_flops_per_image(catalogue: Snapshot) -> float:
    """One picture forward and backward. [FLOP]"""
    return (1 + BACKWARD_FACTOR) * forward_flops_per_image(catalogue)


def forward_and_backward(catalogue: Snapshot) -> Worked:
    """One matrix product, and the two passes of one picture."""
    left, right = (np.array(factor) for factor in FACTORS)
    product = left @ right
    terms = " + ".join(f"{a} × {b}" for a, b in zip(left[0], right[:, 0], strict=True))
    rows, depth = left.shape
    forward = forward_flops_per_image(catalogue)
    backward = BACKWARD_FACTOR * forward
    card = catalogue.accelerators["geforce-rtx-4090"]
    ridge = ridge_flops_per_byte(
        peak_flops_per_s=card.peak.fp16 or 0.0, bandwidth_bytes_per_s=card.memory_bandwidth_bytes_per_s
    )
    parts = ((say("Forward"), forward), (say("Backward"), backward), (say("Both"), forward + backward))
    told = [f"{formatting.number(flops / GIGA, figures=3)} GFLOP" for _, flops in parts]
    return Worked(
        numbers={
            "terms": terms,
            "first": str(product[0, 0]),
            "products": str(rows * depth * right.shape[1]),
            "large": formatting.exact(LARGE),
            "large_work": formatting.number(FLOPS_PER_MAC * LARGE**3 / GIGA, figures=3),
            "many": formatting.number(gemm_intensity(LARGE, LARGE, k=LARGE, bytes_per_element=2), figures=3),
            "single": formatting.number(gemm_intensity(1, LARGE, k=LARGE, bytes_per_element=2)),
            "card": card.name,
            "ridge": formatting.number(float(ridge)),
            "forward": told[0],
            "backward": told[1],
            "step": told[2],
            "factor": formatting.exact(1 + BACKWARD_FACTOR),
        },
        bars=tuple(Bar(name, (flops,), text) for (name, flops), text in zip(parts, told, strict=True)),
        table=Table(
            (say("Pass"), say("Arithmetic"), say("Compared with forward")),
            tuple(
                (name, text, say("{factor} times", factor=formatting.number(flops / forward)))
                for (name, flops), text in zip(parts, told, strict=True)
            ),
        ),
        product=(*FACTORS, tuple(tuple(int(value) for value in row) for row in product)),
    )


def vgg16_by_the_numbers(catalogue: Snapshot) -> Worked:
    """Where the parameters, the arithmetic and the intermediate results of VGG16 are."""
    layers, total = vgg16.LAYERS, vgg16.total()
    convolutions = vgg16.total([layer for layer in layers if layer.convolution])
    dense = vgg16.total([layer for layer in layers if not layer.convolution])
    held = training_bytes(precision="fp32", optimizer="adamw", master_weights=False).total * total.parameters
    shares = [
        (say("Parameters"), convolutions.parameters / total.parameters, dense.parameters / total.parameters),
        (say("Multiply-adds"), convolutions.macs / total.macs, dense.macs / total.macs),
        (say("Intermediate results"), convolutions.outputs / total.outputs, dense.outputs / total.outputs),
    ]
    forward = forward_flops_per_image(catalogue)
    return Worked(
        numbers={
            "parameters": formatting.exact(total.parameters),
            "convolution_parameters": formatting.exact(convolutions.parameters),
            "dense_parameters": formatting.exact(dense.parameters),
            "dense_share": formatting.percent(shares[0][2]),
            "convolution_work_share": formatting.share(shares[1][1], figures=3),
            "macs": formatting.number(total.macs / GIGA, figures=4),
            "forward": formatting.number(forward / GIGA, figures=3),
            "training": formatting.number((1 + BACKWARD_FACTOR) * forward / GIGA, figures=3),
            "weights": formatting.number(FLOAT_BYTES * total.parameters / MB, figures=3),
            "held": formatting.number(held / GB),
            "outputs": formatting.number(total.outputs / MILLION, figures=3),
            "outputs_mb": formatting.number(FLOAT_BYTES * total.outputs / MB),
            "batch_gb": formatting.number(64 * FLOAT_BYTES * total.outputs / GB),
        },
        bars=tuple(Bar(name, (first, second), _shares(first, second)) for name, first, second in shares),
        legend=(say("13 convolution layers"), say("3 fully connected layers")),
        table=Table(
            (say("Layer"), say("Output"), say("Parameters"), say("Multiply-adds (million)")),
            tuple(
                (
                    layer.name_said,
                    layer.shape,
                    formatting.exact(layer.parameters),
                    formatting.number(layer.macs / MILLION, figures=3),
                )
                for layer in layers
            ),
        ),
    )


def _shares(first: float, second: float) -> str:
    return formatting.all_of([formatting.share(each, figures=3) for each in (first, second)])
