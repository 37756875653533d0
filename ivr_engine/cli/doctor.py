"""`ivr doctor`: what is missing on this machine, and how to get it."""

from __future__ import annotations

import os
import socket
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from ivr_engine.cli.backup import FOLDER, stamp
from ivr_engine.cli.client import Client
from ivr_engine.engine.ears import engines, model
from ivr_engine.engine.lines import load_lines, sounds_wanting
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.exchange.asterisk.doctor import play_one, rights_and_queues
from ivr_engine.records import users as people
from ivr_engine.records.database import unsound
from ivr_engine.records.repair import repair
from ivr_engine.records.store import DATABASE, StoreReader
from ivr_engine.speech.voice import Pyttsx3Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ivr_engine.config import Settings

_PROMPT = "ivr/core/goodbye"


@click.command()
@click.option("--repair", "mend", is_flag=True, help="Make a sound database of a damaged one; the engine must not run.")
@click.option("--from", "source", type=FOLDER, help="With --repair: a backup to take from it what cannot be read any more.")
@click.pass_obj
def doctor(settings: Settings, mend: bool, source: Path | None) -> None:
    """Try everything the engine needs here; exit code 2 when something is missing.

    On Asterisk one prompt is played on a channel of its own, to prove that the sound files arrive. --repair tries the database
    alone, and mends it: exit code 1 when something of it is lost.
    """
    if mend or source is not None:
        sys.exit(_repair(settings, source))
    missing = False
    for name, attempt in _checks(settings):
        try:
            click.echo(f"ok       {name}: {attempt()}")
        except IvrError as error:
            missing = True
            click.echo(f"missing  {name}: {error}")
    sys.exit(2 if missing else 0)


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "voice", _voice
    yield "lines and sounds", lambda: _lines(settings)
    yield "store", lambda: _store(settings)
    yield "engine", lambda: _engine(settings)
    if settings.exchange.kind == "asterisk":
        yield "manager and sounds of Asterisk", lambda: _asterisk(settings)
        yield "queue ledger", lambda: _ledger(settings)
    for language in settings.speech.ears:
        yield f"ears ({language})", partial(_ears, settings, language)


def _voice() -> str:
    (speech,) = Pyttsx3Voice().speak(["prova"], "it")
    return f"pyttsx3 speaks ({len(speech.samples) / speech.rate:.1f} s for one word)"


def _ears(settings: Settings, language: str) -> str:
    """Without ears callers have keys alone: told, and no failure."""
    name = settings.speech.ears[language]
    try:
        model(settings, language, name, engines())
    except Unavailable as error:
        return f"keys alone: {error}"
    return f"{name} is installed"


def _lines(settings: Settings) -> str:
    loaded = load_lines(settings)
    if problems := sounds_wanting(settings, loaded):
        raise Unavailable("; ".join(map(str, problems)))
    return f"{len(loaded.lines)} lines, all their sounds rendered"


def _store(settings: Settings) -> str:
    folder = settings.path(settings.engine.data)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".doctor"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}", "set engine.data to a folder that can") from error
    # Before the database is looked at: what may not be opened would be taken for damaged.
    foreign = [file for file in sorted(folder.rglob("*")) if not os.access(file, os.R_OK | os.W_OK) and file.exists()]
    if foreign:
        hint = "give the folder and all in it to the engine's user: chown -R"
        raise Unavailable(f"{foreign[0]} is another user's: the engine cannot read and write it", hint)
    if (folder / DATABASE).is_file() and (found := unsound(folder / DATABASE)):
        raise Unavailable(f"the database is damaged: {found}", "stop the engine, then `ivr doctor --repair`")
    return f"{folder} can be written, its database is sound"


def _repair(settings: Settings, source: Path | None) -> int:
    done = repair(settings.path(settings.engine.data), source, stamp(), time.time())
    if not done.damage:
        click.echo("the database is sound: nothing to repair")
        return 0
    click.echo(f"the database was damaged: {done.damage}")
    for name, table in done.tables.items():
        filled = ", filled up from the backup" if name in done.from_backup else ""
        click.echo(f"{'ok      ' if table.whole else 'damaged '} {name}: {table.rows} rows read{filled}")
    click.echo(f"from the spool: {done.refound} facts; contacts made anew from their journal: {done.rebuilt}")
    if done.incomplete:
        click.echo(f"lost: facts of {len(done.incomplete)} contacts: {' '.join(done.incomplete)}")
    if done.dangling:
        click.echo(f"lost: what {done.dangling} rows refer to")
    click.echo(f"the damaged file is kept in {done.aside}")
    if done.lossless:
        click.echo("nothing is missing that anything tells of")
        return 0
    click.echo("some of it is lost: rows of damaged tables may be missing without a trace")
    return 1


def _engine(settings: Settings) -> str:
    try:
        with Client(settings) as client:
            client.send(do="status")
            (status,) = client.answers()
        up, still_open = status["calls"]["up"], status["open_contacts"]
        return f"runs on the {status['exchange']} exchange, {up} calls up, {still_open} contacts open"
    except Unavailable:
        pass
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.agi.host, settings.agi.port))
        except OSError as error:
            raise Unavailable(
                f"port {settings.agi.port} on {settings.agi.host} cannot be had: {error.strerror}", "choose another agi.port"
            ) from error
    return "does not run; its port is free"


def _asterisk(settings: Settings) -> str:
    site = settings.asterisk
    account = site.host, site.port, site.user, site.secret.get_secret_value()
    ready = rights_and_queues(*account, _queues(settings), _users(settings))
    return f"{play_one(*account, _PROMPT)}; {ready}"


def _queues(settings: Settings) -> Mapping[str, str]:
    """Queue → line; nothing when lines cannot be read, which is told already."""
    try:
        return load_lines(settings).queues()
    except IvrError:
        return {}


def _users(settings: Settings) -> tuple[str, ...]:
    """Names of the console's users; nothing before the first start, or when the store cannot be read."""
    folder = settings.path(settings.engine.data)
    if not settings.console.enabled or not (folder / DATABASE).is_file():
        return ()
    try:
        with StoreReader(folder).administration.look() as connection:
            return tuple(user.name for user in people.everybody(connection))
    except IvrError:
        return ()


def _ledger(settings: Settings) -> str:
    path = settings.path(settings.asterisk.queue_log)
    try:
        with path.open("rb"):
            return f"{path} can be read"
    except OSError as error:
        hint = "let the engine's user read it, or set asterisk.queue_log"
        raise Unavailable(f"{path} cannot be read: {error.strerror}", hint) from error
