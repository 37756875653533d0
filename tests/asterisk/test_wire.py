"""The engine's FastAGI server under a real Asterisk, with nothing of the engine above it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .server import wait_for
from .sipp import Sipp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import RealAsterisk

pytestmark = pytest.mark.asterisk


class Menu:
    """The menu server as a process; `said` is what it printed of calls."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "output"
        program = Path(__file__).with_name("menu_server.py")
        with self._output.open("wb") as output:
            self._process = subprocess.Popen([sys.executable, str(program)], stdout=output, stderr=subprocess.STDOUT)
        wait_for(lambda: self._port() is not None, 15, self._output.read_text)
        self.address = f"127.0.0.1:{self._port()}"

    def said(self) -> list[str]:
        return [line for line in self._output.read_text().splitlines() if line.startswith(("keyed", "queued", "hung up"))]

    def wait_for(self, lines: int) -> list[str]:
        wait_for(lambda: len(self.said()) >= lines, 30, self._output.read_text)
        return self.said()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(10)

    def _port(self) -> int | None:
        return next((int(line) for line in self._output.read_text().splitlines() if line.isdigit()), None)


@pytest.fixture
def menu(asterisk: RealAsterisk, tmp_path: Path) -> Iterator[Menu]:
    menu = Menu(tmp_path)
    asterisk.set_global(IVR_ENGINE=menu.address)
    yield menu
    menu.stop()


def test_ten_sip_citizens_walk_two_keys(asterisk: RealAsterisk, menu: Menu) -> None:
    served = Sipp(asterisk, "800196001", "1 1", gap=0.5, calls=10, rate=10).wait()
    assert (served.successful, served.failed) == (10, 0), served.output
    assert Counter(menu.wait_for(10)) == {"keyed 11": 10}


def test_a_citizen_reaches_an_operator(asterisk: RealAsterisk, menu: Menu) -> None:
    citizen = asterisk.call("800196001", "1 2")
    keyed, queued = menu.wait_for(2)
    asterisk.quiet()
    log = {row[4]: row for row in asterisk.queue_log(citizen.channel)}
    assert (keyed, queued) == ("keyed 12", f"queued answered {log['COMPLETEAGENT'][5]} {log['CONNECT'][3]}")
    assert list(log) == ["ENTERQUEUE", "CONNECT", "COMPLETEAGENT"]  # once: IVR_DONE kept the fall-back away


def test_a_citizen_abandons(asterisk: RealAsterisk, menu: Menu) -> None:
    asterisk.set_global(OPERATOR_ANSWERS="no")
    citizen = asterisk.call("800196001", "1 2", hangup_after=1.5)
    _, queued = menu.wait_for(2)
    asterisk.quiet()
    assert queued.split()[:2] == ["queued", "abandoned"]
    assert queued.split()[2] == asterisk.queue_log(citizen.channel)[-1][7]


def test_a_citizen_hangs_up_in_a_prompt(asterisk: RealAsterisk, menu: Menu) -> None:
    began = time.monotonic()
    asterisk.call("800196001", delay=0.1, hangup_after=1)
    (said,) = menu.wait_for(1)
    assert said.startswith("hung up ")
    assert 500 < int(said.split()[-1]) <= (time.monotonic() - began) * 1000
