"""The servers the wire's benchmark measures, each a process of its own on a core of its own."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PROJECT = Path(__file__).parents[2]
BUILD = PROJECT / "build" / "bench"
_PEERS = Path(__file__).with_name("peers")
_START_S = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Kind:
    """What is measured: its name, its command line (`{port}` is the port), and where it runs."""

    name: str
    command: Sequence[str]
    folder: Path = PROJECT


REFERENCE = Kind("raw-asyncio", (sys.executable, "-m", "benchmarks.wire.raw_asyncio", "{port}"))
BARE = Kind("ivr-engine, bare", (sys.executable, "-m", "benchmarks.wire.menu", "{port}"))


def peers() -> list[Kind]:
    """Those that install.sh could have."""
    python = BUILD / "venv" / "bin" / "python"
    found = [
        Kind(name, (str(python), str(_PEERS / f"{name}_menu.py"), "{port}"))
        for name in ("panoramisk", "pyst2")
        if next((BUILD / "venv" / "lib").glob(f"python3*/site-packages/{name}*"), None)
    ]
    if shutil.which("node") and (BUILD / "node_modules" / "ding-dong").is_dir():
        found.append(Kind("ding-dong", ("node", str(_PEERS / "ding_dong_menu.js"), "{port}")))
    return found


class Server:
    """One running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, opened_s: float) -> None:
        self.process, self.port, self.opened_s = process, port, opened_s

    def cpu_s(self) -> float:
        """Seconds of processor time it has taken, threads included."""
        return cpu_s(self.process.pid)

    def memory_kib(self) -> int:
        """Resident now."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def cpu_s(pid: int) -> float:
    """Seconds of processor time a process has taken, threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def free_port() -> int:
    """A port nobody listens on now."""
    with contextlib.closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def running(kind: Kind, environment: Mapping[str, str] | None = None, port: int = 0) -> Iterator[Server]:
    """Start it on core 0, wait until its port is open, end it. Raises RuntimeError with its last words when it does not start."""
    port = port or free_port()
    paths = {"PYTHONPATH": str(PROJECT), "NODE_PATH": str(BUILD / "node_modules")}
    log = BUILD / "server.log"
    with log.open("wb") as words:
        began = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "--cpu-list", "0", *(part.format(port=port) for part in kind.command)],
            cwd=kind.folder,
            env={**os.environ, **paths, **(environment or {})},
            stdout=words,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Server(process, port, await_port(process, port, log) - began)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> float:
    """When the port opened. Nobody knocks: one of the peers never serves again after a caller who says nothing."""
    listening = re.compile(rf":{port:04X} 0+:0000 0A ")
    end = time.perf_counter() + _START_S
    while time.perf_counter() < end and process.poll() is None:
        if any(listening.search(Path(f"/proc/net/{table}").read_text(encoding="ascii")) for table in ("tcp", "tcp6")):
            return time.perf_counter()
        time.sleep(0.005)
    raise RuntimeError(f"no server on port {port}: {log.read_text(errors='replace')[-500:]}")
