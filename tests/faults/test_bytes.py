"""An Asterisk that misbehaves at every byte: each call ends once, or is followed; the next one is served whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ivr_engine.agi.client import Introduction
from ivr_engine.events import ContactEnded, ContactStarted
from ivr_engine.testing.fake_asterisk import FakeAsterisk, Step

from ..routing.test_reception import House

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


class Calls:
    """One call after the other, each on a channel of its own."""

    def __init__(self, house: House) -> None:
        self._house, self._number = house, 0

    def make(self, script: Sequence[Step] = (), *, chunk: int = 0, cut_at: int | None = None) -> FakeAsterisk:
        """A call that the far end drops at the end, if it has not gone before."""
        self._number += 1
        introduction = Introduction(request="agi://engine/prova", channel="PJSIP/x", uniqueid=f"17.{self._number}")
        asterisk = FakeAsterisk(script, introduction, chunk=chunk, cut_at=cut_at)
        asterisk.call(self._house.server.buildProtocol(asterisk.address))
        asterisk.drop()
        return asterisk

    def all_accounted_for(self) -> None:
        """Every contact that began is over, once, or is followed; no session is left; the next call is served whole."""
        asterisk = self.make()
        assert asterisk.asked[-1][:2] == ("SET VARIABLE", "IVR_DONE")
        events = self._house.events
        started = [event.contact for event in events if isinstance(event, ContactStarted)]
        ended = [event.contact for event in events if isinstance(event, ContactEnded)]
        followed = [contact.id for contact in self._house.contacts.lost()]
        assert len(set(started)) == len(started)
        assert sorted(ended + followed) == sorted(started)
        assert len(self._house.contacts) == len(followed)
        counts = self._house.server.statistics()
        assert (counts.up, len(self._house.server._sessions)) == (0, 0)


def test_the_connection_breaks_after_any_byte(house: House) -> None:
    calls = Calls(house)
    served = calls.make(chunk=1)
    steps = len(served.asked)
    broken = 0
    for byte in range(0, 4000, 3):
        asterisk = calls.make(cut_at=byte)
        broken += len(asterisk.asked) < steps
        if len(asterisk.asked) == steps:
            break
    assert 100 < broken < 1300, "the last one was whole, those before were not"
    calls.all_accounted_for()


BAD = {
    "twice": "200 result=0\n200 result=0",
    "half": "200 resu",
    "nothing": "",
    "number": "200 result=abc",
    "huge number": "200 result=" + "9" * 5000,
    "minus": "200 result=-1",
    "dead": "511 Command Not Permitted on a dead channel or intercept routine",
    "unknown": "510 Invalid or unknown command",
    "usage": "520-Invalid command syntax.  Proper usage follows:\nx\n520 End of proper usage.",
    "usage without end": "520-Invalid\n" + "x\n" * 2000,
    "binary": "\x00\xff\x01\udcff" * 50,
    "huge": "200 result=0 (" + "x" * 20_000 + ")",
    "another protocol": "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n",
    "hang-up": "HANGUP\n200 result=-1",
    "hang-up in the middle": "200 res\nHANGUP\nult=0",
    "open bracket": "200 result=1 (",
}


@pytest.mark.parametrize("name", BAD)
def test_an_answer_out_of_order_at_any_command(house: House, name: str) -> None:
    calls = Calls(house)
    steps = len(calls.make().asked)
    for place in range(steps):
        calls.make([*[Step()] * place, Step(reply=BAD[name].encode(errors="surrogateescape").decode("latin-1"))])
    calls.all_accounted_for()


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_caller_hangs_up_around_any_command(house: House, when: str) -> None:
    calls = Calls(house)
    steps = len(calls.make().asked)
    for place in range(steps):
        calls.make([*[Step()] * place, Step(hang_up=when, reply="200 result=-1")], chunk=place % 3)
    calls.all_accounted_for()


def test_no_answer_at_any_command(house: House) -> None:
    calls = Calls(house)
    steps = len(calls.make().asked)
    for place in range(steps):
        asterisk = calls.make([*[Step()] * place, Step(reply=None)])
        assert len(asterisk.asked) == place + 1
    calls.all_accounted_for()
