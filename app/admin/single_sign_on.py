"""Who somebody from the OpenID Connect provider is here: their account, and the role that their groups give them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.admin import accounts
from app.admin.accounts import ROLES
from app.errors import Forbidden
from app.settings import Settings, roles_by_group
from app.tables import Identity, User

EVERYBODY = "*"
LEAST = ROLES[0]


@dataclass(frozen=True, slots=True)
class Person:
    """What the provider says about somebody, after its token was checked."""

    issuer: str
    subject: str
    email: str
    """Empty: not told, or not verified."""
    unverified_email: str
    groups: frozenset[str]

    @classmethod
    def of(cls, claims: Mapping[str, Any], settings: Settings) -> "Person":
        """The person that claims describe."""
        email = claims.get("email")
        address = email.strip().lower() if isinstance(email, str) else ""
        verified = claims.get("email_verified", settings.oidc_trust_emails) in {True, "true"}
        return cls(
            str(claims["iss"]),
            str(claims["sub"]),
            address if verified else "",
            "" if verified else address,
            _groups(claims.get(settings.oidc_roles_claim)),
        )


def account_of(session: Session, person: Person, *, settings: Settings) -> User:
    """The account of somebody, made or brought up to date; raises with what they can do about it when there is none."""
    role = _role(person, settings)
    found = session.get(Identity, (person.issuer, person.subject))
    user = session.get_one(User, found.user_id) if found else _first_time(session, person, settings, role=role)
    if user.disabled:
        raise Forbidden(f"The account {user.email} is shut. An administrator of this service can open it again.")
    if role is not None and role != user.role:
        accounts.change_account(session, user, role=role, disabled=None, actor="single sign-on")
    return user


def _first_time(session: Session, person: Person, settings: Settings, *, role: str | None) -> User:
    if not person.email:
        told = f"{person.unverified_email} is not verified there" if person.unverified_email else "it tells none"
        raise Forbidden(
            f"{settings.oidc_label} has to vouch for your e-mail address, and {told}. Verify the address there first."
        )
    user = session.scalar(select(User).where(User.email == person.email))
    if user is None:
        if not settings.oidc_new_accounts:
            raise Forbidden(
                f"There is no account for {person.email} here. An administrator can make one with this address."
            )
        user = accounts.create_user_of_provider(session, person.email, role=role or LEAST, actor="single sign-on")
    session.add(Identity(issuer=person.issuer, subject=person.subject, user_id=user.id, created_at=datetime.now(UTC)))
    session.flush()
    accounts.note(
        session,
        actor=user.email,
        key=user.email,
        after={"issuer": person.issuer, "subject": person.subject},
        why="came in through single sign-on for the first time",
    )
    return user


def _role(person: Person, settings: Settings) -> str | None:
    """The highest role of somebody's groups; None where the settings leave roles to the accounts."""
    if not settings.oidc_roles:
        return None
    own = {role for group, role in roles_by_group(settings.oidc_roles) if group in {EVERYBODY, *person.groups}}
    if not own:
        raise Forbidden(
            f"{settings.oidc_label} knows you, but you are in none of the groups that may come in here. "
            "Ask whoever looks after the groups there."
        )
    return max(own, key=ROLES.index)


def _groups(told: object) -> frozenset[str]:
    """A claim as groups: a list of names, or names in one text."""
    if isinstance(told, str):
        return frozenset({told, *told.replace(",", " ").split()})
    if isinstance(told, list):
        return frozenset(str(one) for one in told)
    return frozenset()
