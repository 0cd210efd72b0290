"""All sources by name. A new one is a module and a line here."""

from app.sources import aws, azure, gpuhunt, oci, ovh, runpod, scaleway, skypilot, vast, verda, vultr
from app.sources.offers import Source

SOURCES: dict[str, Source] = {
    module.SOURCE.key: module.SOURCE
    for module in (gpuhunt, skypilot, azure, runpod, vast, oci, verda, vultr, scaleway, ovh, aws)
}
"""In the order in which they run: those that only collect first, so that providers themselves have the last word."""

ONLY_ON_REQUEST = frozenset({"aws"})
"""Hundreds of megabytes for each region: runs when it is named."""


def chosen(names: list[str]) -> list[Source]:
    """The sources of these names; without names, all that run by themselves."""
    if not names:
        return [source for key, source in SOURCES.items() if key not in ONLY_ON_REQUEST]
    return [SOURCES[name] for name in names]
