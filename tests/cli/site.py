"""A site of one's own: a folder with an ivr.toml, where `ivr` is run as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]
IVR = Path(sys.executable).with_name("ivr")
LINES = ROOT / "tests" / "lines"
TRIAL = "800196009"
WAIT_S = float(os.environ.get("IVR_TEST_WAIT", "20"))  # more, on a machine that has other things to do

SETTINGS = f"""
[engine]
data = "data"
[agi]
port = 0
[console]
port = 0
[virtual]
operators = {{ lavoro = ["op1"] }}
ring = 0.3
talk = 0.3
[plugins]
folders = ["{LINES}"]
limit = 0.3
threads = 2
[prompts]
voice = "espeak"
"""


class Site:
    """`run` a command to its end, or `start` one and follow it."""

    def __init__(self, folder: Path, settings: str = SETTINGS) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.write("ivr.toml", settings)
        self._started: list[Running] = []

    def write(self, name: str, text: str) -> Path:
        """A file of the site."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def line(self, name: str, change: dict[str, str] | None = None, **files: str) -> Path:
        """A copy of the trial line in the site's own folder of lines, with texts changed in line.yaml; files added as given."""
        folder = self.folder / "lines" / name
        for file in LINES.joinpath("prova").iterdir():
            if file.is_file():
                self.write(f"lines/{name}/{file.name}", file.read_text(encoding="utf-8"))
        tree = folder / "line.yaml"
        text = tree.read_text(encoding="utf-8")
        for old, new in (change or {}).items():
            assert old in text
            text = text.replace(old, new)
        tree.write_text(text, encoding="utf-8")
        for file_name, content in files.items():
            self.write(f"lines/{name}/{file_name}", content)
        return folder

    def run(self, *command: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """The command's exit code, output and errors."""
        return subprocess.run(
            [str(IVR), *command],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **(env or {})},
        )

    def json(self, *command: str) -> Any:
        """What a command that ends well prints, read as JSON."""
        done = self.run(*command, "--json")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return json.loads(done.stdout)

    def refused(self, *command: str) -> str:
        """The one sentence of a command that cannot be done: exit code 2, nothing on standard output, no traceback."""
        done = self.run(*command)
        assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
        assert done.stdout == ""
        assert done.stderr.startswith("ivr: ")
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr.removeprefix("ivr: ").strip()

    def start(self, *command: str) -> Running:
        """A command that goes on; ended with the site."""
        running = Running([str(IVR), *command], self.folder)
        self._started.append(running)
        return running

    def serve(self) -> Running:
        """An engine that takes calls."""
        engine = self.start("serve")
        engine.wait_for("ivr watch ")  # the last line of its greeting
        return engine

    def close(self) -> None:
        """End what was started."""
        for running in reversed(self._started):
            running.close()


class Running:
    """A command under way. Its lines, of output and errors both, are waited for; nothing is polled."""

    def __init__(self, argv: list[str], folder: Path) -> None:
        self._process = subprocess.Popen(
            argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._open = 2
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,)) for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    self.lines.append(line.rstrip("\n"))
                    self._news.notify_all()
        with self._news:
            self._open -= 1
            self._news.notify_all()

    @property
    def text(self) -> str:
        """All it said so far."""
        return "\n".join(self.lines)

    def wait_for(self, text: str, timeout: float = WAIT_S) -> str:
        """The first line with that text."""

        def found() -> str | None:
            return next((line for line in self.lines if text in line), None)

        with self._news:
            came = self._news.wait_for(lambda: found() is not None or not self._open, timeout)
            line = found()
        assert came, f"no {text!r} within {timeout} s:\n{self.text}"
        assert line is not None, f"it ended without {text!r}:\n{self.text}"
        return line

    def type(self, line: str) -> Self:
        """Type a line and Enter."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self

    def hang_up(self) -> None:
        """Ctrl-D."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def alive(self) -> bool:
        """Does it go on?"""
        return self._process.poll() is None

    def wait(self, timeout: float = WAIT_S) -> int:
        """Its exit code, when all it said was read."""
        code = self._process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def close(self) -> None:
        """End it if it has not ended."""
        if self.alive():
            self._process.kill()
        self.wait()
        if self._process.stdin is not None and not self._process.stdin.closed:
            try:
                self._process.stdin.close()
            except BrokenPipeError:
                return
