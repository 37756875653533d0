"""Real telephony: how many calls a second a real Asterisk hands over until the first one fails, and what each of the two takes.

    python -m benchmarks.telephony [--rates 2,5,10,20,40] [--seconds 20]

sipp dials, keys its way to an answer and hears it out; Asterisk and the engine are those of the tests, all on this machine.
Beside each rate a probe dials once a second and notes how long after its INVITE it was answered, and when the first packet of the
first prompt came. The ramp ends at the first rate at which a call fails. Needs `bash tests/asterisk/install.sh`.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tabulate import tabulate

from benchmarks.results import keep
from benchmarks.wire.servers import cpu_s
from tests.asterisk.engine import IVR, LINES, Engine
from tests.asterisk.root import PROJECT, find_root, missing
from tests.asterisk.server import RealAsterisk, media_port, running, wait_for
from tests.asterisk.sipp import Sipp

NUMBER, KEYS = "800196001", "1 3"
_ANSWER_S = 10.0


class Probe(threading.Thread):
    """Dials once a second until it is told to end; seconds from INVITE to the 200 and to the first packet of sound."""

    def __init__(self, sip_port: int) -> None:
        super().__init__(daemon=True)
        self._asterisk, self._over = ("127.0.0.1", sip_port), threading.Event()
        self.answered: list[float] = []
        self.heard: list[float] = []
        self.failed = 0

    def run(self) -> None:
        """Until `end`."""
        while not self._over.is_set():
            try:
                self._call()
            except (OSError, AssertionError):
                self.failed += 1
            self._over.wait(1.0)

    def end(self) -> None:
        """No further call."""
        self._over.set()
        self.join(2 * _ANSWER_S)

    def _call(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sound:
            sip.bind(("127.0.0.1", 0))
            sound.bind(("127.0.0.1", media_port()))
            sip.settimeout(_ANSWER_S)
            call = f"probe{time.monotonic_ns()}"
            began = time.perf_counter()
            self._say(sip, "INVITE", call, 1, sound.getsockname()[1])
            while b" 200 " not in (reply := sip.recv(4096)).split(b"\r\n")[0]:
                assert reply[8:9] == b"1", reply[:40]
            answered = time.perf_counter() - began
            to = next(line[3:].strip().decode() for line in reply.split(b"\r\n") if line.lower().startswith(b"to:"))
            self._say(sip, "ACK", call, 1, to=to)
            media = next(int(line.split()[1]) for line in reply.split(b"\r\n") if line.startswith(b"m=audio"))
            self._listen(sound, media)
            self.heard.append(time.perf_counter() - began)
            self.answered.append(answered)
            self._say(sip, "BYE", call, 2, to=to)
            sip.recv(4096)

    def _listen(self, sound: socket.socket, media: int) -> None:
        """Until the first packet comes. A telephone sends its silence meanwhile: else Asterisk waits half a second for it."""
        sound.settimeout(0.02)
        for number in range(round(_ANSWER_S / 0.02)):
            sound.sendto(struct.pack(">BBHII", 0x80, 8, number, number * 160, 1) + b"\xd5" * 160, ("127.0.0.1", media))
            with contextlib.suppress(TimeoutError):
                sound.recv(4096)
                return
        raise TimeoutError

    def _say(self, sip: socket.socket, method: str, call: str, number: int, media: int = 0, to: str = "") -> None:
        here = "{}:{}".format(*sip.getsockname())
        there = f"sip:{NUMBER}@127.0.0.1:{self._asterisk[1]}"
        body = (
            f"v=0\r\no=probe 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 8\r\n"
            "a=rtpmap:8 PCMA/8000\r\n"
            if media
            else ""
        )
        kind = "Content-Type: application/sdp\r\n" if media else ""
        sip.sendto(
            (
                f"{method} {there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{call}{method}\r\n"
                f"From: <sip:+390277777777@{here}>;tag={call}\r\nTo: {to or f'<{there}>'}\r\nCall-ID: {call}\r\n"
                f"CSeq: {number} {method}\r\nContact: <sip:probe@{here}>\r\nMax-Forwards: 70\r\n{kind}"
                f"Content-Length: {len(body)}\r\n\r\n{body}"
            ).encode(),
            self._asterisk,
        )


def at_rate(asterisk: RealAsterisk, engine: Engine, processes: tuple[int, int], rate: float, seconds: float) -> dict[str, Any]:
    """One step of the ramp."""
    calls, known = round(rate * seconds), len(engine.contacts())
    probe = Probe(asterisk.sip_port)
    before, began = [cpu_s(process) for process in processes], time.perf_counter()
    probe.start()
    sipp = Sipp(asterisk, NUMBER, KEYS, calls=calls, rate=rate, patience=60)
    time.sleep(seconds)  # it is the rate over this time that is measured
    spent, took = [cpu_s(process) - was for process, was in zip(processes, before, strict=True)], time.perf_counter() - began
    probe.end()
    served = sipp.wait()
    probes = len(probe.answered) + probe.failed
    wait_for(lambda: not engine.store.contacts.list(open_only=True), 60, lambda: "contacts stay open")
    contacts = engine.contacts()[known:]
    return {
        "rate": rate,
        "calls": calls,
        "failed": served.failed + (calls - served.failed - served.successful) + probe.failed,
        "contacts_missing": calls + probes - probe.failed - len(contacts),
        "outcomes": dict(Counter(str(contact.outcome) for contact in contacts)),
        "engine_cores": spent[0] / took,
        "asterisk_cores": spent[1] / took,
        "engine_share": spent[0] / sum(spent),
        "answered_ms": [1000 * value for value in probe.answered],
        "heard_ms": [1000 * value for value in probe.heard],
    }


def ramp(rates: list[float], seconds: float) -> list[dict[str, Any]]:
    """Each rate until one fails."""
    root = find_root()
    assert root is not None
    steps = []
    with running(root) as asterisk, tempfile.TemporaryDirectory(prefix="ivr-telephony-") as folder:
        audio, settings = PROJECT / "build" / "test-audio", Path(folder) / "sounds.toml"
        settings.write_text(f'[prompts]\nfolder = "{audio}"\nvoice = "espeak"\n[plugins]\nfolders = ["{LINES}"]\n')
        for command in (["render"], ["install", "--to", str(asterisk.sounds)]):
            subprocess.run([str(IVR), "--settings", str(settings), "prompts", *command], check=True, timeout=300)
        engine = Engine(Path(folder), asterisk, audio)
        engine.start()
        try:
            assert engine._process is not None
            assert asterisk._process is not None
            processes = engine._process.pid, asterisk._process.pid
            for rate in rates:
                step = at_rate(asterisk, engine, processes, rate, seconds)
                steps.append(step)
                print({name: value for name, value in step.items() if not name.endswith("_ms")}, flush=True)
                if step["failed"] or step["contacts_missing"]:
                    break
                asterisk.quiet(90)
        finally:
            engine.stop()
    return steps


def main() -> None:
    """The ramp, and its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rates", default="2,5,10,20,40")
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    if lacking := missing():
        sys.exit(lacking)
    steps = ramp([float(rate) for rate in options.rates.split(",")], options.seconds)
    rows = [
        (
            step["rate"],
            step["calls"],
            step["failed"],
            step["engine_cores"],
            step["asterisk_cores"],
            f"{step['engine_share']:.0%}",
            *(
                f"{statistics.median(step[name]):.0f} / {max(step[name]):.0f}" if step[name] else "-"
                for name in ("answered_ms", "heard_ms")
            ),
        )
        for step in steps
    ]
    headers = (
        "calls/s",
        "calls",
        "failed",
        "engine, cores",
        "Asterisk, cores",
        "engine's share",
        "answered ms",
        "first prompt ms",
    )
    print(tabulate(rows, headers=headers, floatfmt=".2f"), "\n(milliseconds from INVITE: median / longest)")
    print("kept in", keep("telephony", steps))


if __name__ == "__main__":
    main()
