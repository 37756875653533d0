"""Simultaneous AudioSocket prompts from one core: how many frames reach the other side late, and where it stops holding.

    python -m benchmarks.audiosocket [--calls 50,100,200,400] [--seconds 10]

The media server runs in a process of its own, on one core; the telephones (which speak too, a frame every 20 ms) run in this
one, on another. A frame is late by what its arrival is behind its connection's own schedule, which begins with its earliest
frame. The column "core" is the server's processor time per second of calls: what is left is the recognisers'.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import subprocess
import sys
import time
import uuid

from benchmarks.results import keep
from ivr_engine.audiosocket.wire import AUDIO, UUID, frames, packet

FRAME_S = 0.02
LATE_S = 0.010


def serve(calls: int, seconds: float) -> None:
    """The server's process: one conversation a call, each with a prompt of that length. Prints UUIDs, then its own time."""
    import structlog
    from twisted.internet import reactor

    from ivr_engine.audiosocket.conversation import Conversation
    from ivr_engine.audiosocket.recordings import Recorded
    from ivr_engine.audiosocket.server import MediaServer, MediaSettings
    from ivr_engine.calls import Listening
    from ivr_engine.hearing import Expectation

    class Deaf:
        def feed(self, audio: bytes) -> None:
            """Hears nothing."""

        def close(self) -> None:
            """Nothing to close."""

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    prompt = Recorded(tuple(frames(b"\x01\x02" * round(seconds * 8000))), round(seconds * 1000))
    server = MediaServer(reactor, MediaSettings(port=0, max_calls=calls, connect_timeout=60))
    port = server.listen()
    names, left = [], [calls]

    def ended() -> None:
        left[0] -= 1
        if not left[0]:
            reactor.callLater(0.5, reactor.stop)

    for _ in range(calls):
        conversation = Conversation([prompt], "", Listening(Expectation("it", "open"), 0.1))
        conversation.listen_with(Deaf())
        conversation.ended = ended
        names.append(server.expect(conversation))
    print(json.dumps({"port": port, "names": names}), flush=True)
    began = time.process_time()
    reactor.run()
    print(json.dumps({"cpu_s": time.process_time() - began, "given_up": server.pacer.given_up}), flush=True)


class Telephone:
    """Reads frames and notes when each came."""

    def __init__(self, port: int, name: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(packet(UUID, uuid.UUID(name).bytes))
        self.socket.setblocking(False)
        self.arrivals: list[float] = []
        self._bytes = 0

    def read(self) -> bool:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:  # the other side has ended before it read all that this one said
            return False
        self._bytes += len(data)
        self.arrivals += [time.monotonic()] * (self._bytes // 323 - len(self.arrivals))
        return bool(data)

    def lateness(self) -> list[float]:
        """Of every frame but the first, which leaves before the clock ticks."""
        due = [arrival - place * FRAME_S for place, arrival in enumerate(self.arrivals[1:])]
        return [each - min(due) for each in due]


def measure(calls: int, seconds: float) -> tuple[float, float, float, float, int]:
    """Share of late frames, median and 99th percentile of lateness in ms, processor share of the server, frames given up."""
    argv = [sys.executable, "-m", "benchmarks.audiosocket", "--serve", str(calls), "--seconds", str(seconds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        selector = selectors.DefaultSelector()
        telephones = [Telephone(told["port"], name) for name in told["names"]]
        for telephone in telephones:
            selector.register(telephone.socket, selectors.EVENT_READ, telephone)
        frame, due = packet(AUDIO, bytes(320)), time.monotonic()
        while selector.get_map():
            for key, _ in selector.select(max(0.0, due - time.monotonic())):
                if not key.data.read():
                    selector.unregister(key.data.socket)
                    key.data.socket.close()
            if time.monotonic() >= due:
                due += FRAME_S
                for key in list(selector.get_map().values()):
                    try:
                        key.data.socket.send(frame)
                    except OSError:  # the other side has ended, and the read says so
                        continue
        after = json.loads(server.stdout.readline())
    late = sorted(each for telephone in telephones for each in telephone.lateness())
    share = sum(each > LATE_S for each in late) / len(late)
    return share, late[len(late) // 2] * 1000, late[len(late) * 99 // 100] * 1000, after["cpu_s"] / seconds, after["given_up"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", default="50,100,200,400,800")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.seconds)
        return
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    load = os.getloadavg()[0]
    print(f"load before: {load:.1f} on {os.cpu_count()} cores")
    print(f"{'calls':>6} {'late >10 ms':>12} {'median ms':>10} {'99 % ms':>8} {'core':>6} {'given up':>9}")
    knee, figures = 0, []
    for calls in map(int, options.calls.split(",")):
        share, median, high, core, given_up = measure(calls, options.seconds)
        print(f"{calls:>6} {share:>12.2%} {median:>10.2f} {high:>8.2f} {core:>6.0%} {given_up:>9}", flush=True)
        figures.append(
            {
                "calls": calls,
                "late": share,
                "median ms": median,
                "99 % ms": high,
                "of the core": core,
                "frames given up": given_up,
            }
        )
        knee = calls if share < 0.01 and not given_up else knee
    print(f"under 1 % of frames late up to {knee} calls")
    print("kept in", keep("audiosocket", {"knee": knee, "steps": figures}))


if __name__ == "__main__":
    main()
