"""The fake Asterisk plays its script to the real server, with every bad habit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twisted.internet.task import Clock

from ivr_engine.agi.server import AgiServer, AgiSettings
from ivr_engine.errors import CallerHungUp, CallLost
from ivr_engine.testing.fake_asterisk import FakeAsterisk, Step

if TYPE_CHECKING:
    from ivr_engine.agi.commands import Agi


class Engine:
    """A server whose handler plays a menu, waits for a key, and says what it got."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.story: list[str] = []
        self.server = AgiServer(self.clock, AgiSettings(), self.handle)

    async def handle(self, agi: Agi) -> None:
        try:
            played = await agi.stream_file("menu", "12")
            self.story.append(f"played {played.digit} {played.ms}")
            pressed = await agi.wait_for_digit(5000)
            self.story.append(f"pressed {pressed.digit}")
        except CallLost:
            self.story.append("lost")
            raise
        except CallerHungUp as gone:
            self.story.append(f"hung up {gone.heard_ms}")
        await agi.set_variable("IVR_DONE", "C1")

    def serve(self, asterisk: FakeAsterisk) -> list[str]:
        asterisk.call(self.server.buildProtocol(asterisk.address))
        return self.story


SCRIPT = (Step("STREAM FILE menu 12", "200 result=0 endpos=16000"), Step("WAIT FOR DIGIT 5000", "200 result=50"))


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_a_script_is_played(engine: Engine) -> None:
    asterisk = FakeAsterisk(SCRIPT)
    assert engine.serve(asterisk) == ["played  2000", "pressed 2"]
    assert asterisk.asked == [("STREAM FILE", "menu", "12"), ("WAIT FOR DIGIT", "5000"), ("SET VARIABLE", "IVR_DONE", "C1")]
    assert (asterisk.unexpected, asterisk.status) == ([], "SUCCESS")
    assert asterisk.received.startswith(b"STREAM FILE menu 12\n")


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_everything_may_come_in_pieces(engine: Engine, chunk: int) -> None:
    assert engine.serve(FakeAsterisk(SCRIPT, chunk=chunk)) == ["played  2000", "pressed 2"]


def test_what_the_engine_should_not_have_asked_is_kept(engine: Engine) -> None:
    asterisk = FakeAsterisk([Step("ANSWER"), SCRIPT[1]])
    engine.serve(asterisk)
    assert asterisk.unexpected == ["'STREAM FILE menu 12' instead of 'ANSWER'"]


def test_a_hangup_after_the_reply(engine: Engine) -> None:
    asterisk = FakeAsterisk([Step("STREAM FILE", "200 result=-1 endpos=8000", hang_up="after")])
    assert engine.serve(asterisk) == ["hung up 1000"]
    assert asterisk.asked[-1] == ("SET VARIABLE", "IVR_DONE", "C1")
    assert asterisk.status == "HANGUP"


def test_a_hangup_between_command_and_reply(engine: Engine) -> None:
    dead = "511 Command Not Permitted on a dead channel or intercept routine"
    asterisk = FakeAsterisk([SCRIPT[0], Step("WAIT FOR DIGIT", dead, hang_up="before")])
    assert engine.serve(asterisk) == ["played  2000", "hung up 0"]


def test_silence_lasts_until_the_server_gives_up(engine: Engine) -> None:
    asterisk = FakeAsterisk([SCRIPT[0], Step("WAIT FOR DIGIT", None)])
    engine.server._look()  # begins the server's watch over deadlines, which listen() would
    assert engine.serve(asterisk) == ["played  2000"]
    for _ in range(400):
        engine.clock.advance(0.5)
    asterisk.play()
    assert engine.story == ["played  2000", "lost"]


def test_the_connection_breaks_at_every_byte() -> None:
    whole = FakeAsterisk(SCRIPT)
    Engine().serve(whole)
    stories = []
    for cut_at in range(1, 700):
        asterisk = FakeAsterisk(SCRIPT, cut_at=cut_at)
        stories.append(tuple(Engine().serve(asterisk)))
    ways = [(), ("lost",), ("played  2000", "lost"), ("played  2000", "pressed 2")]
    assert [way for index, way in enumerate(stories) if index == 0 or stories[index - 1] != way] == ways


def test_a_hangup_while_the_engine_thinks(engine: Engine) -> None:
    asterisk = FakeAsterisk([SCRIPT[0], Step("WAIT FOR DIGIT", None)])
    engine.serve(asterisk)
    asterisk.hang_up()
    asterisk.drop()
    assert engine.story[-1] == "lost"
