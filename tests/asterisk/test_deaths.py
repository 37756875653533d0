"""The engine, Asterisk or the link between them dies in the middle of calls: nobody is queued twice, nothing is missing."""

from __future__ import annotations

import os
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Cause, Outcome

from .engine import Engine
from .proxy import Proxy
from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ivr_engine.records.contacts import ContactRow

    from .server import Citizen, RealAsterisk

pytestmark = pytest.mark.asterisk

TRIAL = "800196009"
KILLS = int(os.environ.get("IVR_FAULT_ASTERISK_KILLS", "1"))
CALLERS = 40


def entries(asterisk: RealAsterisk, citizen: Citizen) -> int:
    """How often a caller was put into a queue."""
    return len([row for row in asterisk.queue_log(citizen.channel) if row[4] == "ENTERQUEUE"])


def seconds_agree(asterisk: RealAsterisk, contact: ContactRow) -> None:
    """Hold, talk and operator are those of queue_log, to the second."""
    (complete,) = [row for row in asterisk.queue_log(contact.channel) if row[4].startswith("COMPLETE")]
    assert (contact.operator, str(contact.wait_s), str(contact.talk_s)) == (complete[3], complete[5], complete[6])


def one_operator(asterisk: RealAsterisk, talk: int) -> None:
    """Only op1 is at work, and talks that long."""
    asterisk.pause(*asterisk.operators[1:])
    asterisk.set_global(OPERATOR_TALK=talk)


def begun(engine: Engine, calls: int) -> None:
    """Wait until so many calls have come."""
    wait_for(lambda: len(engine.contacts()) >= calls, 30, lambda: engine.log()[-3000:])


@pytest.mark.timeout(60 + 90 * KILLS)
def test_the_engine_is_killed_again_and_again_under_many_sip_callers(asterisk: RealAsterisk, engine: Engine) -> None:
    chance, offered = random.Random(7), 0
    before = len(asterisk.queue_log())  # of the tests before, where a caller may well have been queued twice
    for _ in range(KILLS):
        callers = [Sipp(asterisk, "800196001", keys, calls=CALLERS // 2, rate=5) for keys in ("1 3", "1 0")]
        offered += CALLERS
        moment = offered - chance.randrange(3, CALLERS - 3)
        begun(engine, moment)
        engine.kill()
        engine.start()
        served = [sipp.wait() for sipp in callers]
        assert [(sipp.successful, sipp.failed) for sipp in served] == [(CALLERS // 2, 0)] * 2, [sipp.output for sipp in served]
    wait_for(
        lambda: len(engine.contacts()) >= offered and not engine.store.contacts.list(open_only=True),
        90,
        lambda: f"{len(engine.contacts())} of {offered}: {engine.store.contacts.list(open_only=True)}\n{engine.log()[-3000:]}",
    )
    contacts = engine.contacts()
    assert len(contacts) == len({row.channel for row in contacts}) == offered, "each call is one contact"
    assert set(Counter(row.outcome for row in contacts)) <= {Outcome.SERVED_BY_IVR, Outcome.ANSWERED}
    causes = Counter(row.cause for row in contacts)
    assert causes[Cause.ENGINE_LOST] >= KILLS, causes
    log = asterisk.queue_log()[before:]
    entered = Counter(row[1] for row in log if row[4] == "ENTERQUEUE")
    twice = {channel for channel, times in entered.items() if times > 1}
    assert not twice, [row for row in log if row[1] in twice]
    for row in contacts:
        kinds = Counter(entry.kind for entry in engine.file(row.id).journal)
        assert kinds["ContactStarted"] == kinds["ContactEnded"] == 1
        assert (row.channel in entered) == (row.outcome is Outcome.ANSWERED)


@pytest.mark.parametrize("back_at_once", [True, False])
def test_the_engine_is_killed_under_callers_who_listen_wait_and_talk(
    asterisk: RealAsterisk, engine: Engine, back_at_once: bool
) -> None:
    one_operator(asterisk, talk=7)
    talking = asterisk.call(TRIAL, "0")
    engine.wait_step(talking, "OperatorAnswered")
    waiting = asterisk.call(TRIAL, "0")
    engine.wait_step(waiting, "QueueEntered")
    listening = asterisk.call("800196001")
    engine.wait_step(listening, "menu")
    engine.kill()
    citizens = [talking, waiting, listening]
    if back_at_once:
        engine.start()
        assert {row.id for row in engine.store.contacts.list(open_only=True)} <= {row.id for row in engine.contacts()}
    else:
        citizens.append(asterisk.call("800196001"))  # while nobody is there
        asterisk.quiet(90)
        engine.start()
    for citizen in citizens:
        contact = engine.wait_end(citizen, 90)
        assert contact.outcome is Outcome.ANSWERED, engine.story(citizen)
        assert contact.cause is (Cause.BYPASSED if citizen in citizens[3:] else Cause.ENGINE_LOST)
        assert entries(asterisk, citizen) == 1, "queued twice"
        seconds_agree(asterisk, contact)
        assert len(engine.file(contact.id).cases) == 1
    assert engine.store.contacts.list(open_only=True) == ()
    assert len(engine.contacts()) == len(citizens)


def test_callers_who_leave_while_no_engine_runs_are_closed_as_what_they_were(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    waiting, served = asterisk.call(TRIAL, "0"), asterisk.call(TRIAL, "1")
    engine.wait_step(waiting, "QueueEntered")
    engine.wait_step(served, "saluti")
    engine.kill()
    for citizen in (waiting, served):
        asterisk.hang_up(citizen)
    asterisk.quiet()
    engine.start()
    assert engine.wait_end(waiting).outcome is Outcome.ABANDONED_QUEUE
    assert entries(asterisk, waiting) == 1
    # The answer had been heard; the dialplan may have had the time to put the caller into the queue before the hang-up.
    assert engine.wait_end(served).outcome in (Outcome.SERVED_BY_IVR, Outcome.ABANDONED_QUEUE)


def test_sigterm_leaves_talks_in_peace_and_the_next_engine_follows_them(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.set_global(OPERATOR_TALK=8)
    talking = asterisk.call(TRIAL, "0")
    engine.wait_step(talking, "OperatorAnswered")
    assert engine.stop() == 0
    assert engine.contact(talking).ended_at is None  # type: ignore[union-attr]
    engine.start()
    contact = engine.wait_end(talking)
    assert (contact.outcome, contact.cause) == (Outcome.ANSWERED, Cause.ENGINE_LOST)
    assert entries(asterisk, talking) == 1
    seconds_agree(asterisk, contact)


def test_asterisk_dies_under_the_engine_and_comes_back(asterisk: RealAsterisk, engine: Engine) -> None:
    asterisk.set_global(OPERATOR_TALK=60)
    talking, listening = asterisk.call(TRIAL, "0"), asterisk.call("800196001")
    engine.wait_step(talking, "OperatorAnswered")
    engine.wait_step(listening, "menu")
    asterisk.kill()
    asterisk.start()
    asterisk.set_global(IVR_ENGINE=f"127.0.0.1:{engine.port}")
    for citizen, outcome in ((talking, Outcome.ANSWERED), (listening, Outcome.ABANDONED_IVR)):
        contact = engine.wait_end(citizen)
        assert (contact.outcome, contact.cause) == (outcome, Cause.EXCHANGE_LOST)
    fresh = asterisk.call(TRIAL, "0")
    contact = engine.wait_end(fresh)
    assert "OperatorRang" in engine.kinds(fresh), "the live view is back"
    seconds_agree(asterisk, contact)


@pytest.fixture
def cut(asterisk: RealAsterisk, audio: Path, tmp_path: Path) -> Iterator[tuple[Engine, Proxy]]:
    """An engine whose manager connection can be cut."""
    proxy = Proxy(asterisk.ami_port)
    engine = Engine(tmp_path, asterisk, audio, ami_port=proxy.port)
    engine.start()
    yield engine, proxy
    engine.stop()
    proxy.close()


def test_the_manager_is_cut_for_a_while_and_calls_end_in_the_gap(asterisk: RealAsterisk, cut: tuple[Engine, Proxy]) -> None:
    engine, proxy = cut
    asterisk.set_global(OPERATOR_TALK=4)
    before = asterisk.call(TRIAL, "0")
    engine.wait_step(before, "OperatorAnswered")
    proxy.cut()
    within = asterisk.call(TRIAL, "0")
    for citizen in (before, within):
        contact = engine.wait_end(citizen)
        assert contact.outcome is Outcome.ANSWERED
        seconds_agree(asterisk, contact)
        assert len(engine.file(contact.id).cases) == 1
    assert "OperatorRang" not in engine.kinds(within)
    proxy.restore()
    wait_for(lambda: engine.log().count("connected to Asterisk") == 2, 20, lambda: engine.log()[-2000:])
    after = asterisk.call(TRIAL, "0")
    engine.wait_end(after)
    assert "OperatorRang" in engine.kinds(after)
    assert engine.store.contacts.list(open_only=True) == ()
