"""Asterisk's side of a FastAGI connection: introduces a call, runs the commands it is sent, tells of the hang-up.

What the commands do is the Responder's business (the virtual exchange, a scripted fake); their names, their argument
counts and everything said around their replies are here, as res_agi has them.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import structlog
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

_log = structlog.get_logger()

LONGEST_LINE = 8191  # AGI_BUF_LEN less its terminator: what is longer is taken for two commands
MOST_WORDS = 128

# What nearly every command line is: words, bare or in quotes, blanks between them, no backslash.
_PLAIN = re.compile(r'(?:[^\s"\\]+|"[^"\\]*")(?: (?:[^\s"\\]+|"[^"\\]*"))*')
_PLAIN_WORD = re.compile(r'"([^"]*)"|([^ "]+)')


class Command(NamedTuple):
    """What res_agi knows of a command. `least`/`most` count the words after its name."""

    least: int
    most: int
    dead: bool = False
    """Allowed after the hang-up; the others are answered 511 there."""
    watches: bool = False
    """Stops when the engine sends another line (or closes) while it runs."""
    usage: str = ""


_MANY = MOST_WORDS
COMMANDS = {
    "ANSWER": Command(0, 0),
    "ASYNCAGI BREAK": Command(0, 0, dead=True),
    "CHANNEL STATUS": Command(0, 1, usage="[channel]"),
    "CONTROL STREAM FILE": Command(2, 7, usage="file escape [skipms] [ff] [rew] [pause] [offsetms]"),
    "DATABASE DEL": Command(2, 2, dead=True, usage="family key"),
    "DATABASE DELTREE": Command(1, 2, dead=True, usage="family [keytree]"),
    "DATABASE GET": Command(2, 2, dead=True, usage="family key"),
    "DATABASE PUT": Command(3, 3, dead=True, usage="family key value"),
    "EXEC": Command(1, _MANY, dead=True, usage="application [options]"),
    "GET DATA": Command(1, 3, watches=True, usage="file [timeout] [maxdigits]"),
    "GET FULL VARIABLE": Command(1, 2, dead=True, usage="expression [channel]"),
    "GET OPTION": Command(2, 3, watches=True, usage="file escape [timeout]"),
    "GET VARIABLE": Command(1, 1, dead=True, usage="name"),
    "GOSUB": Command(3, 4, usage="context extension priority [arguments]"),
    "HANGUP": Command(0, 1, usage="[channel]"),
    "NOOP": Command(0, _MANY, dead=True),
    "RECEIVE CHAR": Command(1, 1, usage="timeout"),
    "RECEIVE TEXT": Command(1, 1, usage="timeout"),
    "RECORD FILE": Command(4, 7, usage="file format escape timeout [offset] [BEEP] [s=silence]"),
    "SAY ALPHA": Command(2, 2, watches=True, usage="text escape"),
    "SAY DATE": Command(2, 2, usage="seconds escape"),
    "SAY DATETIME": Command(2, 4, usage="seconds escape [format] [zone]"),
    "SAY DIGITS": Command(2, 2, watches=True, usage="number escape"),
    "SAY NUMBER": Command(2, 3, watches=True, usage="number escape [gender]"),
    "SAY PHONETIC": Command(2, 2, watches=True, usage="text escape"),
    "SAY TIME": Command(2, 2, usage="seconds escape"),
    "SEND IMAGE": Command(1, 1, usage="image"),
    "SEND TEXT": Command(1, 1, usage="text"),
    "SET AUTOHANGUP": Command(1, 1, usage="seconds"),
    "SET CALLERID": Command(1, 1, usage="number"),
    "SET CONTEXT": Command(1, 1, usage="context"),
    "SET EXTENSION": Command(1, 1, usage="extension"),
    "SET MUSIC": Command(1, 2, usage="on|off [class]"),
    "SET PRIORITY": Command(1, 1, usage="priority"),
    "SET VARIABLE": Command(2, 2, dead=True, usage="name value"),
    "SPEECH ACTIVATE GRAMMAR": Command(1, 1, usage="name"),
    "SPEECH CREATE": Command(1, 1, usage="engine"),
    "SPEECH DEACTIVATE GRAMMAR": Command(1, 1, usage="name"),
    "SPEECH DESTROY": Command(0, 0, dead=True),
    "SPEECH LOAD GRAMMAR": Command(2, 2, usage="name path"),
    "SPEECH RECOGNIZE": Command(2, 3, usage="prompt timeout [offset]"),
    "SPEECH SET": Command(2, 2, usage="setting value"),
    "SPEECH UNLOAD GRAMMAR": Command(1, 1, dead=True, usage="name"),
    "STREAM FILE": Command(2, 3, watches=True, usage="file escape [offset]"),
    "TDD MODE": Command(1, 1, usage="on|off"),
    "VERBOSE": Command(1, 2, dead=True, usage="message level"),
    "WAIT FOR DIGIT": Command(1, 1, watches=True, usage="timeout"),
}
"""Every command Asterisk knows, in its own table's terms."""


class WrongUsage(Exception):
    """Raised by a Responder when an argument is not what the command takes: answered with 520."""


class Responder(Protocol):
    """The exchange behind one connection: does what the commands say."""

    def respond(self, command: str, words: Sequence[str]) -> Coroutine[Any, Any, str | None]:
        """The reply line without its end ("200 result=0"); None sends none (a command that was interrupted)."""

    def interrupt(self) -> None:
        """The engine sent another line while a watching command runs: let it return now."""

    def turn(self, ours: bool) -> None:
        """Whose turn it is: ours while a command is in progress here, else the engine owes the next one."""

    def closed(self, status: str) -> None:
        """The script is over; `status` is AGISTATUS: SUCCESS, FAILURE or HANGUP. Nothing follows."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What Asterisk says of a call before the first command."""

    request: str
    """The URL as the dialplan has it: agi://host:port/script."""
    channel: str
    uniqueid: str
    callerid: str = ""
    calleridname: str = ""
    dnid: str = ""
    extension: str = ""
    context: str = "default"
    language: str = "en"
    type: str = "PJSIP"
    version: str = "22.10.1"
    priority: int = 1
    accountcode: str = ""
    threadid: int = 1
    arguments: tuple[str, ...] = field(default=())

    def lines(self) -> list[str]:
        """The header lines in Asterisk's order, without line ends and without the empty one that ends them."""
        script = self.request.partition("://")[2].partition("/")[2]
        return [
            "agi_network: yes",
            *([f"agi_network_script: {script}"] if script else []),
            f"agi_request: {self.request}",
            f"agi_channel: {self.channel}",
            f"agi_language: {self.language}",
            f"agi_type: {self.type}",
            f"agi_uniqueid: {self.uniqueid}",
            f"agi_version: {self.version}",
            f"agi_callerid: {self.callerid or 'unknown'}",
            f"agi_calleridname: {self.calleridname or 'unknown'}",
            "agi_callingpres: 0",
            "agi_callingani2: 0",
            "agi_callington: 0",
            "agi_callingtns: 0",
            f"agi_dnid: {self.dnid or 'unknown'}",
            "agi_rdnis: unknown",
            f"agi_context: {self.context}",
            f"agi_extension: {self.extension}",
            f"agi_priority: {self.priority}",
            "agi_enhanced: 0.0",
            f"agi_accountcode: {self.accountcode}",
            f"agi_threadid: {self.threadid}",
            *(f"agi_arg_{number}: {text}" for number, text in enumerate(self.arguments, 1)),
        ]


def result(value: object, data: str | None = None, endpos: int | None = None) -> str:
    """A 200 reply: `value` after the equals sign, `data` in parentheses, `endpos` in samples."""
    text = f"200 result={value}"
    if data is not None:
        text += f" ({data})"
    if endpos is not None:
        text += f" endpos={endpos}"
    return text


def parse_args(line: str) -> list[str]:
    """The words of a command line, split as res_agi's parse_args does: quotes group, a backslash takes the next character."""
    if '"' not in line and "\\" not in line and "\t" not in line:
        return [word for word in line.split(" ") if word][: MOST_WORDS - 1]
    if _PLAIN.fullmatch(line):
        return [quoted or bare for quoted, bare in _PLAIN_WORD.findall(line)][: MOST_WORDS - 1]
    words: list[str] = []
    quoted = escaped = False
    between = True
    for character in line:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and between:
                words.append("")
                between = False
        elif character in " \t" and not quoted and not escaped:
            between = True
        elif character == "\\" and not escaped:
            escaped = True
        else:
            if between and len(words) < MOST_WORDS - 1:
                words.append("")
                between = False
            if not between:
                words[-1] += character
            escaped = False
    return words


def find_command(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command that starts these words, and the words after its name; ("", words) when Asterisk knows none."""
    for length in (3, 2, 1):
        name = " ".join(words[:length]).upper()
        if len(words) >= length and name in COMMANDS:
            return name, words[length:]
    return "", words


@implementer(IHalfCloseableProtocol)
class AgiClient(TwistedProtocol):
    """One call's connection to the engine, from Asterisk's end.

    `sighup` False is channel variable AGISIGHUP=no (no HANGUP lines), `exit_on_hangup` True is AGIEXITONHANGUP=yes.
    """

    transport: Any  # Twisted's interfaces declare their methods without self, which mypy cannot call

    def __init__(
        self, introduction: Introduction, responder: Responder, *, sighup: bool = True, exit_on_hangup: bool = False
    ) -> None:
        self._introduction = introduction
        self._responder = responder
        self._sighup = sighup
        self._exit_on_hangup = exit_on_hangup
        self._buffer = b""
        self._lines: deque[str] = deque()
        self._running = ""
        self._hung_up = False
        self._looping = False
        self._finished = False
        self._ended = ""
        self.dead = False

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Introduces the call."""
        self._responder.turn(ours=False)
        self._write("".join(f"{line}\n" for line in self._introduction.lines()) + "\n")

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Takes command lines, in any chunking."""
        self._buffer += data
        while (cut := self._buffer.find(b"\n")) >= 0 or len(self._buffer) >= LONGEST_LINE:
            length = cut if 0 <= cut <= LONGEST_LINE else LONGEST_LINE
            line, self._buffer = self._buffer[:length], self._buffer[length:].removeprefix(b"\n")
            self._lines.append(line.decode("utf-8", errors="replace"))
        if self._running and self._lines and COMMANDS[self._running].watches:
            self._responder.interrupt()
        self._next()

    def hang_up(self) -> None:
        """The channel is hung up: HANGUP goes out after the reply of a running command; from then on the channel is dead."""
        if self._hung_up or self._finished:
            return
        self._hung_up = True
        if not self._running:
            self._tell_of_hangup()

    def readConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """The engine ended the script by closing its side."""
        self._end("SUCCESS")

    def writeConnectionLost(self) -> None:  # noqa: N802 - Twisted's name
        """The engine reads no more; its end of the script follows by itself."""

    def connectionLost(self, reason: Failure | None = None) -> None:  # noqa: ARG002, N802 - Twisted's name
        """The connection is gone: for Asterisk the script simply ended."""
        self._end("SUCCESS")

    def _next(self) -> None:
        if self._looping:
            return  # a command that was answered at once comes back here; the loop below goes on by itself
        self._looping = True
        while self._lines and not self._running:
            line = self._lines.popleft()
            if line[:7].lower() == "failure":
                self._end("FAILURE")
            else:
                self._take(line)
        self._looping = False
        if self._ended and not self._running:
            self._close()

    def _take(self, line: str) -> None:
        name, words = find_command(parse_args(line))
        if not name:
            self._write("510 Invalid or unknown command\n")
            return
        command = COMMANDS[name]
        if self.dead and not command.dead:
            self._write("511 Command Not Permitted on a dead channel or intercept routine\n")
        elif not command.least <= len(words) <= command.most:
            self._write(_usage(name))
        else:
            self._running = name
            self._responder.turn(ours=True)
            self._step(None, self._responder.respond(name, words))
            if self._ended and command.watches:
                self._responder.interrupt()

    def _step(self, result: object, answer: Coroutine[Any, Any, str | None]) -> None:
        """Run a command up to its next wait. By hand: a Deferred of its own would cost as much as the command."""
        try:
            awaited = answer.throw(result.value) if isinstance(result, Failure) else answer.send(None)  # type: ignore[arg-type]
        except StopIteration as done:
            self._reply("" if done.value is None else f"{done.value}\n")
        except WrongUsage:
            self._reply(_usage(self._running))
        except Exception as error:  # noqa: BLE001 - a mistake in the Responder must not leave the engine waiting
            _log.error("the exchange failed at a command", command=self._running, exc_info=error)
            self._running = ""
            self._end("FAILURE")
        else:
            awaited.addBoth(self._step, answer)

    def _reply(self, reply: str) -> None:
        self._running = ""
        self._responder.turn(ours=False)
        self._write(reply)
        if self._hung_up and not self.dead:
            self._tell_of_hangup()
        self._next()

    def _tell_of_hangup(self) -> None:
        self.dead = True
        if self._sighup:
            self._write("HANGUP\n")
        if self._exit_on_hangup:
            self._end("HANGUP")

    def _end(self, status: str) -> None:
        if self._ended:
            return
        self._ended = status
        if status != "SUCCESS":
            self._lines.clear()
        if self._running and COMMANDS[self._running].watches:
            self._responder.interrupt()
        self._next()

    def _close(self) -> None:
        if self._finished:
            return
        self._finished = True
        if self._sighup:
            self._write("HANGUP\n")
        if self.transport is not None:
            self.transport.loseConnection()
        self._responder.closed("HANGUP" if self.dead and self._ended == "SUCCESS" else self._ended)

    def _write(self, text: str) -> None:
        if self.transport is not None and text:
            self.transport.write(text.encode("utf-8", errors="replace"))


def _usage(name: str) -> str:
    usage = f"Usage: {name} {COMMANDS[name].usage}".rstrip()
    return f"520-Invalid command syntax.  Proper usage follows:\n{usage}\n\nNothing was done.\n520 End of proper usage.\n"
