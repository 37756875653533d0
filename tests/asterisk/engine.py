"""The engine on the real Asterisk: `ivr serve` as a process of its own, watched through its store and its control socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ivr_engine.events import ContactEnded
from ivr_engine.records.store import StoreReader

from .server import free_port, wait_for

if TYPE_CHECKING:
    from ivr_engine.records.contacts import ContactFile, ContactRow

    from .server import Citizen, RealAsterisk

ROOT = Path(__file__).resolve().parents[2]
IVR = Path(sys.executable).with_name("ivr")
LINES = ROOT / "tests" / "lines"
ALWAYS = '{ mon-sun = ["00:00-24:00"] }'


class Engine:
    """`start`, `kill` and `stop` as often as the test likes; the store stays."""

    def __init__(
        self, folder: Path, asterisk: RealAsterisk, audio: Path, ami_port: int = 0, speech: str = "[audiosocket]\nenabled = false"
    ) -> None:
        self.folder, self.asterisk = folder, asterisk
        self.port = free_port()
        self.settings = folder / "ivr.toml"
        hours = "".join(
            f"[lines.{line}]\nhours = {ALWAYS}\n"
            for line in ("centralino", "lavoro", "comunicazioni_obbligatorie", "tfr_cliclavoro")
        )
        self.settings.write_text(
            f"""
[engine]
data = "data"
log_format = "json"
[agi]
port = {self.port}
[console]
port = 0
{speech}
[exchange]
kind = "asterisk"
[asterisk]
port = {ami_port or asterisk.ami_port}
user = "{asterisk.ami_user}"
secret = "{asterisk.ami_secret}"
queue_log = "{asterisk.queue_log_file}"
ledger_every = 1
[prompts]
folder = "{audio}"
voice = "espeak"
[plugins]
folders = ["{LINES}"]
limit = 1
threads = 2
{hours}
[lines.sociale]
hours = {{}}
[virtual]
ring = 1
talk = 2
"""
        )
        self.store = StoreReader(folder / "data")
        self._process: subprocess.Popen[bytes] | None = None
        asterisk.set_global(IVR_ENGINE=f"127.0.0.1:{self.port}")

    def start(self, timeout: float = 20) -> None:
        """Start it and wait until it takes calls and sees Asterisk."""
        before = self.log()
        with (self.folder / "log").open("ab") as log:
            argv = [str(IVR), "--settings", str(self.settings), "serve"]
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        process = self._process

        def up() -> bool:
            assert process.poll() is None, f"the engine ended:\n{self.log()[-3000:]}"
            fresh = self.log()[len(before) :]
            return "waiting for calls" in fresh and "connected to Asterisk" in fresh

        wait_for(up, timeout, lambda: f"the engine did not start:\n{self.log()[-3000:]}")

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM, and wait for the end; the exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            raise
        finally:
            self._process = None

    def log(self) -> str:
        """What it logged."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def contacts(self) -> tuple[ContactRow, ...]:
        """All contacts in the store, the oldest first."""
        return tuple(reversed(self.store.contacts.list(limit=10_000)))

    def contact(self, citizen: Citizen) -> ContactRow | None:
        """The contact of that call, as soon as it is in the store."""
        return next((row for row in self.contacts() if row.channel == citizen.channel), None)

    def wait_step(self, citizen: Citizen, kind: str, timeout: float = 20) -> None:
        """Wait until the journal of that call has an event of this kind (or a step of this name)."""

        def there() -> bool:
            row = self.contact(citizen)
            if row is None:
                return False
            return any(kind in (entry.kind, entry.data.get("step")) for entry in self.file(row.id).journal)

        wait_for(there, timeout, lambda: f"{kind} never came:\n{self.story(citizen)}\n{self.log()[-3000:]}")

    def wait_end(self, citizen: Citizen, timeout: float = 40) -> ContactRow:
        """Wait until the contact is over; its row."""
        self.wait_step(citizen, ContactEnded.__name__, timeout)
        row = self.contact(citizen)
        assert row is not None
        return row

    def file(self, contact: str) -> ContactFile:
        """A contact with its journal."""
        file = self.store.contacts.show(contact)
        assert file is not None
        return file

    def watch(self, operator: str) -> Watch:
        """`ivr watch` of one operator, for the length of a with-block."""
        return Watch(self.settings, operator)

    def kinds(self, citizen: Citizen) -> list[str]:
        """Kinds of the events in a call's journal."""
        row = self.contact(citizen)
        return [entry.kind for entry in self.file(row.id).journal] if row else []

    def story(self, citizen: Citizen) -> str:
        """A call's journal, to read when a test fails."""
        row = self.contact(citizen)
        return "\n".join(f"{entry.kind} {dict(entry.data)}" for entry in self.file(row.id).journal) if row else "no contact"


class Watch:
    """`ivr watch --operator NAME --json`, as the operator would run it."""

    def __init__(self, settings: Path, operator: str) -> None:
        argv = [str(IVR), "--settings", str(settings), "watch", "--json", "--operator", operator]
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline())["type"] == "watching"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate(timeout=10)

    def taken(self) -> list[dict[str, Any]]:
        """The notices so far; the watch is over then."""
        self._process.send_signal(signal.SIGINT)
        output, _ = self._process.communicate(timeout=10)
        return [json.loads(line) for line in output.splitlines()]
