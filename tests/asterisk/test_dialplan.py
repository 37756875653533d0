"""The shipped dialplan: whatever becomes of the engine, a caller is served once and never left in silence."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from .script import ScriptServer, Session
from .server import DEFAULTS, wait_for, write_tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .server import Citizen, RealAsterisk

pytestmark = pytest.mark.asterisk


@pytest.fixture
def engine(asterisk: RealAsterisk) -> Iterator[Callable[[Callable[[Session], object]], ScriptServer]]:
    """An engine that runs a script for each call."""
    servers: list[ScriptServer] = []

    def serve(script: Callable[[Session], object]) -> ScriptServer:
        servers.append(ScriptServer(script))
        asterisk.set_global(IVR_ENGINE=servers[-1].address)
        return servers[-1]

    yield serve
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def own_sounds_only(asterisk: RealAsterisk) -> Iterator[None]:
    """Asterisk has its own sounds and none of the engine's, whatever tests before installed."""
    # English too: a sound that is missing in the channel's language is looked for there.
    folders = [asterisk.sounds / language / "ivr/core" for language in ("it", "en")]
    for core in folders:
        if core.exists():
            core.rename(core.with_name("core.aside"))
    yield
    for core in folders:
        shutil.rmtree(core, ignore_errors=True)
        if core.with_name("core.aside").exists():
            core.with_name("core.aside").rename(core)


def verbs(asterisk: RealAsterisk, citizen: Citizen) -> list[str]:
    """What queue_log tells of this call once it is over."""
    asterisk.quiet()
    return [row[4] for row in asterisk.queue_log(citizen.channel)]


@pytest.mark.parametrize(
    ("dialled", "line"),
    [
        ("800196196", "centralino"),
        ("800196001", "lavoro"),
        ("800196002", "sociale"),
        ("800196003", "comunicazioni_obbligatorie"),
        ("800196004", "tfr_cliclavoro"),
        ("+39800196001", "lavoro"),
        ("0039800196001", "lavoro"),
        ("800196009", "prova"),  # the site's own
        ("+39800196009", "prova"),
    ],
)
def test_each_number_reaches_its_line(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer], dialled: str, line: str
) -> None:
    def script(agi: Session) -> tuple[str, str, str]:
        agi("SET VARIABLE IVR_DONE c")
        return agi.environment["agi_network_script"], agi.environment["agi_extension"][-9:], agi.environment["agi_language"]

    server = engine(script)
    asterisk.call(dialled)
    assert server.result() == (line, dialled[-9:], "it")


@pytest.mark.parametrize(
    ("caller", "number"),
    [("+390612345678", "+390612345678"), ("0612345678", "0612345678"), ("anonymous", "unknown"), ("06|x|ABANDON", "unknown")],
)
def test_only_numbers_reach_the_engine_as_numbers(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer], caller: str, number: str
) -> None:
    def script(agi: Session) -> str:
        agi("SET VARIABLE IVR_DONE c")
        return agi.environment["agi_callerid"]

    server = engine(script)
    asterisk.call("800196001", caller=caller)
    assert server.result() == number


def test_served_by_the_engine_nothing_follows(asterisk: RealAsterisk, engine: Callable[..., ScriptServer]) -> None:
    server = engine(lambda agi: (agi("ANSWER"), agi("SET VARIABLE IVR_DONE c")))
    citizen = asterisk.call("800196001")
    server.result()
    assert verbs(asterisk, citizen) == []


@pytest.mark.parametrize(
    ("number", "queue"),
    [("800196196", "lavoro"), ("800196001", "lavoro"), ("800196002", "sociale"), ("800196003", "co"), ("800196004", "tfr")],
)
def test_no_engine_the_caller_goes_to_the_queue_of_the_line(asterisk: RealAsterisk, number: str, queue: str) -> None:
    asterisk.set_global(OPERATOR_TALK=0.5)
    citizen = asterisk.call(number)
    wait_for(lambda: bool(asterisk.queue_log(citizen.channel)), 15, asterisk.log)
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    assert {row[2] for row in asterisk.queue_log(citizen.channel)} == {queue}


def test_an_engine_that_is_full_sends_the_caller_to_the_queue(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer]
) -> None:
    asterisk.set_global(OPERATOR_TALK=0.5)
    server = engine(lambda agi: agi("failure"))
    citizen = asterisk.call("800196001")
    with pytest.raises(EOFError):
        server.result()
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]


def test_the_engine_dies_in_a_prompt_the_caller_is_put_through(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer]
) -> None:
    asterisk.set_global(OPERATOR_TALK=0.5)
    server = engine(lambda agi: (agi("ANSWER"), agi.send("STREAM FILE ivr/tone 1")))
    citizen = asterisk.call("800196001")
    server.result()
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]


def test_the_engine_dies_while_the_caller_waits_he_is_answered_once(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer]
) -> None:
    asterisk.set_global(OPERATOR_TALK=1, OPERATOR_RING=2)
    server = engine(lambda agi: (agi("ANSWER"), agi.send("EXEC Queue lavoro,c,,,60")))
    citizen = asterisk.call("800196001")
    server.result()
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]


def test_the_engine_dies_while_the_caller_waits_and_nobody_answers_he_is_told_so(
    asterisk: RealAsterisk, engine: Callable[..., ScriptServer]
) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    server = engine(lambda agi: (agi("ANSWER"), agi.send("EXEC Queue lavoro,c,,,2")))
    citizen = asterisk.call("800196001")
    server.result()
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "RINGNOANSWER", "EXITWITHTIMEOUT"]
    assert asterisk.heard() == ["vm-nobodyavail", "vm-goodbye"]  # Asterisk's own sounds: ours are not installed


def test_the_engine_dies_after_the_talk_the_matter_is_closed(asterisk: RealAsterisk, engine: Callable[..., ScriptServer]) -> None:
    asterisk.set_global(OPERATOR_TALK=0.3)
    server = engine(lambda agi: (agi("ANSWER"), agi("EXEC Queue lavoro,c,,,20")))
    citizen = asterisk.call("800196001")
    server.result()
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]
    assert asterisk.heard() == []


def test_a_caller_sent_on_from_a_telephone_begins_anew(asterisk: RealAsterisk, engine: Callable[..., ScriptServer]) -> None:
    """The channel is the same, and the session that it came from ended in order; the engine is away for the second."""
    asterisk.set_global(OPERATOR_TALK=30)
    server = engine(lambda agi: (agi("ANSWER"), agi("EXEC Queue lavoro,c,,,60"), agi("SET VARIABLE IVR_DONE C1")))
    citizen = asterisk.call("800196001")
    wait_for(lambda: any(row[4] == "CONNECT" for row in asterisk.queue_log(citizen.channel)), 15, asterisk.log)
    asterisk.set_global(IVR_ENGINE=DEFAULTS["IVR_ENGINE"], OPERATOR_TALK=0.5)
    with asterisk.manager() as manager:
        manager.act(Action="Redirect", Channel=citizen.channel, Context="from-trunk", Exten="800196002", Priority="1")
    server.result()
    asterisk.quiet()
    talks = [row[2] for row in asterisk.queue_log(citizen.channel) if row[4] == "CONNECT"]
    assert talks == ["lavoro", "sociale"], asterisk.log()[-3000:]


def test_the_caller_who_hung_up_is_not_queued(asterisk: RealAsterisk, engine: Callable[..., ScriptServer]) -> None:
    server = engine(lambda agi: (agi("ANSWER"), agi("WAIT FOR DIGIT 20000")))
    citizen = asterisk.call("800196001", delay=0.1, hangup_after=0.5)
    server.result()
    assert verbs(asterisk, citizen) == []


def test_no_engine_and_no_operator_the_caller_is_told_so(asterisk: RealAsterisk) -> None:
    asterisk.pause(*asterisk.operators)
    citizen = asterisk.call("800196003")
    wait_for(lambda: "vm-goodbye" in asterisk.heard(), 15, asterisk.log)
    assert verbs(asterisk, citizen) == []
    assert asterisk.heard() == ["pls-hold-while-try", "vm-nobodyavail", "vm-goodbye"]


def test_no_engine_and_nobody_answers_in_time(asterisk: RealAsterisk) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no", IVR_QUEUE_TIMEOUT=2)
    citizen = asterisk.call("800196001")
    wait_for(lambda: "vm-goodbye" in asterisk.heard(), 20, asterisk.log)
    assert verbs(asterisk, citizen) == ["ENTERQUEUE", "RINGNOANSWER", "EXITWITHTIMEOUT"]


def test_installed_prompts_are_heard(asterisk: RealAsterisk, tmp_path: Path) -> None:
    (tmp_path / "it/ivr/core").mkdir(parents=True)
    write_tone(tmp_path / "it/ivr/core/operator.wav", 0.2)
    asterisk.install_prompts(tmp_path)
    asterisk.set_global(OPERATOR_TALK=0.3)
    asterisk.call("800196001")
    wait_for(lambda: bool(asterisk.heard()), 15, asterisk.log)
    (asterisk.sounds / "it/ivr/core/operator.wav").unlink()
    assert asterisk.heard()[0] == "ivr/core/operator"
