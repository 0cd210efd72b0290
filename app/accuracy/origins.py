"""Where a case was published: the address that anybody can open."""

import re
from urllib.parse import quote

_GITHUB = re.compile(r"^github:(?P<repository>[^@\s]+)@(?P<commit>[0-9a-f]+):(?P<path>.*)$")
_REPOSITORY = re.compile(r"^github:(?P<repository>[\w.-]+/[\w.-]+)")
_PACKAGE = re.compile(r"^pypi:(?P<name>[^=\s]+)==(?P<version>[^:\s]+):(?P<path>.*)$")
_REMARK = re.compile(r"\s+[(;].*$")
_PACKAGED = {
    "mmsegmentation": ("open-mmlab/mmsegmentation", ".mim/"),
    "mmdet": ("open-mmlab/mmdetection", ".mim/"),
    "mmyolo": ("open-mmlab/mmyolo", ".mim/"),
}
"""Packages whose files stand in a public repository as well, below the folder that packing them adds."""


def address_of(origin: str) -> str | None:
    """The public address of an origin; None where it has none. A file of no known version leads to its repository.

    >>> address_of("github:karpathy/nanoGPT@3adf61e154:README.md (table)")
    'https://github.com/karpathy/nanoGPT/blob/3adf61e154/README.md'
    """
    text = _REMARK.sub("", origin.strip())
    found = _GITHUB.match(text)
    if found:
        path, _, line = found["path"].partition("#")
        address = f"https://github.com/{found['repository']}/blob/{found['commit']}/{quote(path)}"
        return f"{address}#{line}" if line else address
    unversioned = _REPOSITORY.match(text)
    if unversioned:
        return f"https://github.com/{unversioned['repository']}"
    packaged = _PACKAGE.match(text)
    if packaged and packaged["name"] in _PACKAGED:
        repository, folder = _PACKAGED[packaged["name"]]
        return f"https://github.com/{repository}/blob/v{packaged['version']}/{packaged['path'].split(folder)[-1]}"
    return text if text.startswith("https://") else None


def publisher_of(origin: str) -> str:
    """Who published it: a repository, a package or a site.

    >>> publisher_of("github:karpathy/nanoGPT@3adf61e154:README.md"), publisher_of("https://example.org/a (b)")
    ('karpathy/nanoGPT', 'example.org')
    """
    address = address_of(origin)
    if address is None:
        packaged = _PACKAGE.match(origin)
        return packaged["name"] if packaged else origin
    parts = address.removeprefix("https://").split("/")
    return "/".join(parts[1:3]) if parts[0] == "github.com" else parts[0]
