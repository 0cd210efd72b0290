"""Addresses that people enter never lead into a private network."""

import socket

import pytest

from app.sources.fetching import Fetcher
from app.sources.guarding import FetchError, public_address

PUBLIC = "93.184.216.34"


@pytest.fixture
def names(monkeypatch):
    """What names stand for; every look-up is counted."""
    looked_up: list[str] = []

    def stand_for(**numbers: list[str]) -> list[str]:
        def answer(host, port, **_):
            looked_up.append(host)
            if host not in numbers:
                raise socket.gaierror("no such name")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers[host]]

        monkeypatch.setattr(socket, "getaddrinfo", answer)
        return looked_up

    return stand_for


def test_a_public_name_is_called_by_the_number_that_was_looked_at(names):
    looked_up = names(prices=[PUBLIC])

    address, pinned = public_address("https://prices/list.csv?x=1#part")

    assert address == f"https://{PUBLIC}/list.csv?x=1"
    assert pinned.headers == {"host": "prices"}
    assert pinned.extensions == {"sni_hostname": "prices"}
    assert looked_up == ["prices"]


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "255.255.255.255",
    ],
)  # fmt: skip
def test_a_name_that_stands_for_a_private_address_is_refused(names, number):
    names(inside=[PUBLIC, number])

    with pytest.raises(FetchError, match="private network"):
        public_address("https://inside/list.csv")


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://2130706433/x", "https://0x7f.1/x",
        "https://169.254.169.254/latest/meta-data",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(address):
    with pytest.raises(FetchError, match="private network"):
        public_address(address)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://prices/list.csv", "only https"),
        ("file:///etc/passwd", "only https"),
        ("https://me:secret@prices/x", "without a user name"),
        ("https://prices:22/x", "only the ports"),
        ("https://prices:99999/x", "the port is none"),
        ("https://nowhere/x", "no such host"),
    ],
)
def test_other_schemes_ports_and_names_are_refused(names, address, told):
    names(prices=[PUBLIC])

    with pytest.raises(FetchError, match=told):
        public_address(address)


def test_a_guarded_reader_refuses_before_it_connects():
    with Fetcher(public_only=True, attempts=1) as reader, pytest.raises(FetchError, match="private network"):
        reader.get("https://127.0.0.1:8443/list.csv")
