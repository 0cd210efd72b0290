"""``whichrig admin``: accounts."""

import getpass
import sys
from typing import Annotated

import typer

from app.commands.session import examples, message, problems_told, ready_database
from app.errors import Unprocessable
from app.field_problems import FieldProblem

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Accounts of those who keep the catalogue true.",
)

ACTOR = "command line"

Email = Annotated[str, typer.Option(help="E-mail address of the account.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@command.command(
    "create-user",
    epilog=examples(
        "whichrig admin create-user --email you@example.org --role approver",
        "whichrig admin create-user --email kim@example.org --role editor --no-password",
    ),
)
def create_user(
    email: Email,
    role: Annotated[str, typer.Option(help="viewer, editor or approver.")],
    password_stdin: FromStdin = False,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="None: the account is for single sign-on only.")
    ] = False,
) -> None:
    """Make an account; the password is asked for."""
    with problems_told():
        from app.admin import accounts
        from app.db import transaction

        engine = ready_database()
        if no_password:
            with transaction(engine) as session:
                user = accounts.create_user_of_provider(session, email, role=role, actor=ACTOR)
            message(f"made the account {user.email}, {user.role}, for single sign-on")
            return
        password = _password(from_stdin=password_stdin)
        with transaction(engine) as session:
            user = accounts.create_user(session, email, role=role, password=password, actor=ACTOR)
        message(f"made the account {user.email}, {user.role}")


@command.command(
    "change-user",
    epilog=examples(
        "whichrig admin change-user --email you@example.org --role editor",
        "whichrig admin change-user --email you@example.org --disable",
    ),
)
def change_user(
    email: Email,
    role: Annotated[str | None, typer.Option(help="viewer, editor or approver.")] = None,
    disabled: Annotated[bool | None, typer.Option("--disable/--enable", help="Whether the account is shut.")] = None,
    new_password: Annotated[bool, typer.Option("--new-password", help="Ask for a new password.")] = False,
    password_stdin: FromStdin = False,
) -> None:
    """Change an account's role or password, or shut it; a new password ends its sessions."""
    with problems_told():
        from app.admin import accounts
        from app.db import transaction

        engine = ready_database()
        password = _password(from_stdin=password_stdin) if new_password or password_stdin else None
        with transaction(engine) as session:
            user = accounts.user_named(session, email)
            if role is not None or disabled is not None:
                accounts.change_account(session, user, role=role, disabled=disabled, actor=ACTOR)
            if password is not None:
                accounts.change_password(session, user, new=password, pointer="/password", actor=ACTOR)
        message(f"changed the account {user.email}")


@command.command("list-users", epilog=examples("whichrig admin list-users"))
def list_users() -> None:
    """Say which accounts there are."""
    with problems_told():
        from sqlalchemy import select

        from app.db import reading
        from app.tables import User

        engine = ready_database()
        with reading(engine) as session:
            for user in session.scalars(select(User).order_by(User.email)):
                typer.echo(f"{user.email}\t{user.role}\t{'disabled' if user.disabled else 'active'}")


def _password(*, from_stdin: bool) -> str:
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise Unprocessable([FieldProblem("/password", "Enter the same password twice")])
    return first
