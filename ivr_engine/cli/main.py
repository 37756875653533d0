"""The `ivr` command: its groups, and the one place that turns an error into a sentence and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ivr_engine import config, logs
from ivr_engine.cli import (
    backup,
    call,
    callbacks,
    cases,
    contacts,
    doctor,
    figures,
    health,
    hours,
    lines,
    making,
    models,
    notices,
    prompts,
    publication,
    replay,
    report,
    serve,
    staffing,
    users,
    watch,
)
from ivr_engine.errors import IvrError


class Group(click.Group):
    """Prints what the engine says to a person, and nothing of how it failed."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit code 2 with the sentence when it cannot be done."""
        try:
            return super().invoke(ctx)
        except IvrError as error:
            click.echo(f"ivr: {error}", err=True)
            sys.exit(2)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--settings",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="IVR_SETTINGS",
    help="Settings file (default: ivr.toml in this folder; without one, the defaults).",
)
@click.version_option(package_name="ivr-engine", prog_name="ivr")
@click.pass_context
def main(ctx: click.Context, settings: Path | None) -> None:
    """Telephone contact centre: voice lines, queues and cases.

    \b
    First steps, with no telephone exchange at all:
      ivr prompts render        make the sound files once
      ivr serve                 start the engine (another terminal for the rest)
      ivr phone 800196196       call it and press keys
      ivr watch                 see calls and screen-pops as they happen
    """
    logs.configure("warning", "text")
    ctx.obj = config.load(settings)


for command in (
    backup.backup,
    backup.restore,
    serve.serve,
    call.call,
    call.phone,
    watch.watch,
    doctor.doctor,
    hours.hours,
    users.audit,
    health.health,
    replay.replay,
    staffing.staffing,
):
    main.add_command(command)
for group in (lines.lines, prompts.prompts, models.models, contacts.contacts, cases.cases, callbacks.callbacks):
    main.add_command(group)
for group in (figures.figures, report.report):
    main.add_command(group)
for group in (users.users, notices.closures, notices.messages):
    main.add_command(group)
for command in (
    *(publication.versions, publication.submit, publication.approve, publication.publish, publication.rollback),
    *(notices.switch_off, notices.switch_on, making.new, making.test),
):
    lines.lines.add_command(command)
