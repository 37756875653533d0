"""Callers who speak, on a real Asterisk, understood by Whisper in Italian: everything that can go well or wrong with it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ivr_engine.events import Cause, Outcome

from .engine import Engine
from .proxy import Proxy
from .root import PROJECT
from .server import free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .server import Citizen, RealAsterisk

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

MODELS = PROJECT / "build" / "models"
LAVORO = "800196001"


def speech(port: int, advertised: str = "", turns: int = 8) -> str:
    return f"""
[audiosocket]
port = {port}
advertised = "{advertised}"
[speech]
models = "{MODELS}"
ears = {{ it = "whisper-base" }}
turns = {turns}
deadline = 30  # the tests' machine may be busy
"""


@pytest.fixture(scope="module", autouse=True)
def _model() -> None:
    if not (MODELS / "whisper-base" / "model.bin").is_file():
        reason = "whisper-base is not in build/models: ivr models install whisper-base"
        (pytest.fail if os.environ.get("IVR_REQUIRE_MODELS") == "1" else pytest.skip)(reason)


class Hearing:
    """An engine with ears, and what the tests ask of it."""

    def __init__(self, folder: Path, asterisk: RealAsterisk, audio: Path, **how: object) -> None:
        self.port = free_port()
        self.asterisk = asterisk
        self.engine = Engine(folder, asterisk, audio, speech=speech(self.port, **how))  # type: ignore[arg-type]
        self.engine.start(60)
        wait_for(
            lambda: "callers are heard" in self.engine.log(),
            60,
            lambda: f"the model was not loaded:\n{self.engine.log()[-2000:]}",
        )

    def recognisers(self) -> list[int]:
        """Processes of recognisers: children of this engine."""
        assert self.engine._process is not None
        children = Path(f"/proc/{self.engine._process.pid}/task").glob("*/children")
        return [int(pid) for file in children for pid in file.read_text().split()]

    def at_menu(self, into_s: float = 1.5) -> Citizen:
        """A citizen who hears the line's menu, so many seconds of it."""
        citizen = self.asterisk.call(LAVORO, delay=150)
        self.engine.wait_step(citizen, "menu", 40)
        wait_for(self.media_channels, 10, lambda: f"no media:\n{self.engine.log()[-2000:]}")
        time.sleep(into_s)
        return citizen

    def media_channels(self) -> int:
        """Calls in the application AudioSocket."""
        return self.asterisk.cli("core show channels concise").count("!AudioSocket!")

    def events(self, citizen: Citizen, kind: str) -> list[dict[str, object]]:
        row = self.engine.contact(citizen)
        assert row is not None
        return [dict(entry.data) for entry in self.engine.file(row.id).journal if entry.kind == kind]

    def results(self, citizen: Citizen) -> list[object]:
        return [event["result"] for event in self.events(citizen, "SpeechHeard")]


@pytest.fixture(scope="module")
def shared(real_asterisk: RealAsterisk, audio: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hearing]:
    hearing = Hearing(tmp_path_factory.mktemp("speech"), real_asterisk, audio)
    yield hearing
    hearing.engine.stop()


@pytest.fixture
def hearing(shared: Hearing, asterisk: RealAsterisk) -> Hearing:
    asterisk.set_global(IVR_ENGINE=f"127.0.0.1:{shared.engine.port}")  # the reset took it away
    return shared


def test_what_a_caller_says_is_understood_and_leads_there(hearing: Hearing) -> None:
    citizen = hearing.at_menu()
    hearing.asterisk.say(citizen, "dimissioni")
    hearing.engine.wait_step(citizen, "dimissioni")
    hearing.asterisk.hang_up(citizen)
    contact = hearing.engine.wait_end(citizen)
    assert contact.cause is Cause.CALLER
    (heard,) = hearing.events(citizen, "SpeechHeard")
    assert (heard["result"], heard["band"], heard["engine"]) == ("said", "take", "whisper-base")
    prompts = {event["prompt"]: event for event in hearing.events(citizen, "PromptHeard")}
    menu = prompts["speech.hint"]  # the voice cut into what was said first
    assert 0 < menu["heard_ms"] <= menu["length_ms"]  # type: ignore[operator]
    assert not any("dimission" in repr(event) for event in hearing.events(citizen, "InputTaken"))


def finish(hearing: Hearing, citizen: Citizen) -> None:
    """The citizen, still well served, hangs up; the contact ends as theirs."""
    hearing.asterisk.hang_up(citizen)
    assert hearing.engine.wait_end(citizen).cause is Cause.CALLER


def test_a_key_interrupts_the_prompt_as_ever(hearing: Hearing) -> None:
    citizen = hearing.at_menu()
    hearing.asterisk.press(citizen, "1")
    hearing.engine.wait_step(citizen, "dimissioni")
    finish(hearing, citizen)
    assert [event["value"] for event in hearing.events(citizen, "InputTaken")] == ["1"]
    assert hearing.results(citizen) == []
    first = hearing.events(citizen, "PromptHeard")[1]
    assert 0 < first["heard_ms"] < first["length_ms"]  # type: ignore[operator]


def test_an_operator_is_asked_for_and_answers(hearing: Hearing) -> None:
    citizen = hearing.at_menu()
    hearing.asterisk.say(citizen, "operatore")
    hearing.engine.wait_step(citizen, "OperatorAnswered", 40)
    contact = hearing.engine.wait_end(citizen)
    assert contact.outcome is Outcome.ANSWERED
    assert hearing.results(citizen) == ["command"]


def test_who_says_nothing_or_mumbles_is_asked_again_and_keys_still_work(hearing: Hearing) -> None:
    citizen = hearing.at_menu()
    for voice in ("borbottio", "non_previsto"):
        before = len(hearing.results(citizen))
        hearing.asterisk.say(citizen, voice)
        wait_for(lambda: len(hearing.results(citizen)) > before, 60, lambda: hearing.engine.story(citizen))  # noqa: B023
        time.sleep(1.0)
    assert set(hearing.results(citizen)) <= {"low", "noise"}
    said = [event["prompt"] for event in hearing.events(citizen, "PromptHeard")]
    assert "speech.low" in said
    hearing.asterisk.press(citizen, "1")
    hearing.engine.wait_step(citizen, "dimissioni")
    finish(hearing, citizen)
    assert "speech.keys" in [event["prompt"] for event in hearing.events(citizen, "PromptHeard")]


def test_who_stays_silent_comes_to_an_operator(hearing: Hearing) -> None:
    citizen = hearing.asterisk.call(LAVORO, delay=150)
    hearing.engine.wait_step(citizen, "QueueEntered", 110)
    hearing.asterisk.hang_up(citizen)
    hearing.engine.wait_end(citizen)
    assert [event["result"] for event in hearing.events(citizen, "InputTaken")] == ["noinput"] * 3
    assert hearing.results(citizen) == []


def test_who_hangs_up_in_mid_word_has_hung_up(hearing: Hearing) -> None:
    citizen = hearing.at_menu()
    hearing.asterisk.say(citizen, "dimissioni")
    time.sleep(1.0)
    hearing.asterisk.hang_up(citizen)
    contact = hearing.engine.wait_end(citizen)
    assert (contact.cause, contact.outcome) == (Cause.CALLER, Outcome.ABANDONED_IVR)
    heard = hearing.events(citizen, "PromptHeard")[-1]
    assert 0 < heard["heard_ms"] < heard["length_ms"]  # type: ignore[operator]


def test_strangers_at_the_port_disturb_nobody(hearing: Hearing) -> None:
    citizen = hearing.at_menu(0.1)
    endings = [
        stranger(hearing.port, b"GET / HTTP/1.1\r\n\r\n"),
        stranger(hearing.port, b"\x01\x00\x10" + uuid.uuid4().bytes),
        stranger(hearing.port, b"\x10\x01\x40" + bytes(320)),
        stranger(hearing.port, b""),  # says nothing
    ]
    assert max(endings) < 5
    hearing.asterisk.press(citizen, "1")
    hearing.engine.wait_step(citizen, "dimissioni")
    finish(hearing, citizen)
    log = hearing.engine.log()
    for why in ("there is no packet of kind", "no call waits for it", "it speaks before it said", "it did not say which call"):
        assert f"media connection cut: {why}" in log


def stranger(port: int, data: bytes) -> float:
    """Seconds until the engine closes on whoever sends that."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(data)
        connection.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1000) == b""
    return time.monotonic() - began


def test_the_recogniser_is_killed_under_many_callers_and_their_calls_go_on_by_keys(hearing: Hearing) -> None:
    citizens = [hearing.asterisk.call(LAVORO, delay=150) for _ in range(6)]
    wait_for(
        lambda: hearing.media_channels() == len(citizens), 40, lambda: f"{hearing.media_channels()} of {len(citizens)} are heard"
    )
    for pid in hearing.recognisers():
        os.kill(pid, signal.SIGKILL)
    for citizen in citizens:
        hearing.engine.wait_step(citizen, "SpeechHeard", 60)
        hearing.asterisk.press(citizen, "1")
    for citizen in citizens:
        hearing.engine.wait_step(citizen, "dimissioni")
        finish(hearing, citizen)
        assert hearing.results(citizen) == ["died"]
        said = [event["prompt"] for event in hearing.events(citizen, "PromptHeard")]
        assert "speech.failed" in said
    wait_for(hearing.recognisers, 60, lambda: "no recogniser is there again")
    again = hearing.at_menu()
    hearing.asterisk.say(again, "dimissioni")
    hearing.engine.wait_step(again, "dimissioni")
    finish(hearing, again)


@pytest.fixture
def other(asterisk: RealAsterisk, audio: Path, tmp_path: Path) -> Iterator[Callable[..., Hearing]]:
    """Engines of other settings."""
    made: list[Hearing] = []

    def make(**how: object) -> Hearing:
        made.append(Hearing(tmp_path, asterisk, audio, **how))
        return made[-1]

    yield make
    for hearing in made:
        hearing.engine.stop()


def test_when_every_recogniser_is_busy_the_next_caller_has_keys_at_once(other: Callable[..., Hearing]) -> None:
    hearing = other(turns=1)
    first = hearing.at_menu(0.1)
    second = hearing.asterisk.call(LAVORO, delay=150)
    hearing.engine.wait_step(second, "SpeechHeard")
    assert hearing.results(second) == ["busy"]
    hearing.asterisk.press(second, "1")
    hearing.engine.wait_step(second, "dimissioni")
    finish(hearing, second)
    finish(hearing, first)
    assert "speech.hint" not in [event["prompt"] for event in hearing.events(second, "PromptHeard")]


class Transposed(Proxy):
    """Calls the caller's voice another rate on its way."""

    def pump(self, data: bytes) -> bytes:
        return re.sub(rb"\x10\x01\x40", b"\x12\x01\x40", data)


def test_another_sample_rate_is_not_listened_to(other: Callable[..., Hearing]) -> None:
    proxy = Transposed()
    try:
        hearing = other(advertised=f"127.0.0.1:{proxy.port}")
        proxy.target = hearing.port
        citizen = hearing.at_menu(0.1)
        hearing.asterisk.say(citizen, "dimissioni")
        hearing.engine.wait_step(citizen, "SpeechHeard")
        assert hearing.results(citizen) == ["format"]
        time.sleep(4.0)  # says it to the end: keys are pressed after that
        hearing.asterisk.press(citizen, "1")
        hearing.engine.wait_step(citizen, "dimissioni")
        finish(hearing, citizen)
    finally:
        proxy.close()


def test_a_port_that_asterisk_cannot_reach_leaves_keys(other: Callable[..., Hearing]) -> None:
    hearing = other(advertised=f"127.0.0.1:{free_port()}")
    citizen = hearing.asterisk.call(LAVORO, delay=150)
    hearing.engine.wait_step(citizen, "SpeechHeard", 40)
    assert hearing.results(citizen) == ["unreachable"]
    hearing.asterisk.press(citizen, "1")
    hearing.engine.wait_step(citizen, "dimissioni")
    finish(hearing, citizen)
    assert "no media connection" in hearing.engine.log()
