"""Citizens with SIP telephones: sipp dials, presses keys as RFC 4733 events, and hangs up or is hung up on."""

from __future__ import annotations

import csv
import itertools
import socket
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from .server import free_port, media_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import RealAsterisk

SCENARIO = Path(__file__).parent / "citizen.xml"
EVENT_TYPE = 101  # the payload type offered in the scenario's SDP
EVENTS = "0123456789*#"
_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Served:
    """What sipp counted. `callers` are the numbers it dialled from; `output` is for whoever looks into a failure."""

    successful: int
    failed: int
    callers: tuple[str, ...]
    output: str


class Sipp:
    """A running sipp: `calls` citizens dial `number`, `rate` of them a second, each pressing `keys`.

    Keys come in groups as in RealAsterisk.call. `patience` seconds after the last key a citizen hangs up.
    """

    def __init__(
        self,
        asterisk: RealAsterisk,
        number: str,
        keys: str = "",
        *,
        calls: int = 1,
        rate: float = 10,
        delay: float = 1.0,
        gap: float = 1.0,
        patience: float = 60.0,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ivr-sipp-")
        folder = Path(self._folder.name)
        serial = next(_serial)
        self.callers = tuple(f"+3902{serial:02}{n:05}" for n in range(1, calls + 1))
        (folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{caller}\n" for caller in self.callers))
        length = write_keys(folder / "keys.pcap", keys, gap)
        press = f'<nop><action><exec play_pcap_audio="{folder / "keys.pcap"}"/></action></nop>' if keys else ""
        values = {"press": press, "delay": round(delay * 1000), "patience": round((length + patience) * 1000)}
        (folder / "citizen.xml").write_text(Template(SCENARIO.read_text()).substitute(values))
        self._limit = calls / rate + delay + length + patience + 15
        self._output = (folder / "output").open("w+b")
        argv = ["sipp", "-sf", str(folder / "citizen.xml"), "-inf", str(folder / "callers.csv"), "-s", number]
        argv += [
            "-i",
            "127.0.0.1",
            "-p",
            str(free_port(socket.SOCK_DGRAM)),
            "-mi",
            "127.0.0.1",
            "-mp",
            str(media_port()),
        ]
        argv += ["-m", str(calls), "-r", str(rate), "-l", str(calls), "-nostdin", "-timeout", f"{round(self._limit)}s"]
        argv += [f"127.0.0.1:{asterisk.sip_port}", "-trace_stat", "-stf", str(folder / "statistics.csv"), "-fd", "1"]
        self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output, cwd=folder)

    def wait(self) -> Served:
        """Wait until every call is over (bounded by what was asked for) and count."""
        try:
            self._process.wait(self._limit + 10)
        finally:
            self.stop()
        self._output.seek(0)
        output = self._output.read().decode(errors="replace")
        self._output.close()
        statistics = Path(self._folder.name) / "statistics.csv"
        lines = statistics.read_text().splitlines() if statistics.exists() else []
        rows = list(csv.DictReader(lines, delimiter=";"))
        counted = rows[-1] if rows else {"SuccessfulCall(C)": "0", "FailedCall(C)": "0"}
        self._folder.cleanup()
        return Served(int(counted["SuccessfulCall(C)"]), int(counted["FailedCall(C)"]), self.callers, output[-4000:])

    def stop(self) -> None:
        """End sipp now; its calls are left as they are."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)


def write_keys(file: Path, keys: str, gap: float) -> float:
    """Write the packets of these key presses as a capture for sipp to play; returns its length in seconds."""
    packets = list(_packets(keys, gap))
    with file.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for sequence, (at, marker, started, event) in enumerate(packets, 1):
            rtp = struct.pack(">BBHII", 0x80, marker << 7 | EVENT_TYPE, sequence, started, 0x49565221) + event
            udp = struct.pack(">HHHH", 30000, 30000, 8 + len(rtp), 0) + rtp
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), sequence, 0, 64, 17, 0, b"\x7f\0\0\1", b"\x7f\0\0\1") + udp
            frame = bytes(12) + b"\x08\0" + ip
            out.write(struct.pack("<IIII", int(at), round(at % 1 * 1e6), len(frame), len(frame)) + frame)
    return packets[-1][0] if packets else 0.0


def _packets(keys: str, gap: float) -> Iterator[tuple[float, int, int, bytes]]:
    """When, marker bit, RTP time of the key's start, and event: six packets of 20 ms a key, the last sent three times."""
    at = 0.0
    for group in keys.split():
        for key in group:
            started = round(at * 8000) + 160
            for step in range(1, 9):
                end = step >= 6
                event = struct.pack(">BBH", EVENTS.index(key), end << 7 | 10, min(step, 6) * 160)
                yield at + 0.02 * min(step, 6) + 0.001 * max(0, step - 6), step == 1, started, event
            at += 0.3
        at += gap
