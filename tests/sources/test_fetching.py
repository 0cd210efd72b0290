"""Reading from a server that is slow, broken, busy, lying or hostile."""

import gzip
import tracemalloc

import pytest

from app.sources.fetching import MIB, Fetcher, FetchError, TryAgainError
from tests.sources.world import Answer

ADDRESS = "https://prices.example.org/list"


def test_a_body_is_read_and_the_reader_says_who_it_is(world, fetcher):
    world.put(ADDRESS, b"hello")

    assert fetcher().get(ADDRESS).body == b"hello"
    assert world.asked[0][1]["user-agent"].startswith("WhichRig/")


def test_a_packed_body_is_unpacked(world, fetcher):
    world.put(ADDRESS, Answer(gzip.compress(b"x" * 100_000), headers={"content-encoding": "gzip"}))

    assert len(fetcher().get(ADDRESS).body) == 100_000


def test_a_known_validator_saves_the_reading(world, fetcher):
    world.put(ADDRESS, Answer(b"long", headers={"etag": '"7"'}))
    first = fetcher().get(ADDRESS)

    again = fetcher(validators={ADDRESS: first.etag}).get(ADDRESS)

    assert (again.unchanged, again.body, again.etag) == (True, b"", '"7"')


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_or_failing_server_is_asked_again(world, fetcher, status):
    world.put(ADDRESS, Answer(status=status), Answer(status=status), Answer(b"at last"))

    assert fetcher().get(ADDRESS).body == b"at last"


def test_the_wait_grows_and_the_server_can_name_it(world, fetcher):
    waits: list[float] = []
    world.put(ADDRESS, Answer(status=503), Answer(status=503), Answer(status=429, headers={"retry-after": "7"}), b"ok")

    fetcher(sleep=waits.append).get(ADDRESS)

    assert 0.25 <= waits[0] <= 0.75
    assert 0.5 <= waits[1] <= 1.5
    assert waits[2] == 7


def test_a_server_that_never_recovers_is_given_up(world, fetcher):
    world.put(ADDRESS, Answer(status=429))

    with pytest.raises(TryAgainError, match="status 429"):
        fetcher().get(ADDRESS)
    assert len(world.asked) == 4


def test_no_wait_is_longer_than_the_run(world, fetcher):
    world.put(ADDRESS, Answer(status=429, headers={"retry-after": "50"}))

    with pytest.raises(TryAgainError):
        fetcher(deadline_s=5).get(ADDRESS)
    assert len(world.asked) == 1


def test_what_is_not_there_is_not_asked_for_again(world, fetcher):
    with pytest.raises(FetchError, match="status 404"):
        fetcher().get(ADDRESS)
    assert len(world.asked) == 1


def test_a_body_that_ends_in_the_middle_is_no_answer(world, fetcher):
    world.put(ADDRESS, Answer(b"only a part", length=5_000))

    with pytest.raises(TryAgainError, match=r"prices\.example\.org"):
        fetcher().get(ADDRESS)


def test_a_packed_body_that_ends_in_the_middle_is_no_answer(world, fetcher):
    packed = gzip.compress(bytes(range(256)) * 400)
    world.put(ADDRESS, Answer(packed[:-30], headers={"content-encoding": "gzip"}))

    with pytest.raises(TryAgainError, match="ends in the middle"):
        fetcher().get(ADDRESS)


def test_a_body_that_is_not_packed_as_it_says_is_refused(world, fetcher):
    world.put(ADDRESS, Answer(b"this is plain", headers={"content-encoding": "gzip"}))

    with pytest.raises(FetchError, match="not what it says"):
        fetcher().get(ADDRESS)


def test_a_small_body_cannot_unpack_to_fill_the_memory(world, fetcher):
    bomb = gzip.compress(bytes(200 * MIB), compresslevel=1)
    world.put(ADDRESS, Answer(bomb, headers={"content-encoding": "gzip"}))
    tracemalloc.start()

    with pytest.raises(FetchError, match="more than 4 MiB"):
        fetcher(largest_bytes=4 * MIB).get(ADDRESS)

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20 * MIB


def test_a_large_body_is_not_read_to_its_end(world, fetcher):
    world.put(ADDRESS, b"x" * (3 * MIB))

    with pytest.raises(FetchError, match="more than 1 MiB"):
        fetcher(largest_bytes=MIB).get(ADDRESS)


def test_a_slow_server_is_left(world, fetcher):
    world.put(ADDRESS, Answer(b"slow", pause_s=1.0))

    with pytest.raises(TryAgainError, match="timed out"):
        fetcher(read_s=0.05, deadline_s=0.3).get(ADDRESS)


def test_a_redirect_on_the_same_host_is_followed(world, fetcher):
    world.put(ADDRESS, Answer(status=302, headers={"location": "/new"}))
    world.put("https://prices.example.org/new", b"moved here")

    assert fetcher().get(ADDRESS).body == b"moved here"


@pytest.mark.parametrize(
    "location", ["https://elsewhere.example/list", "http://prices.example.org/list", "http://169.254.169.254/"]
)
def test_a_redirect_to_another_host_or_to_plain_http_is_refused(world, fetcher, location):
    world.put(ADDRESS, Answer(status=302, headers={"location": location}))

    with pytest.raises(FetchError, match="redirects to another host"):
        fetcher().get(ADDRESS)
    assert world.paths == ["prices.example.org/list"]


def test_redirects_end(world, fetcher):
    world.put(ADDRESS, Answer(status=302, headers={"location": "/list"}))

    with pytest.raises(FetchError, match="without end"):
        fetcher().get(ADDRESS)


@pytest.mark.parametrize("address", ["http://prices.example.org/", "file:///etc/passwd", "https:///list", "ftp://x/y"])
def test_only_secure_addresses_are_read(address):
    with Fetcher() as reader, pytest.raises(FetchError, match="only https"):
        reader.get(address)


def test_questions_keep_their_distance(world, fetcher):
    waits: list[float] = []
    world.put(ADDRESS, b"{}")
    reader = fetcher(sleep=waits.append)

    for _ in range(2):
        reader.post(ADDRESS, {"question": 1}, every_s=5)

    assert waits[0] == 0
    assert 4.5 < waits[1] <= 5
    assert world.asked[0][2] == b'{"question":1}'


def test_lines_that_matter_are_kept_of_a_very_long_text(world, fetcher):
    world.put(ADDRESS, "\n".join(f"line {number}" for number in range(100_000)))

    found = fetcher().lines(ADDRESS, keep=lambda line: line.endswith("777"), most_bytes=MIB * 4)

    assert found.body.decode().splitlines()[:2] == ["line 777", "line 1777"]


def test_a_part_that_fails_is_noted_and_the_rest_is_read(world, fetcher):
    world.put(ADDRESS, b"here")
    reader = fetcher()

    found = reader.each([lambda: reader.get(ADDRESS), lambda: reader.get(f"{ADDRESS}/none")])

    assert [one.body for one in found] == [b"here"]
    assert reader.skipped == [f"{ADDRESS}/none: status 404"]
