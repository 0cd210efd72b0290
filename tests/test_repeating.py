"""Work beside the answers of a service."""

import asyncio
from itertools import chain, repeat

import pytest

from app.repeating import repeated


@pytest.fixture
def times_worked():
    """How often work was done in a block that is left after so many times."""

    async def serve(pauses_s, leave_after):
        loop, enough, done = asyncio.get_running_loop(), asyncio.Event(), []

        def work():
            done.append(1)
            if len(done) == leave_after:
                loop.call_soon_threadsafe(enough.set)

        async with repeated(work, pauses_s=pauses_s):
            await enough.wait()
        at_the_end = len(done)
        await asyncio.sleep(0.05)
        return at_the_end, len(done)

    return lambda pauses_s, *, leave_after: asyncio.run(asyncio.wait_for(serve(pauses_s, leave_after), 10))


def test_work_repeats_after_each_pause_and_ends_with_the_block(times_worked):
    at_the_end, later = times_worked(repeat(0.001), leave_after=3)

    assert later == at_the_end >= 3


def test_whoever_leaves_waits_for_no_pause(times_worked):
    assert times_worked(chain([0.001], repeat(3600.0)), leave_after=1) == (1, 1)
