"""Wrong passwords cost time, not the account: each waits its turn, per account and source, and is then looked at.

Whoever tries an account's password from elsewhere slows down only themselves; its owner has a queue of their own. So
has a browser that was signed in to the account before: behind one proxy or in one house, nobody shuts out the others.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.admin.drafts import one_at_a_time
from app.errors import TooManyRequests
from app.tables import SignInQueue

FREE_FAILURES = 4
"""Wrong passwords for one account from one source that cost nothing; people mistype."""
FREE_FAILURES_OF_A_SOURCE = 20
"""The same for all accounts together."""
BROWSER_KNOWN_FOR = timedelta(days=400)
LONGEST_STEP_S = 8.0
FORGOTTEN_AFTER = timedelta(minutes=15)
LONGEST_WAIT_S = 30.0
"""Whoever would wait longer is sent away, and told when to come back."""


def wait_s(session: Session, email: str, *, source: str, now: datetime, browser: str = "") -> float:
    """How long this attempt waits; it has its place in the queue from now on. [s]"""
    one_at_a_time(session)
    waits = [
        _reserve(session, key, free=free, now=now) for key, free in _queues(session, email, source, browser=browser)
    ]
    longest = max(waits)
    if longest > LONGEST_WAIT_S:
        seconds = str(round(longest))
        raise TooManyRequests(
            f"Too many wrong passwords came from here. Try again in {seconds} seconds.",
            headers={"retry-after": seconds},
        )
    return longest


def failed(session: Session, email: str, *, source: str, now: datetime, browser: str = "") -> None:
    """Count a wrong password."""
    one_at_a_time(session)
    for key, _free in _queues(session, email, source, browser=browser):
        queue = session.get(SignInQueue, key) or SignInQueue(key=key, failures=0, free_at=now)
        queue.failures += 1
        queue.last_at = now
        session.add(queue)


def succeeded(session: Session, email: str, *, source: str, now: datetime, browser: str = "") -> None:
    """Forget the wrong passwords of this account from here, and know the browser again.

    Those for other accounts still count, and those of others at this source when the browser was known already.
    """
    one_at_a_time(session)
    session.execute(delete(SignInQueue).where(SignInQueue.last_at < now - BROWSER_KNOWN_FOR))
    own = session.get(SignInQueue, _browser_key(email, browser))
    if own is None:
        queue = session.get(SignInQueue, _keys(email, source)[0][0])
        if queue is not None:
            session.delete(queue)
        own = SignInQueue(key=_browser_key(email, browser))
    own.failures, own.free_at, own.last_at = 0, now, now
    if browser:
        session.add(own)


def _reserve(session: Session, key: str, *, free: int, now: datetime) -> float:
    queue = session.get(SignInQueue, key)
    if queue is None:
        return 0.0
    if queue.last_at < now - FORGOTTEN_AFTER:
        queue.failures = 0
    over = queue.failures - free
    if over < 0:
        return 0.0
    turn = max(now, queue.free_at)
    wait = (turn - now).total_seconds()
    if wait <= LONGEST_WAIT_S:
        queue.free_at = turn + timedelta(seconds=min(LONGEST_STEP_S, 2.0 ** min(over, 10)))
        return (queue.free_at - now).total_seconds()
    return wait


def _queues(session: Session, email: str, source: str, *, browser: str) -> tuple[tuple[str, int], ...]:
    own = _browser_key(email, browser)
    known = bool(browser) and session.get(SignInQueue, own) is not None
    return ((own, FREE_FAILURES),) if known else _keys(email, source)


def _browser_key(email: str, browser: str) -> str:
    return _digest(f"browser {browser}\n{email.strip().lower()}")


def _keys(email: str, source: str) -> tuple[tuple[str, int], tuple[str, int]]:
    return (
        (_digest(f"{source}\n{email.strip().lower()}"), FREE_FAILURES),
        (_digest(f"{source}\n"), FREE_FAILURES_OF_A_SOURCE),
    )


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
