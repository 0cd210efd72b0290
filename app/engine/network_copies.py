"""What the layers of a network keep for the backward pass, and move besides: by family, or as residual nets do."""

from app.engine.job import Job
from app.engine.model_spec import NetworkSpec
from app.engine.network_structure import is_transformer

COPIES_BY_FAMILY = {
    "vgg": "plain",
    "alexnet": "plain",
    "squeezenet": "plain",
    "lenet": "plain",
    "densenet": "dense",
}
"""Families without normalisation, or with normalisation over everything before."""
COPIES_BY_ARCHITECTURE = {"detector": "detector", "recommender": "recommender", "mlp": "plain"}
"""Detectors freeze their normalisation; dense layers have none."""
SMOOTH_DETECTORS = "yolo"
"""Name start of detectors with smooth activations, which keep their input; others clip it in place."""
TOO_FEW_TO_NORMALISE = 2
"""Pictures on a device up to which recipes freeze normalisation. Y. Wu and K. He, arXiv:1803.08494, section 1."""
FROZEN_RECIPE_SIDE = 800
"""Shorter side of pictures in the recipes that start from a frozen classifier (Detectron2, MLPerf)."""


def takes_squares(size: tuple[int, ...]) -> bool:
    """Whether pictures are square, as detectors of the YOLO kind take them; others take them as they come."""
    return len(size) > 1 and size[-1] == size[-2] != FROZEN_RECIPE_SIDE


def kept_as(spec: NetworkSpec) -> str:
    """Family whose layers a network keeps: a plain net is a residual one in this once it is normalised.

    >>> kept_as(NetworkSpec("vgg16-bn", "cnn", "vgg", 138.4e6, 15.5e9, 13.56e6, (224, 224)))
    ''
    """
    return "" if spec.name.lower().endswith("bn") else spec.family


def known_copies(
    family: str, architecture: str, *, size: tuple[int, ...] = (), training: bool = True, transformer: bool = False
) -> str | None:
    """Coefficient of the bytes kept per byte of activations where layers differ from a residual net's, else None.

    Detectors that take square pictures train their normalisation, and fold it away for running; YOLO keeps input and
    output of smooth activations besides.

    >>> known_copies("VGG", "cnn"), known_copies("", "detector", size=(800, 1333))
    ('retained_plain', 'retained_detector')
    >>> known_copies("yolo", "detector", size=(640, 640)), known_copies("", "detector", size=(640, 640))
    ('retained_trained_detector', 'retained_trained_detector_moved')
    >>> known_copies("yolo", "detector", size=(640, 640), training=False)
    """
    kind = next((kind for start, kind in COPIES_BY_FAMILY.items() if family.lower().startswith(start)), None)
    kind = COPIES_BY_ARCHITECTURE.get(architecture, kind)
    if kind == "detector" and takes_squares(size) and not transformer:
        trained = "trained_detector" if family.lower().startswith(SMOOTH_DETECTORS) else "trained_detector_moved"
        kind = trained if training else None
    return f"retained_{kind}" if kind else None


def copies_of(job: Job, spec: NetworkSpec, *, size: tuple[int, ...], beyond: float) -> str | None:
    """Coefficient of the bytes kept per byte of activations in this job; None where a residual net's holds.

    Detectors that train on one or two pictures at a time leave their normalisation as it is, whatever their form: two
    pictures tell too little of a mean and a variance. Those that attend normalise each token, and keep it.
    """
    few = job.training and job.micro_batch_size <= TOO_FEW_TO_NORMALISE and beyond == 1.0
    seen = () if few else size
    return known_copies(
        kept_as(spec), spec.architecture, size=seen, training=job.training, transformer=is_transformer(spec)
    )
