"""A real Asterisk of the tests' own: own folder, own ports, the shipped dialplans, nothing of the machine's."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import secrets
import shutil
import socket
import subprocess
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from .manager import Manager
from .root import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .root import Root

SITE = Path(__file__).parent / "site"
VOICES = Path(__file__).parents[1] / "voices"
DIALPLANS = PROJECT / "dialplans"
QUEUES = ("lavoro", "sociale", "co", "tfr")
DEFAULTS = {
    "IVR_ENGINE": "127.0.0.1:9",  # nobody is there
    "IVR_QUEUE_TIMEOUT": "300",
    "OPERATOR_ANSWERS": "yes",
    "OPERATOR_RING": "1",  # seconds it rings, and seconds of talk until the operator hangs up
    "OPERATOR_TALK": "2",
}
_callers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Citizen:
    """A caller on a Local channel: `channel` is the id the engine sees (agi_uniqueid), `phone` that of the caller's own end."""

    channel: str
    phone: str
    number: str


class RealAsterisk:
    """Started by `start`, ended by `stop`; in between it can be asked, called, killed and started again."""

    def __init__(self, root: Root, operators: int = 10) -> None:
        self.root = root
        self.home = root.outside(f"/tmp/ivr-asterisk-{secrets.token_hex(4)}")
        self.sip_port = free_port(socket.SOCK_DGRAM)
        self.ami_port = free_port()
        self.ami_user, self.ami_secret = "ivr", secrets.token_hex(16)  # the account of the shipped manager_ivr.conf
        self.operators = tuple(f"op{n}" for n in range(1, operators + 1))
        self._harness_secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._globals: dict[str, object] = {}
        self._paused: set[str] = set()
        self._log_seen = 0
        self._lay_out()

    # Life

    def start(self, timeout: float = 30) -> None:
        """Start it and wait until it answers calls. Raises AssertionError with the end of its log."""
        assert self._process is None, "it runs already"
        output = (self.home / "log" / "console").open("ab")
        with output:
            argv = self.root.argv("/usr/sbin/asterisk", "-f", "-C", self._config)
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/")
        wait_for(self._is_ready, timeout, lambda: f"Asterisk did not start:\n{self.log()[-3000:]}")

    def stop(self, timeout: float = 20) -> None:
        """End it in order (calls are hung up) and wait until it is gone; it is killed when it lingers."""
        if self._process is None:
            return
        self.cli("core stop now", check=False)
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """SIGKILL: no farewell to anybody, no last line in queue_log."""
        assert self._process is not None, "it does not run"
        self._process.kill()
        self._process.wait(10)
        self._process = None

    def restart(self) -> None:
        """Stop in order and start again; ports and folder stay the same, globals are as at the start."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    # Questions

    def cli(self, command: str, check: bool = True) -> str:
        """What Asterisk's console answers to `command`."""
        argv = self.root.argv("/usr/sbin/asterisk", "-C", self._config, "-rx", command)
        run = subprocess.run(argv, capture_output=True, text=True, timeout=15, check=False, errors="replace")
        assert not check or run.returncode == 0, f"{command}: {run.stdout}{run.stderr}"
        return run.stdout

    def manager(self) -> Manager:
        """An AMI connection of the tests' own, with all rights."""
        return Manager(self.ami_port, "harness", self._harness_secret)

    def channels(self) -> list[str]:
        """Names of the channels that exist now."""
        lines = self.cli("core show channels concise").splitlines()
        return [line.split("!", 1)[0] for line in lines if "!" in line]

    def quiet(self, timeout: float = 20) -> None:
        """Wait until no channel is left."""
        wait_for(lambda: not self.channels(), timeout, lambda: f"channels linger: {self.channels()}")

    @property
    def queue_log_file(self) -> Path:
        """Where its queue_log is, as seen from here."""
        return self.home / "log" / "queue_log"

    def queue_log(self, channel: str = "") -> list[list[str]]:
        """The lines of queue_log, split into fields; those of one channel, or all."""
        rows = [line.split("|") for line in self.queue_log_file.read_text(errors="replace").splitlines()]
        return [row for row in rows if not channel or row[1] == channel]

    def log(self) -> str:
        """What it logged, the dialplan's steps included."""
        files = [self.home / "log" / name for name in ("console", "messages")]
        return "\n".join(file.read_text(errors="replace") for file in files if file.exists())

    def heard(self) -> list[str]:
        """The sounds played since the last reset, by name without extension."""
        return re.findall(r"file\.c: .* Playing '([^']+)\.\w+'", self.log()[self._log_seen :])

    # Actions

    def set_global(self, **values: object) -> None:
        """Set dialplan globals until the next reset: IVR_ENGINE, OPERATOR_RING, op1_TALK …"""
        for name, value in values.items():
            self.cli(f'dialplan set global {name} "{value}"')
        self._globals.update(values)

    def pause(self, *operators: str) -> None:
        """These operators take no calls until the next reset."""
        for operator in operators:
            self.cli(f"queue pause member Local/{operator}@operators")
        self._paused.update(operators)

    def reset(self) -> None:
        """No call, every operator at work, globals as at the start."""
        self.cli("channel request hangup all")
        self.quiet()
        for operator in self._paused:
            self.cli(f"queue unpause member Local/{operator}@operators")
        self._paused.clear()
        changed, self._globals = self._globals, {}
        self.set_global(**{name: DEFAULTS.get(name, "") for name in changed})
        self._globals.clear()
        self._log_seen = len(self.log())

    def call(
        self,
        number: str,
        keys: str = "",
        *,
        caller: str = "",
        delay: float = 1.0,
        gap: float = 1.0,
        hangup_after: float = 60.0,
    ) -> Citizen:
        """A citizen on a Local channel dials `number`; returns at once.

        `keys` are pressed in groups ("1 2 00187#"), the first after `delay` seconds, with `gap` seconds between the groups;
        `hangup_after` seconds after the last key the citizen hangs up, if nobody did before.
        """
        name = f"{int(time.time())}.{secrets.token_hex(4)}"
        citizen = Citizen(f"{name}.2", f"{name}.1", caller or f"+39061{next(_callers):06}")
        pause = "w" * round(gap * 2)
        variables = {"KEYS": pause.join(keys.split()), "DELAY": delay, "STAY": hangup_after}
        with self.manager() as manager:
            manager.act(
                Action="Originate",
                Channel=f"Local/{number}@from-trunk/n",
                Context="citizen",
                Exten="s",
                Priority="1",
                Async="true",
                CallerID=f'"Citizen" <{citizen.number}>',
                ChannelId=citizen.phone,
                OtherChannelId=citizen.channel,
                Variable=[f"{key}={value}" for key, value in variables.items()],
            )
        return citizen

    def say(self, citizen: Citizen, voice: str) -> None:
        """The citizen says a sound of tests/voices now."""
        self._act(citizen, "say", SAY=voice)

    def press(self, citizen: Citizen, keys: str) -> None:
        """The citizen presses keys now."""
        self._act(citizen, "press", PRESS=keys)

    def _act(self, citizen: Citizen, act: str, **variables: str) -> None:
        with self.manager() as manager:
            for name, value in variables.items():
                manager.act(Action="Setvar", Channel=citizen.phone, Variable=name, Value=value)
            manager.act(Action="Redirect", Channel=citizen.phone, Context="citizen-acts", Exten=act, Priority="1")

    def hang_up(self, citizen: Citizen) -> None:
        """The citizen puts the receiver down."""
        with self.manager() as manager:
            manager.act(Action="Hangup", Channel=citizen.phone)

    @property
    def sounds(self) -> Path:
        """Asterisk's folder of sounds, as seen from here."""
        return self.home / "data" / "sounds"

    def install_prompts(self, folder: Path) -> None:
        """Lay `folder` (language/ivr/…) over the sounds; they stay."""
        shutil.copytree(folder, self.sounds, dirs_exist_ok=True)

    # Lay-out

    @property
    def _config(self) -> str:
        return self.root.inside(self.home / "etc" / "asterisk.conf")

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"Asterisk ended at once:\n{self.log()[-3000:]}"
        with contextlib.suppress(OSError, EOFError), self.manager():
            return "fully booted" in self.cli("core waitfullybooted", check=False)
        return False

    def _lay_out(self) -> None:
        for folder in ("etc", "lib", "spool", "run", "log", "data/moh", "data/sounds/it/ivr"):
            (self.home / folder).mkdir(parents=True)
        members = "\n".join(self._queue_section(queue) for queue in QUEUES)
        rtp = free_port(socket.SOCK_DGRAM) & ~1
        values = {
            "home": self.root.inside(self.home),
            "modules": self.root.modules,
            "ami_port": self.ami_port,
            "sip_port": self.sip_port,
            "secret": self._harness_secret,
            "ivr_secret": self.ami_secret,
            "globals": "".join(f"{name} = {value}\n" for name, value in DEFAULTS.items()),
            "members": members,
            "rtp_first": min(rtp, 60000),
            "rtp_last": min(rtp, 60000) + 2000,
        }
        for file in SITE.iterdir():
            (self.home / "etc" / file.name).write_text(Template(file.read_text()).substitute(values))
        for file in DIALPLANS.glob("*.conf"):
            shutil.copy(file, self.home / "etc")
        self._lay_sounds()

    def _queue_section(self, queue: str) -> str:
        members = "".join(f"member => Local/{operator}@operators,0,{operator}\n" for operator in self.operators)
        ring = 2 if queue in {"tfr", "co"} else 15  # queues to see operators ring out without a long wait
        # As shipped a pause keeps nobody out, as it may be a wrap-up; one queue is empty when all are paused.
        empty = "".join(f"{option} = paused,invalid,unavailable\n" for option in ("joinempty", "leavewhenempty") if queue == "co")
        return f"[{queue}](+)\ntimeout = {ring}\nwrapuptime = 0\n{empty}{members}"

    def _lay_sounds(self) -> None:
        """Asterisk's own documentation and sounds, Italian among them; ivr/tone is four seconds long, ivr/long a minute."""
        shipped, data = self.root.data, self.home / "data"
        shutil.copytree(VOICES, data / "sounds" / "voices")
        (data / "documentation").symlink_to(self.root.inside(shipped / "documentation"))
        for file, seconds in (("sounds/it/ivr/tone.wav", 4), ("sounds/it/ivr/long.wav", 60), ("moh/music.wav", 10)):
            write_tone(data / file, seconds)
        for language, folder in (("it", "it_IT_m_Carlo"), ("en", "en")):
            own = data / "sounds" / language
            own.mkdir(exist_ok=True)
            origin = shipped / "sounds" / folder
            for sound in origin.resolve().iterdir() if origin.is_dir() else ():
                (own / sound.name).symlink_to(self.root.inside(sound))


def write_tone(file: Path, seconds: float) -> None:
    """A sound file as Asterisk plays it, 8 kHz mono 16 bit: a soft 440 Hz tone."""
    samples = (round(2000 * math.sin(2 * math.pi * 440 * n / 8000)) for n in range(int(seconds * 8000)))
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def media_port() -> int:
    """A port for a caller's voice, free together with the three above it, where sipp opens what it thinks RTCP and video need.
    It lies under the ports that systems hand out by themselves, and never where the last one lay, which may still be speaking."""
    while True:
        first = next(_media)
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + 4):
                    stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first


_media = itertools.cycle(range(20000, 32000, 200))


def wait_for(true: Callable[[], bool], timeout: float, complaint: Callable[[], str]) -> None:
    """Ask again and again until it is true: for what raises no event. Raises AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, complaint()
        time.sleep(0.1)


@contextlib.contextmanager
def running(root: Root, operators: int = 10) -> Iterator[RealAsterisk]:
    """An Asterisk for the length of a with-block."""
    asterisk = RealAsterisk(root, operators)
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.remove()
