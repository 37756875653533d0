"""`ivr call` and `ivr phone`: be the citizen, by script or by hand, on the built-in exchange."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ivr_engine.cli.client import Client
from ivr_engine.cli.moments import MOMENT
from ivr_engine.clock import instant_of
from ivr_engine.errors import IvrError
from ivr_engine.records.store import StoreReader
from ivr_engine.testing.script import Account, load_script, verify

if TYPE_CHECKING:
    from datetime import datetime

    from ivr_engine.config import Settings

_LONGEST_CALL_S = 3600.0
_COURSE = {"PromptHeard": ("heard", "prompt"), "InputTaken": ("took", "result")}
_LOOKS, _LOOK_S = 50, 0.1  # at a contact whose end is not in the store yet


@click.command()
@click.argument("number")
@click.option(
    "--keys",
    default="",
    help='Inputs, apart by blanks: "1 2 00187#"; ~ stays silent for one wait, ! hangs up, "words" are said (with --own).',
)
@click.option(
    "--script", type=click.Path(path_type=Path, dir_okay=False), help="A recorded call: what is keyed, and what must be heard."
)
@click.option("--from", "caller", default="", help="The caller's number (default: withheld, or the script's).")
@click.option("--hangup-after", default="", metavar="STEP", help="Hang up after that step's prompt (or once waiting).")
@click.option("--own", is_flag=True, help="Run an engine for this call alone: fast time, temporary store, the lines' own files.")
@click.option("--as-of", type=MOMENT, help="With --own: make the call at that time (default: now, or the script's).")
@click.option("--json", "as_json", is_flag=True, help="The transcript and the outcome as JSON.")
@click.pass_obj
def call(
    settings: Settings,
    number: str,
    keys: str,
    script: Path | None,
    caller: str,
    hangup_after: str,
    own: bool,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Call NUMBER with keys or a script; print what was heard and how it ended. Exit code 2 when it went not as scripted.

    \b
    ivr call 800196003 --keys "1 2 3 13122011" --from +393331234567
    ivr call 800196001 --own --script plugins/lavoro/calls/revoca.yaml
    """
    scripted = load_script(script) if script else None
    if scripted is not None and keys:
        raise IvrError("the script says what is keyed", "leave out --keys or --script")
    if as_of is not None and not own:
        raise IvrError("only an engine of its own can be at another time", "add --own")
    if not own and '"' in (scripted.keys if scripted else keys):
        raise IvrError("words are said to an engine of its own only: others hear voices, not text", "add --own")
    request = {
        "number": number,
        "keys": scripted.keys if scripted else keys,
        "caller": caller or (scripted.caller if scripted else ""),
        "hangup_after": hangup_after,
    }
    if own:
        from ivr_engine.engine.own import call_once

        start = instant_of(as_of) if as_of else scripted.instant if scripted else None
        with tempfile.TemporaryDirectory(prefix="ivr-own-") as folder:
            answer = call_once(settings, Path(folder), request, start)
            account = _account(StoreReader(Path(folder)), answer)
    else:
        with Client(settings) as client:
            client.send(do="call", **request)
            (answer,) = client.answers(_LONGEST_CALL_S)
        account = _account(StoreReader(settings.path(settings.engine.data)), answer)
    answer.pop("type", None)
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2) if as_json else _told(answer))
    if scripted is not None:
        verify(scripted, account)
        click.echo(f"as scripted: {scripted.title}", err=True)


def _account(store: StoreReader, answer: dict[str, Any]) -> Account:
    """What a script is compared with. An engine that still runs may be a moment behind with its store."""
    shown = None
    for _ in range(_LOOKS):
        shown = store.contacts.show(answer["contact"]) if answer["contact"] else None
        if shown is None or shown.contact.outcome:
            break
        time.sleep(_LOOK_S)
    events = shown.journal if shown else ()
    words = " ".join(moment["text"] for moment in answer["transcript"])
    inputs = store.inputs(answer["contact"])
    course = [(_COURSE[entry.kind][0], str(entry.data[_COURSE[entry.kind][1]])) for entry in events if entry.kind in _COURSE]
    steps = [str(entry.data["step"]) for entry in events if entry.kind == "StepEntered"]
    return Account(course, words, answer["outcome"], inputs, None, steps[-1] if steps else "")


def _told(answer: dict[str, Any]) -> str:
    lines = [f"{moment['s']:7.1f}  {moment['what']:<10} {moment['text']}" for moment in answer["transcript"]]
    end = f"contact {answer['contact']}: {answer['outcome']}" if answer["outcome"] else "the engine did not finish this call"
    return "\n".join((*lines, f"{end} (ended by {answer['ended_by']})"))


@click.command()
@click.argument("number")
@click.option("--from", "caller", default="+393330000001", show_default=True, help="The caller's number.")
@click.option("--voice", is_flag=True, help="Speak, too: `say FILE.wav` says a recording as soon as the line listens.")
@click.pass_obj
def phone(settings: Settings, number: str, caller: str, voice: bool) -> None:
    """Call NUMBER and press keys yourself: type them and Enter; an empty line, or Ctrl-D, hangs up."""
    with Client(settings) as client:
        client.send(do="phone", number=number, caller=caller, **({"voice": True} if voice else {}))
        threading.Thread(target=_keypad, args=(client,), kwargs={"voice": voice}, daemon=True).start()
        for answer in client.answers(patience_s=None):
            click.echo(_spoken(answer))


def _keypad(client: Client, *, voice: bool) -> None:
    for line in sys.stdin:
        if line.split(maxsplit=1)[:1] == ["say"]:
            _say(client, line.strip().removeprefix("say").strip(), voice=voice)
            continue
        keys = "".join(line.split())
        client.send(**({"keys": keys} if keys else {"hang_up": True}))
    client.send(hang_up=True)


def _say(client: Client, file: str, *, voice: bool) -> None:
    from ivr_engine.cli.saying import pieces

    try:
        if not voice:
            raise IvrError("this call has keys alone", "begin it with --voice")
        for piece, more in pieces(Path(file)):
            client.send(say=piece, more=more)
    except IvrError as error:
        click.echo(f"  [{error}]")


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
