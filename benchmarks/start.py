"""How long `ivr serve` takes until its port is open and its first caller hears something: `python -m benchmarks.start [STARTS]`.

The engine is installed as a site installs it (`pip install .` into an environment of its own, modules compiled), with the four
lines, its console and its monitoring port. The first start makes the database and takes the lines in; the others find it as a
restart does. The reference, in turn with them, is a bare Python that imports Twisted's reactor and listens.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tabulate import tabulate

from benchmarks.results import keep
from benchmarks.wire.servers import BUILD, PROJECT, await_port, free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

SITE = BUILD / "site"
PYTHON = SITE / "bin" / "python"
_BARE = """
import sys
from twisted.internet import protocol, reactor
reactor.listenTCP(int(sys.argv[1]), protocol.Factory())
reactor.run()
"""
_SETTINGS = "[agi]\nport = {agi}\n[console]\nport = {console}\n[observe]\nport = {observe}\n"
_HELLO = b"""agi_request: agi://127.0.0.1/call
agi_channel: SIP/1
agi_uniqueid: 1.1
agi_callerid: 0612345678
agi_extension: 800196001

"""
_ANSWER_S = 30.0


def install() -> None:
    """The project as it is now, in an environment of its own."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(SITE)], check=True)
        subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", str(PROJECT)], check=True)
    again = ["--no-deps", "--force-reinstall", "--quiet"]
    subprocess.run([str(PYTHON), "-m", "pip", "install", *again, str(PROJECT)], check=True)


def start(command: Sequence[str], folder: Path, port: int, *, call: bool) -> tuple[float, float]:
    """Seconds until the port is open, and until a caller who came then is played a prompt (0 when nobody calls)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    log = folder / "said.txt"
    with log.open("wb") as words:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=words, stderr=subprocess.STDOUT)
    try:
        opened = await_port(process, port, log) - began
        if not call:
            return opened, 0.0
        with socket.create_connection(("127.0.0.1", port), timeout=_ANSWER_S) as caller, caller.makefile("r") as commands:
            caller.sendall(_HELLO)
            for command in commands:
                if command.startswith(("STREAM FILE", "GET DATA", "failure")):
                    break
                caller.sendall(b"200 result=0\n")
            else:
                command = ""
            heard = time.perf_counter() - began
        if not command.startswith(("STREAM FILE", "GET DATA")):
            raise RuntimeError(f"the caller heard nothing: {command} {log.read_text(errors='replace')[-500:]}")
        return opened, heard
    finally:
        process.terminate()
        process.wait()


def measure(starts: int) -> dict[str, Any]:
    """Medians, with each restart's own figures."""
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as name:
        folder = Path(name)
        agi = free_port()
        (folder / "ivr.toml").write_text(_SETTINGS.format(agi=agi, console=free_port(), observe=free_port()), encoding="utf-8")
        serve, bare = (str(SITE / "bin" / "ivr"), "serve"), (str(PYTHON), "-c", _BARE, str(agi))
        first = start(serve, folder, agi, call=True)
        rounds = [(start(bare, folder, agi, call=False)[0], *start(serve, folder, agi, call=True)) for _ in range(starts)]
    bares, opened, heard = zip(*rounds, strict=True)
    return {
        "first": {"opened_s": first[0], "heard_s": first[1]},
        "restart": {"opened_s": statistics.median(opened), "heard_s": statistics.median(heard), "longest_opened_s": max(opened)},
        "bare_twisted_s": statistics.median(bares),
        "ratio": statistics.median(own / bare for own, bare in zip(opened, bares, strict=True)),
        "starts": rounds,
    }


def main(starts: int = 9) -> None:
    """Print the table and keep it."""
    install()
    figures = measure(starts)
    rows = [
        ("first start", figures["first"]["opened_s"], figures["first"]["heard_s"]),
        (f"restart, median of {starts}", figures["restart"]["opened_s"], figures["restart"]["heard_s"]),
        ("bare Twisted", figures["bare_twisted_s"], None),
    ]
    print(tabulate(rows, ("", "port open, s", "first prompt, s"), floatfmt=".2f"))
    print(f"{figures['ratio']:.1f} times a bare Twisted; kept in {keep('start', figures)}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:2]))
