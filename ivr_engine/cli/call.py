"""`ivr call` and `ivr phone`: be the citizen, by script or by hand, on the built-in exchange."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr_engine.cli.client import Client
from ivr_engine.engine.own import call_once

if TYPE_CHECKING:
    from ivr_engine.config import Settings


@click.command()
@click.argument("number")
@click.option("--keys", default="", help='Inputs, apart by blanks: "1 2 00187#"; ~ stays silent for one wait, ! hangs up.')
@click.option("--from", "caller", default="", help="The caller's number (default: withheld).")
@click.option("--hangup-after", default="", metavar="STEP", help="Hang up after that step's prompt (or once waiting).")
@click.option("--own", is_flag=True, help="Run an engine for this call alone: fast time, temporary store.")
@click.option("--json", "as_json", is_flag=True, help="The transcript and the outcome as JSON.")
@click.pass_obj
def call(settings: Settings, number: str, keys: str, caller: str, hangup_after: str, own: bool, as_json: bool) -> None:
    """Call NUMBER with a script of keys; print what was heard and how it ended.

    \b
    ivr call 800196003 --keys "1 4 13122011#" --from +393331234567
    """
    request = {"number": number, "keys": keys, "caller": caller, "hangup_after": hangup_after}
    if own:
        with tempfile.TemporaryDirectory(prefix="ivr-own-") as folder:
            answer = call_once(settings, Path(folder), request)
    else:
        with Client(settings) as client:
            client.send(do="call", **request)
            (answer,) = client.answers()
    answer.pop("type", None)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else _told(answer))


def _told(answer: dict[str, Any]) -> str:
    lines = [f"{moment['s']:7.1f}  {moment['what']:<10} {moment['text']}" for moment in answer["transcript"]]
    end = f"contact {answer['contact']}: {answer['outcome']}" if answer["outcome"] else "the engine did not finish this call"
    return "\n".join((*lines, f"{end} (ended by {answer['ended_by']})"))


@click.command()
@click.argument("number")
@click.option("--from", "caller", default="+393330000001", show_default=True, help="The caller's number.")
@click.pass_obj
def phone(settings: Settings, number: str, caller: str) -> None:
    """Call NUMBER and press keys yourself: type them and Enter; an empty line, or Ctrl-D, hangs up."""
    with Client(settings) as client:
        client.send(do="phone", number=number, caller=caller)
        threading.Thread(target=_keypad, args=(client,), daemon=True).start()
        for answer in client.answers():
            click.echo(_spoken(answer))


def _keypad(client: Client) -> None:
    for line in sys.stdin:
        keys = "".join(line.split())
        client.send(**({"keys": keys} if keys else {"hang_up": True}))
    client.send(hang_up=True)


def _spoken(answer: dict[str, Any]) -> str:
    match answer["type"]:
        case "sound":
            return f"  {answer['text']}"
        case "key":
            return f"  [{answer['key']}]" if answer["taken"] else f"  [{answer['key']}: nobody listened]"
        case "queue":
            return f"  … waiting in the queue {answer['queue']}"
        case "talk":
            return f"  … {answer['operator']} answers"
    return f"call over ({answer['ended_by']}), contact {answer['contact']}: {answer['outcome'] or 'open'}"
