"""What Asterisk really does, where the engine relies on it. Seen on Asterisk 22.10.1.

How EXEC Queue with option `c` ends, and what can be read afterwards (on the dead channel too):

    the operator hangs up    reply 0, alive   QUEUESTATUS=CONTINUE
    the caller hangs up      reply 0, dead    QUEUESTATUS=CONTINUE
    the caller abandons      reply -1, dead   QUEUESTATUS unset, ABANDONED=TRUE, ANSWEREDTIME=0
    time-out                 reply 0, alive   QUEUESTATUS=TIMEOUT, ABANDONED=TRUE as well, ANSWEREDTIME=0
    everybody left           reply 0, alive   QUEUESTATUS=LEAVEEMPTY, ABANDONED=TRUE as well, ANSWEREDTIME=0
    nobody there             reply 0, alive   QUEUESTATUS=JOINEMPTY, QUEUEWAIT and ANSWEREDTIME set and empty
    no such queue            reply 0, alive   QUEUESTATUS=UNKNOWN, QUEUEWAIT and ANSWEREDTIME set and empty
    transferred              reply 0, dead    QUEUESTATUS unset, ABANDONED unset, ANSWEREDTIME=0

So QUEUESTATUS is asked first, ABANDONED only when it is unset. QUEUEWAIT is queue_log's hold time. ANSWEREDTIME is the true
length of the talk rounded down; queue_log's talk time subtracts whole clock seconds: it is the same or one more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from .script import ScriptServer, Session
from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import Citizen, RealAsterisk

pytestmark = pytest.mark.asterisk

VARIABLES = ("QUEUESTATUS", "ABANDONED", "QUEUEWAIT", "ANSWEREDTIME", "ANSWEREDTIME_MS")
Script = Callable[[Session], Any]


class Queued(NamedTuple):
    """What one EXEC Queue answered, what could be read then, and whether the channel was still alive."""

    reply: str
    status: str | None
    abandoned: str | None
    wait: str | None
    talk: str | None
    talk_ms: str | None
    alive: bool


def queue(agi: Session, arguments: str) -> Queued:
    reply = agi(f"EXEC Queue {arguments}")
    values = [agi.variable(name) for name in VARIABLES]
    return Queued(reply, *values, alive=agi("CHANNEL STATUS") == "200 result=6")


class Facts:
    """Runs a script of raw AGI commands for a call to the extension `fact`."""

    def __init__(self, asterisk: RealAsterisk) -> None:
        self.asterisk = asterisk
        self._servers: list[ScriptServer] = []

    def call(self, script: Script, **call: Any) -> tuple[Citizen, ScriptServer]:
        server = ScriptServer(script)
        self._servers.append(server)
        self.asterisk.set_global(FACT_ENGINE=server.address)
        return self.asterisk.call("fact", delay=0.5, **call), server

    def of(self, script: Script, **call: Any) -> Any:
        return self.call(script, **call)[1].result()

    def queued(self, arguments: str, meanwhile: Callable[[Citizen], None] = lambda _: None) -> tuple[Queued, list[list[str]]]:
        """One stay in a queue: what the session saw, and its lines in queue_log from the verb on."""

        def script(agi: Session) -> Queued:
            agi("ANSWER")
            return queue(agi, arguments)

        citizen, server = self.call(script)
        meanwhile(citizen)
        seen = server.result()
        self.asterisk.quiet()
        return seen, [row[4:] for row in self.asterisk.queue_log(citizen.channel)]

    def logged(self, citizen: Citizen, verb: str) -> None:
        """Wait until queue_log has that verb for that call."""
        found = lambda: any(row[4] == verb for row in self.asterisk.queue_log(citizen.channel))  # noqa: E731
        wait_for(found, 10, lambda: f"no {verb} in {self.asterisk.queue_log(citizen.channel)}")

    def close(self) -> None:
        for server in self._servers:
            server.close()


@pytest.fixture
def facts(asterisk: RealAsterisk) -> Iterator[Facts]:
    facts = Facts(asterisk)
    yield facts
    facts.close()


# Queues


def test_the_operator_hangs_up(facts: Facts) -> None:
    seen, log = facts.queued("lavoro,c,,,20")
    assert seen[:3] == ("200 result=0", "CONTINUE", None)
    assert seen.alive
    hold, talk, position = log[-1][1:]
    assert log[-1][0] == "COMPLETEAGENT"
    assert (hold, position) == (seen.wait, "1")
    assert int(talk) - int(seen.talk or -1) in (0, 1)
    assert seen.talk == str(int(seen.talk_ms or -1) // 1000)


def test_the_caller_s_channel_knows_the_operator(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_TALK=0.3)

    def script(agi: Session) -> list[str | None]:
        agi("ANSWER")
        before = agi.variable("MEMBERNAME")
        agi("EXEC Queue lavoro,c,,,20")
        return [before, agi.variable("MEMBERNAME"), agi.environment["agi_uniqueid"]]

    before, member, channel = facts.of(script)
    assert before is None
    assert member == next(row[3] for row in asterisk.queue_log(channel) if row[4] == "CONNECT")


def test_the_caller_hangs_up_while_talking(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_TALK=30)

    def hang_up(citizen: Citizen) -> None:
        facts.logged(citizen, "CONNECT")
        asterisk.hang_up(citizen)

    seen, log = facts.queued("lavoro,c,,,20", hang_up)
    assert seen[:3] == ("200 result=0", "CONTINUE", None)
    assert not seen.alive
    assert log[-1][:2] == ["COMPLETECALLER", seen.wait]
    assert int(log[-1][2]) - int(seen.talk or -1) in (0, 1)


def test_without_option_c_the_call_does_not_come_back(facts: Facts) -> None:
    seen, _ = facts.queued("lavoro,,,,20")
    assert seen[:3] == ("200 result=-1", None, None)


def test_the_caller_abandons(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")

    def hang_up(citizen: Citizen) -> None:
        facts.logged(citizen, "ENTERQUEUE")
        time.sleep(1.2)  # a wait that is no round number of seconds
        asterisk.hang_up(citizen)

    seen, log = facts.queued("lavoro,c,,,20", hang_up)
    assert seen[:3] == ("200 result=-1", None, "TRUE")
    assert (seen.talk, seen.alive) == ("0", False)
    assert [row[0] for row in log] == ["ENTERQUEUE", "RINGCANCELED", "ABANDON"]
    assert log[-1][3] == seen.wait


def test_the_queue_times_out(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    seen, log = facts.queued("lavoro,c,,,2")
    assert seen[:3] == ("200 result=0", "TIMEOUT", "TRUE")
    assert (seen.talk, seen.alive) == ("0", True)
    assert log[-1] == ["EXITWITHTIMEOUT", "1", "1", seen.wait]


def test_every_operator_leaves(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    asterisk.pause(*asterisk.operators[1:])

    def leave(citizen: Citizen) -> None:
        facts.logged(citizen, "ENTERQUEUE")
        asterisk.pause(asterisk.operators[0])

    seen, log = facts.queued("co,c,,,60", leave)
    assert seen[:3] == ("200 result=0", "LEAVEEMPTY", "TRUE")
    assert log[-1] == ["EXITEMPTY", "1", "1", seen.wait]


@pytest.mark.parametrize(("name", "status"), [("co", "JOINEMPTY"), ("nessuna", "UNKNOWN")])
def test_nobody_there_and_no_such_queue(facts: Facts, asterisk: RealAsterisk, name: str, status: str) -> None:
    asterisk.pause(*asterisk.operators)
    seen, log = facts.queued(f"{name},c,,,2")
    assert seen == Queued("200 result=0", status, None, "", "", "", alive=True)
    assert log == []


def test_a_second_queue_in_one_call_starts_clean(facts: Facts, asterisk: RealAsterisk) -> None:
    def script(agi: Session) -> tuple[Queued, Queued]:
        agi("ANSWER")
        asterisk.set_global(OPERATOR_ANSWERS="no")
        first = queue(agi, "lavoro,c,,,1")
        asterisk.set_global(OPERATOR_ANSWERS="yes", OPERATOR_TALK=0.2)
        return first, queue(agi, "lavoro,c,,,20")

    first, second = facts.of(script)
    assert first[:3] == ("200 result=0", "TIMEOUT", "TRUE")
    assert second[:3] == ("200 result=0", "CONTINUE", None)
    assert second.talk == "0"  # a talk of less than a second is a talk


def test_the_operator_transfers_the_caller(facts: Facts, asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_TALK=20, op9_TALK=1)

    def transfer(citizen: Citizen) -> None:
        facts.logged(citizen, "CONNECT")
        operator = next(name for name in asterisk.channels() if "@operators" in name and name.endswith(";1"))
        with asterisk.manager() as manager:
            manager.act(Action="BlindTransfer", Channel=operator, Context="operators", Exten="op9")

    seen, log = facts.queued("lavoro,c,,,20", transfer)
    assert seen[:3] == ("200 result=0", None, None)
    assert (seen.talk, seen.alive) == ("0", False)
    assert log[-1][:3] == ["BLINDTRANSFER", "op9", "operators"]
    assert log[-1][3] == seen.wait


# The session


def test_a_key_pressed_between_two_commands_is_lost(facts: Facts) -> None:
    def script(agi: Session) -> list[str]:
        agi("ANSWER")
        first = agi("STREAM FILE ivr/tone 123")
        time.sleep(1.2)  # the second key falls in here: the engine takes its time
        return [first, agi("STREAM FILE ivr/tone 123")]

    first, second = facts.of(script, keys="1 2 3", gap=0.5)
    assert first.startswith("200 result=49 ")
    assert second.startswith("200 result=51 ")


def test_endpos_counts_samples_of_what_was_heard(facts: Facts) -> None:
    def script(agi: Session) -> str:
        agi("ANSWER")
        return agi('STREAM FILE ivr/tone ""')

    assert facts.of(script) == "200 result=0 endpos=32000"  # four seconds


def test_a_missing_file_and_a_hang_up_look_alike_until_asked(facts: Facts) -> None:
    def missing(agi: Session) -> tuple[str, str, int]:
        agi("ANSWER")
        return agi("STREAM FILE ivr/none 1"), agi("NOOP"), agi.hangups

    assert facts.of(missing) == ("200 result=-1 endpos=0", "200 result=0", 0)

    def hung_up(agi: Session) -> tuple[str, str, int, str, str, str | None]:
        agi("ANSWER")
        played, noop, hangups = agi("STREAM FILE ivr/tone 1"), agi("NOOP"), agi.hangups
        refused, done = agi("STREAM FILE ivr/tone 1"), agi("SET VARIABLE IVR_DONE c")
        return played, noop, hangups, refused, done, agi.variable("IVR_DONE")

    played, noop, hangups, refused, done, value = facts.of(hung_up, hangup_after=1)
    assert played.startswith("200 result=-1 endpos=")
    assert played != "200 result=-1 endpos=0"
    assert (noop, hangups) == ("200 result=0", 1)  # HANGUP comes before the reply to the next command
    assert refused.startswith("511 ")
    assert (done, value) == ("200 result=1", "c")


def test_the_language_decides_which_file_is_played(facts: Facts) -> None:
    def script(agi: Session) -> list[str]:
        agi("ANSWER")
        agi("SET VARIABLE CHANNEL(language) en")
        english = agi('STREAM FILE ivr/tone ""')
        agi("SET VARIABLE CHANNEL(language) it")
        return [english, agi('STREAM FILE ivr/tone ""')]

    assert facts.of(script) == ["200 result=-1 endpos=0", "200 result=0 endpos=32000"]


# SIP


def test_a_sip_citizen_keys_through_rfc_4733(asterisk: RealAsterisk) -> None:
    def script(agi: Session) -> tuple[str, ...]:
        agi("ANSWER")
        first = agi("STREAM FILE ivr/tone 0123456789*#").split(" endpos")[0]
        rest = [agi("WAIT FOR DIGIT 4000") for _ in "22#"]
        agi("SET VARIABLE IVR_DONE c")
        known = (agi.environment[f"agi_{name}"] for name in ("callerid", "dnid", "extension", "network_script"))
        return first, *rest, *known

    server = ScriptServer(script)
    asterisk.set_global(IVR_ENGINE=server.address)
    citizens = Sipp(asterisk, "800196001", "1 22 #", gap=0.4, calls=4, rate=4)
    heard = [server.result() for _ in range(4)]
    served = citizens.wait()
    server.close()
    keys = ("200 result=49", "200 result=50", "200 result=50", "200 result=35")
    assert sorted(heard, key=str) == [(*keys, caller, "800196001", "800196001", "lavoro") for caller in served.callers]
    assert (served.successful, served.failed) == (4, 0), served.output


def test_a_sip_citizen_out_of_patience_hangs_up(asterisk: RealAsterisk) -> None:
    hung_up = threading.Event()

    def script(agi: Session) -> str:
        agi("ANSWER")
        reply = agi("WAIT FOR DIGIT 20000")
        hung_up.set()
        return reply

    server = ScriptServer(script)
    asterisk.set_global(IVR_ENGINE=server.address)
    served = Sipp(asterisk, "800196001", delay=0.2, patience=0.5).wait()
    assert (served.successful, served.failed) == (1, 0), served.output
    assert server.result() == "200 result=-1"
    assert hung_up.is_set()
    server.close()
