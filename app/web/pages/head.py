"""What search engines and previews of links read of a page."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

LONGEST = 300
"""Characters of a description; previews show fewer."""
PICTURE = "/preview.png"
"""The picture of pages that have none of their own."""


@dataclass(frozen=True, slots=True)
class Head:
    """Title, description and the one address of a page."""

    title: str
    description: str
    url: str
    indexed: bool
    """Whether search engines may list it."""
    image_url: str

    @classmethod
    def of(cls, title: str, description: str, *, url: str, indexed: bool = True, image_url: str = "") -> Self:
        """The head of a page; a long description ends at a word."""
        if len(description) > LONGEST:
            description = description[:LONGEST].rsplit(" ", 1)[0] + " …"
        site = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        return cls(title, description, url, indexed, image_url or site + PICTURE)
