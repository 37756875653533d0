"""`ivr health`: how the running engine and its lines do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from tabulate import tabulate

from ivr_engine.cli.client import Client

if TYPE_CHECKING:
    from ivr_engine.config import Settings

_HEADS = ("line", "function", "breaker", "served", "failed", "late", "refused", "median ms", "95% ms", "last error")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Everything the engine says of itself, as JSON.")
@click.pass_obj
def health(settings: Settings, as_json: bool) -> None:
    """How the running engine does: calls, store, and every function of every line with its breaker."""
    with Client(settings) as client:
        client.send(do="status")
        (answer,) = client.answers()
    answer.pop("type", None)
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    click.echo(f"exchange {answer['exchange']}, {answer['open_contacts']} contacts open, store {answer['store']['state']}")
    for component, why in sorted(answer["alarms"].items()):
        click.echo(f"alarm: {component}: {why}")
    off = {tuple(pair) for pair in answer["off"]}
    for line in sorted(line for line, function in off if not function):
        click.echo(f"line {line} is off")
    click.echo(tabulate([row for line, functions in answer["health"].items() for row in _rows(line, functions, off)], _HEADS))


def _rows(line: str, functions: dict[str, Any], off: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [
        (
            line,
            name,
            "off" if (line, name) in off else one["state"],
            *(one[count] for count in ("served", "failed", "late", "refused", "median_ms", "slow_ms")),
            one["error"],
        )
        for name, one in functions.items()
    ]
