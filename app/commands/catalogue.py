"""``whichrig catalogue``: make it, check it, carry it from one installation to another."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands.session import FAILED, examples, message, problems_told, ready_database
from app.errors import BadRequest

command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Make, check and carry the catalogue.",
)


@command.command(epilog=examples("whichrig catalogue init"))
def init() -> None:
    """Bring the database up to date and fill it where it is empty; does nothing the second time."""
    with problems_told():
        from app.admin import seed_upgrade
        from app.catalogue import queries
        from app.db import reading

        engine = ready_database()
        seed_upgrade.follow(engine)
        with reading(engine) as session:
            message(f"the catalogue is ready, at revision {queries.revision(session)}")


@command.command(epilog=examples("whichrig catalogue upgrade"))
def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
) -> None:
    """Take over what is new in the seed of this version; what was edited here stays and is listed."""
    with problems_told():
        from app.admin import seed_upgrade

        engine = ready_database()
        followed = None if dry_run else seed_upgrade.follow(engine)
        told = followed or seed_upgrade.look(engine)
        for each in told.differences:
            typer.echo(f"{each.entity.name}\t{each.key or each.identity}\t{each.why}")
        message(("would follow the " if dry_run else "") + told.told)


@command.command(epilog=examples("whichrig catalogue check"))
def check() -> None:
    """Look for implausible facts; exit 1 when one is certainly wrong."""
    with problems_told():
        from app.catalogue import checks
        from app.db import reading

        engine = ready_database()
        with reading(engine) as session:
            findings = checks.check(session)
        for finding in findings:
            typer.echo(f"{finding.severity}\t{finding.entry}\t{finding.field}\t{finding.message}")
        errors = sum(finding.severity == "error" for finding in findings)
        message(f"{len(findings)} findings, {errors} of them errors")
        if errors:
            raise typer.Exit(FAILED)


ACTOR = "command line"
TABLES = (
    "hardware", "prices", "offers", "providers", "machines", "host-parts", "transformers", "networks",
    "diffusion-models", "algorithms", "datasets", "evidence", "scenarios", "tiers", "rules", "questions",
    "software-support", "sources", "aliases", "countries", "factors",
)  # fmt: skip
"""The names of the tables as the administration knows them, written here so that help comes at once."""

Table = Annotated[str, typer.Option(help=f"One of: {', '.join(TABLES)}.")]
File = Annotated[Path, typer.Argument(help="The file.")]


@command.command(
    "export",
    epilog=examples(
        "whichrig catalogue export --table hardware > cards.csv",
        "whichrig catalogue export --table offers --json > offers.json",
    ),
)
def export_table(
    table: Table, as_json: Annotated[bool, typer.Option("--json", help="JSON in the place of CSV.")] = False
) -> None:
    """Write one table to standard output."""
    with problems_told():
        from app.admin import importing
        from app.admin.entities import entity_named
        from app.db import reading

        engine = ready_database()
        entity = entity_named(table)
        with reading(engine) as session:
            if as_json:
                typer.echo(importing.json_text(session, entity))
            else:
                sys.stdout.writelines(importing.csv_lines(session, entity))


@command.command(
    "import",
    epilog=examples(
        "whichrig catalogue import cards.csv --table hardware",
        'whichrig catalogue import cards.csv --table hardware --apply --why "new data sheet"',
    ),
)
def import_table(
    file: File,
    table: Table,
    apply: Annotated[bool, typer.Option("--apply", help="Put the rows into the draft.")] = False,
    why: Annotated[str, typer.Option(help="One sentence for the audit trail.")] = "",
) -> None:
    """Say what a file (CSV, or JSON by its ending) would change; exit 1 if rows are rejected."""
    with problems_told():
        from app.admin import importing
        from app.admin.entities import entity_named
        from app.db import transaction

        engine = ready_database()
        entity = entity_named(table)
        rows = importing.rows_of(entity, file.read_bytes(), is_json=file.suffix.lower() == ".json")
        with transaction(engine) as session:
            planned = importing.plan(session, entity, rows=rows, actor=ACTOR, why=why or f"import of {file.name}")
            if apply:
                importing.put_in_draft(session, planned)
        for rejected in planned.rejected:
            typer.echo(f"row {rejected.row}\t{rejected.reason}")
        counts = f"{len(planned.new)} new, {len(planned.changed)} changed, {planned.unchanged} unchanged"
        done = "drafted; publish at /admin/draft" if apply else "nothing was written"
        message(f"{counts}, {len(planned.rejected)} rejected: {done}")
        if planned.rejected:
            raise typer.Exit(FAILED)


@command.command(epilog=examples("whichrig catalogue backup catalogue.jsonl"))
def backup(file: File) -> None:
    """Write the whole catalogue to a file: what is published, not accounts and drafts."""
    with problems_told():
        from app.catalogue import transfer
        from app.db import reading

        engine = ready_database()
        part = file.with_name(file.name + ".part")
        with reading(engine) as session, part.open("w", encoding="utf-8") as lines:
            count = transfer.write(session, lines)
            lines.flush()
            os.fsync(lines.fileno())
        with part.open(encoding="utf-8") as lines:
            transfer.verified(lines)
        part.replace(file)
        message(f"wrote {count} rows to {file}, and read them again")


@command.command(epilog=examples("whichrig catalogue restore catalogue.jsonl"))
def restore(file: File) -> None:
    """Put the catalogue of a backup in the place of the published one, as one new revision."""
    with problems_told():
        from app.admin import trail
        from app.catalogue import queries, transfer
        from app.db import transaction

        engine = ready_database()
        try:
            with transaction(engine) as session, file.open(encoding="utf-8") as lines:
                count = transfer.restore(session, lines)
                trail.note_replacement(
                    session, actor=ACTOR, why=f"backup {file.name}", revision=queries.revision(session) + 1
                )
                queries.load_snapshot(session)
        except UnicodeDecodeError as error:
            raise BadRequest(f"{file} is no text.") from error
        message(f"restored {count} rows from {file}")
