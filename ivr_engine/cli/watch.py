"""`ivr watch`: calls and screen-pops as they happen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from ivr_engine.cli.client import Client
from ivr_engine.clock import rome

if TYPE_CHECKING:
    from ivr_engine.config import Settings


@click.command()
@click.option("--operator", help="Only the calls that ring at this operator's desk.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def watch(settings: Settings, operator: str | None, as_json: bool) -> None:
    """Show calls and screen-pops as they happen, until interrupted; who calls is masked."""
    with Client(settings) as client:
        client.send(do="watch", operator=operator)
        try:
            for notice in client.answers(patience_s=None):
                click.echo(json.dumps(notice, ensure_ascii=False) if as_json else _line(notice))
        except KeyboardInterrupt:
            return


def _line(notice: dict[str, Any]) -> str:
    kind, contact = notice.pop("type"), notice.pop("contact", "")
    when = rome(notice.pop("at")).strftime("%H:%M:%S") if "at" in notice else "        "
    if kind == "ScreenPop":
        return _card(when, contact, notice)
    return f"{when} {contact} {kind:16} " + " ".join(f"{key}={value}" for key, value in notice.items() if value not in ("", None))


def _card(when: str, contact: str, pop: dict[str, Any]) -> str:
    path = " > ".join(f"{step}[{key}]" if key else step for _line, step, key in pop["path"])
    known = ", ".join(f"{name} {value}" for name, value in {**pop["inputs"], **pop["facts"]}.items())
    cases = pop["open_cases"]
    listed = "unknown (store away)" if cases is None else ", ".join(f"{c['case']} {c['topic']}" for c in cases) or "none"
    return "\n".join(
        (
            f"{when} {contact} SCREEN-POP for {pop['operator']}: {pop['number'] or 'number withheld'} {pop['citizen']}",
            f"         line {pop['line']}, waited {pop['waited_s']} s, walked {path or '-'}",
            f"         keyed {known or '-'}; open cases: {listed}",
        )
    )
