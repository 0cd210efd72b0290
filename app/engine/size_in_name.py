"""The size that a model's name tells: "13B", "Foo-8x7B-Instruct", "350M"."""

import re

from app.engine.units import GIGA, MILLION

_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{1,3})\s*x\s*)?(\d{1,4}(?:\.\d{1,3})?)\s*([bm])(?![a-z0-9])", re.IGNORECASE)
_SHARED_FRACTION = 0.83
"""A mixture of n experts has fewer than n times the parameters: attention is shared. Mixtral 8x7B has 46.7 billion."""


def size_in_name(name: str) -> float | None:
    """Parameters that a name states, or None. [-]

    >>> f"{size_in_name('WizardLM-13B-V1.2'):.3g}", f"{size_in_name('foo-350m'):.3g}", size_in_name("resnet50")
    ('1.3e+10', '3.5e+08', None)
    >>> f"{size_in_name('Some-8x7B'):.3g}"
    '4.65e+10'
    """
    found = _SIZE.search(name.replace("_", "-"))
    if found is None:
        return None
    size = float(found[2]) * (GIGA if found[3].lower() == "b" else MILLION)
    return size if found[1] is None else int(found[1]) * size * _SHARED_FRACTION
