"""The `ivr` command: its groups, and the one place that turns an error into a sentence and an exit code."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from ivr_engine import config, logs
from ivr_engine.errors import IvrError

# Loaded when they are used: what an engine needs takes a second to import, and most commands need little of it.
_COMMANDS = {
    "audit": "users",
    "backup": "backup",
    "call": "call",
    "callbacks": "callbacks",
    "cases": "cases",
    "closures": "notices",
    "contacts": "contacts",
    "doctor": "doctor",
    "figures": "figures",
    "health": "health",
    "hours": "hours",
    "lines": "line_commands",
    "messages": "notices",
    "models": "models",
    "phone": "call",
    "prompts": "prompts",
    "replay": "replay",
    "report": "report",
    "restore": "backup",
    "serve": "serve",
    "staffing": "staffing",
    "users": "users",
    "watch": "watch",
}
"""Each command and the module of this package that has it, under its own name."""


class Group(click.Group):
    """Prints what the engine says to a person, and nothing of how it failed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All of them, loaded or not."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Load the command's module."""
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return None
        gc.disable()  # modules stay: looking through them for what does not is a tenth of a start
        try:
            command: click.Command = getattr(import_module(f"ivr_engine.cli.{module}"), cmd_name)
        finally:
            gc.enable()
        return command

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
