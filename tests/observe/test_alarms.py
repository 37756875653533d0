"""Alarms: raised after a while, taken back after a while; what is told reaches a command and a web hook, and waits if it must."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.observe.alarms import Alarms

BAD = {"ami": "gone"}


def told(alarms: Alarms, *looks: tuple[float, dict[str, str]]) -> list[tuple[float, str, bool]]:
    return [(now, alarm.component, alarm.raised) for now, faults in looks for alarm in alarms.look(now, faults)]


def test_a_fault_is_told_once_it_lasts_and_its_end_once_that_lasts() -> None:
    alarms = Alarms(30, 60)
    looks = [(0, BAD), (20, BAD), (30, BAD), (40, BAD), (50, {}), (100, {}), (110, {}), (120, {})]
    assert told(alarms, *looks) == [(30, "ami", True), (110, "ami", False)]
    assert alarms.raised() == {}


def test_a_short_fault_is_not_told() -> None:
    assert told(Alarms(30, 60), (0, BAD), (29, BAD), (29.5, {}), (40, BAD), (69, BAD), (69.5, {}), (300, {})) == []


def test_flutter_keeps_an_alarm_raised() -> None:
    alarms = Alarms(10, 60)
    looks = [(now, BAD if now % 20 < 10 or now < 20 else {}) for now in range(0, 400, 5)]
    assert told(alarms, *looks) == [(10, "ami", True)]
    assert alarms.raised() == BAD


def test_an_alarm_says_how_long_the_trouble_lasted() -> None:
    alarms = Alarms(10, 60)
    (raised,) = [alarm for now in (0, 10, 20) for alarm in alarms.look(now, BAD)]
    (over,) = [alarm for now in (30, 90) for alarm in alarms.look(now, {})]
    assert (raised.lasted, over.lasted, over.why) == (10, 90, "gone")


@given(st.lists(st.tuples(st.floats(0.1, 50), st.sets(st.sampled_from("abc")))), st.floats(1, 60), st.floats(1, 60))
def test_every_alarm_is_raised_and_taken_back_in_turn(steps: list[tuple[float, set[str]]], after: float, well: float) -> None:
    alarms, now = Alarms(after, well), 0.0
    raised: set[str] = set()
    for pause, faults in steps:
        now += pause
        for alarm in alarms.look(now, dict.fromkeys(faults, "x")):
            assert alarm.raised == (alarm.component not in raised)
            assert alarm.raised == (alarm.component in faults)
            assert alarm.lasted >= (after if alarm.raised else well)
            raised ^= {alarm.component}
        assert set(alarms.raised()) == raised


CHANNELS = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from twisted.internet import reactor
from ivr_engine.observe.pager import channels, notice_of
from ivr_engine import logs
logs.configure("info", "json")

got, codes = [], [500, 200, 200]

class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        code = codes.pop(0)
        body = self.rfile.read(int(self.headers["content-length"]))
        got.append((code, json.loads(body)["alarm"], self.headers["content-type"]))
        self.send_response(code); self.end_headers()
    def log_message(self, *args):
        pass

web = HTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=web.serve_forever, daemon=True).start()
told = Path(sys.argv[1])
write = f"open({str(told)!r}, 'a').write(sys.stdin.read() + os.environ.get('SECRET', '') + chr(10))"
program = [sys.executable, "-c", f"import sys, os; {write}"]
both = channels(reactor, program, f"http://127.0.0.1:{web.server_port}/alarm")
for name in ("ami", "store"):
    for channel in both:
        channel.send(notice_of(alarm=name, why="x"))

def look():
    for channel in both:
        channel.again()
    if len(got) == 3 and told.exists() and told.read_text().count(chr(10)) == 2:
        reactor.stop()
    else:
        reactor.callLater(0.05, look)

reactor.callWhenRunning(look)
reactor.callLater(40, reactor.stop)
reactor.run()
web.shutdown(); web.server_close()
print(json.dumps(got))
"""


def run(code: str, *args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *args], capture_output=True, text=True, timeout=60, check=True, env=env
    )


def test_command_and_web_hook_are_told_in_order_and_again_after_a_failure(tmp_path: Any) -> None:
    done = run(CHANNELS, str(tmp_path / "told"), env={"SECRET": "hunter2", "PATH": "/usr/bin:/bin"})
    assert json.loads(done.stdout) == [
        [code, name, "application/json"] for code, name in ((500, "ami"), (200, "ami"), (200, "store"))
    ]
    lines = (tmp_path / "told").read_text().splitlines()
    assert [json.loads(line)["alarm"] for line in lines] == ["ami", "store"], "and nothing of the environment"
    (failed,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (failed["event"], failed["channel"], failed["waiting"]) == ("an alarm could not be told", "web hook", 2)


@pytest.mark.parametrize("address", ["ftp://x", "file:///etc/passwd", "x"])
def test_a_web_hook_is_an_address_of_the_web(tmp_path: Any, address: str) -> None:
    from ivr_engine.config import load
    from ivr_engine.errors import Invalid

    file = tmp_path / "ivr.toml"
    file.write_text(f'[alarms]\nweb_hook = "{address}"\n')
    with pytest.raises(Invalid, match="must begin with https"):
        load(file)
