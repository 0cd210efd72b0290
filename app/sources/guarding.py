"""Addresses that people enter: only those of the public internet are read, and only the one that was looked at.

A name is looked up once, every address it stands for has to be public, and the connection goes to that very address: a
second look-up, which could answer differently, never takes place.
"""

import ipaddress
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

HTTPS = 443
PORTS = frozenset({443, 8443})


class FetchError(Exception):
    """An address that cannot be read; the message says which and why, ``status`` what the server said, if it did."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a request needs so that a server that is called by number still knows its name."""

    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


def public_address(address: str) -> tuple[str, Pinned]:
    """The same address with the number of its host, which is public; raises where it is not."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        port = parts.port or HTTPS
    except ValueError as error:
        raise FetchError(f"{address}: the port is none") from error
    if parts.scheme != "https" or not host or parts.username is not None or parts.password is not None:
        raise FetchError(f"{address}: only https:// addresses without a user name are read")
    if port not in PORTS:
        raise FetchError(f"{address}: only the ports {', '.join(map(str, sorted(PORTS)))} are read, not {port}")
    number = _number_of(host, port)
    told = f"[{number}]" if ":" in number else number
    netloc = told if port == HTTPS else f"{told}:{port}"
    name = host if port == HTTPS else f"{host}:{port}"
    return (
        urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")),
        Pinned({"host": name}, {"sni_hostname": host}),
    )


def is_public(number: str) -> bool:
    """Whether an address can be reached by everybody.

    >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
    (True, False, False, False)
    """
    address = ipaddress.ip_address(number)
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    return address.is_global and not address.is_multicast and (inner is None or is_public(str(inner)))


def _number_of(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"{host}: there is no such host") from error
    numbers = [str(each[4][0]).partition("%")[0] for each in found]
    if not numbers or not all(is_public(number) for number in numbers):
        raise FetchError(f"{host} is an address of a private network; such addresses are not read")
    return numbers[0]
