"""Bytes of a FastAGI session to facts, and words to command lines. No transport, no clock, no Twisted.

Feed a `Parser` whatever arrives, in any pieces: first comes one `Environment`, then a `Reply` per answered command, with
`HANGUP` lines (out of band) and `Stray` lines (no grammar of Asterisk's) in between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

MAX_LINE: Final = 2047  # Asterisk read commands into 2048 bytes, the closing NUL included, until 2025
MAX_WORDS: Final = 127  # of its 128 argument slots the last holds NULL

_BARE = re.compile(r"(?!failure)[A-Za-z0-9_./:#*,;()=+-]+", re.IGNORECASE)
_ALL_BARE = re.compile(rf"{_BARE.pattern}(?: {_BARE.pattern})*", re.IGNORECASE)
_BREAKS = str.maketrans("\r\n\0", "   ")
_ENDPOS = re.compile(r"(?:^| )endpos=(-?\d+)")
_USAGE_END = b"520 End of proper usage."
_UNKNOWN = "unknown"


class WireError(Exception):
    """The peer sent what no Asterisk sends, or more than the limits allow; the session cannot go on."""


class CommandTooLong(ValueError):
    """A command does not fit into the line Asterisk reads; sending it would split it into two bogus ones."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and lines a peer may send before it is taken for something else than an Asterisk."""

    line: int = 16_384
    header_lines: int = 256
    header_bytes: int = 65_536
    usage_lines: int = 1_000


class Environment:
    """Who calls, and how: the header Asterisk opens a session with. Numbers and names it does not know are ""."""

    __slots__ = ("_raw",)

    def __init__(self, raw: bytes) -> None:
        # One bytes object instead of thirty strings: thousands of calls are held at once, few headers are ever read.
        self._raw = b"\n" + raw + b"\n"

    def get(self, header: str) -> str:
        """The value of a header such as "agi_channel"; "" when it is absent. Bytes that are not UTF-8 become U+FFFD."""
        mark = b"\n" + header.encode() + b":"
        start = self._raw.find(mark)
        if start < 0:
            return ""
        start += len(mark)
        value = self._raw[start : self._raw.index(b"\n", start)].decode(errors="replace")
        return value.removeprefix(" ")

    def _known(self, header: str) -> str:
        value = self.get(header)
        return "" if value == _UNKNOWN else value

    @property
    def request(self) -> str:
        """The whole URL, as the dialplan wrote it."""
        return self.get("agi_request")

    @property
    def script(self) -> str:
        """The URL's path, without the slashes around it and without its query; "" when the URL has none."""
        return self.get("agi_network_script").partition("?")[0].strip("/")

    @property
    def query(self) -> dict[str, str]:
        """The URL's query; of a name given twice the last value counts."""
        return dict(parse_qsl(self.get("agi_network_script").partition("?")[2], keep_blank_values=True))

    @property
    def line(self) -> str:
        """The line the URL names: the first component of its path, or ""."""
        return self.script.partition("/")[0]

    @property
    def channel(self) -> str:
        """The channel's name, such as "PJSIP/trunk-00000001"."""
        return self.get("agi_channel")

    @property
    def uniqueid(self) -> str:
        """The channel's id, unique on that exchange."""
        return self.get("agi_uniqueid")

    @property
    def language(self) -> str:
        """The language the channel came with."""
        return self.get("agi_language")

    @property
    def caller_number(self) -> str:
        """The caller's number as the trunk gave it; "" when withheld."""
        return self._known("agi_callerid")

    @property
    def caller_name(self) -> str:
        """The caller's display name: bytes of the caller's choice."""
        return self._known("agi_calleridname")

    @property
    def dialled(self) -> str:
        """The number the caller dialled; where the trunk does not say, the extension the dialplan is at."""
        return self._known("agi_dnid") or self.get("agi_extension")

    @property
    def redirected_from(self) -> str:
        """The number that forwarded the call here; "" for a direct call."""
        return self._known("agi_rdnis")

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the dialplan gave AGI() after the URL: agi_arg_1, agi_arg_2 and so on."""
        found: list[str] = []
        while f"\nagi_arg_{len(found) + 1}:".encode() in self._raw:
            found.append(self.get(f"agi_arg_{len(found) + 1}"))
        return tuple(found)


class Reply(NamedTuple):
    """One answer to one command. `result` may be empty; `rest` is what follows it, or the text of a 510, 511 or 520."""

    code: int
    result: str
    rest: str

    @property
    def number(self) -> int:
        """`result` as a number; an empty one is 0. Raises WireError when it is none."""
        try:
            return int(self.result or 0)
        except ValueError:
            raise WireError(f"result={self.result!r} where a number was due") from None

    @property
    def data(self) -> str:
        """The value in parentheses, up to the last `)`: it may hold anything. "" without parentheses."""
        if not self.rest.startswith("("):
            return ""
        end = self.rest.rfind(")")
        # A value with a newline in it (the dialplan should have filtered it) lost its end: keep what came.
        return self.rest[1:end] if end > 0 else self.rest[1:]

    @property
    def note(self) -> str:
        """The word in parentheses, up to the first `)`: timeout, hangup, dtmf, speech..."""
        return self.rest[1:].partition(")")[0] if self.rest.startswith("(") else ""

    @property
    def endpos(self) -> int:
        """How far a sound was played or recorded, in samples; 0 when the reply does not say."""
        rest = self.rest
        if rest[:7] == "endpos=" and rest[7:].isdecimal():  # nearly always
            return int(rest[7:])
        found = _ENDPOS.search(rest)
        return int(found[1]) if found else 0


class Hangup:
    """The line HANGUP: the caller is gone. Never an answer to a command."""

    __slots__ = ()


class Stray(NamedTuple):
    """A line that is no reply: the tail of a value with a newline in it, or noise."""

    line: str


Fact: TypeAlias = Environment | Reply | Hangup | Stray
HANGUP: Final = Hangup()
PROVISIONAL: Final = 100


class Parser:
    """Cuts one session's bytes into facts."""

    __slots__ = ("_buffer", "_in_session", "_limits", "_usage")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = b""
        self._in_session = False
        self._usage: list[str] | None = None  # the 520 block under way

    def feed(self, data: bytes) -> list[Fact]:
        """The facts these bytes complete, in order. Raises WireError when a limit is passed."""
        if self._buffer:
            data = self._buffer + data
        facts: list[Fact] = []
        if not self._in_session:
            raw, ended, data = self._header(data)
            if not ended:
                self._buffer = raw
                return facts
            facts.append(Environment(raw))
            self._in_session = True
        *lines, self._buffer = data.split(b"\n")
        for line in lines:
            fact = self._line(line)
            if fact is not None:
                facts.append(fact)
        if len(self._buffer) > self._limits.line:
            raise WireError(f"a line of more than {self._limits.line} bytes")
        return facts

    def reply(self, data: bytes) -> Reply | None:
        """The one whole "200 result=..." these bytes are (nearly always they are); None for anything else: `feed` it."""
        if self._buffer or self._usage is not None:
            return None
        if (reply := _SHORT.get(data)) is not None:
            return reply
        end = len(data) - 1
        if data[:11] != b"200 result=" or data.find(b"\n") != end or end > self._limits.line:
            return None
        result, _, rest = data[11:end].decode(errors="replace").partition(" ")
        return Reply(200, result, rest)

    def _header(self, data: bytes) -> tuple[bytes, bool, bytes]:
        """The header (so far), whether its empty line has come, and what follows that."""
        if data.startswith(b"\n"):
            return b"", True, data[1:]
        raw, ended, rest = data.partition(b"\n\n")
        if len(raw) > self._limits.header_bytes:
            raise WireError(f"a header of more than {self._limits.header_bytes} bytes")
        if ended:
            lines = raw.split(b"\n")
            if len(lines) > self._limits.header_lines or max(map(len, lines)) > self._limits.line:
                raise WireError(f"a header of more than {self._limits.header_lines} lines or {self._limits.line} bytes in one")
        return raw, bool(ended), rest

    def _line(self, line: bytes) -> Fact | None:
        if len(line) > self._limits.line:
            raise WireError(f"a line of more than {self._limits.line} bytes")
        if self._usage is not None:
            return self._usage_line(line)
        if line.startswith(b"200 result="):
            result, _, rest = line[11:].decode(errors="replace").partition(" ")
            return Reply(200, result, rest)
        if line == b"HANGUP":
            return HANGUP
        if line.startswith(b"520-"):
            self._usage = [line[4:].decode(errors="replace")]
            return None
        code, separator, text = line[:3], line[3:4], line[4:].decode(errors="replace")
        if separator != b" " or code not in _OTHER_CODES:
            return Stray(line.decode(errors="replace"))
        if text.startswith("result="):
            result, _, rest = text[7:].partition(" ")
            return Reply(int(code), result, rest)
        return Reply(int(code), "", text)

    def _usage_line(self, line: bytes) -> Reply | None:
        assert self._usage is not None
        if line.startswith(b"520 ") or line.endswith(_USAGE_END):  # a usage text without a last newline swallows its end
            text, self._usage = "\n".join(self._usage), None
            return Reply(520, "", text)
        self._usage.append(line.decode(errors="replace"))
        if len(self._usage) > self._limits.usage_lines:
            raise WireError(f"a usage text of more than {self._limits.usage_lines} lines")
        return None


_SHORT: Final = {b"200 result=%s\n" % result.encode(): Reply(200, result, "") for result in ("0", "1", "-1")}
"""What most commands are answered with."""
_OTHER_CODES: Final = frozenset({b"100", b"503", b"510", b"511", b"520"})


def encode(*words: str) -> bytes:
    """A command line that Asterisk reads back as exactly these words, whatever they hold.

    Line breaks and NUL become blanks. The line never begins with the magic word "failure". Raises CommandTooLong.
    """
    if len(words) > MAX_WORDS:
        raise CommandTooLong(f"{len(words)} words in one command, Asterisk takes {MAX_WORDS}")
    line = " ".join(words)
    if not _ALL_BARE.fullmatch(line) or line.count(" ") >= len(words):  # one look at what nearly every command is
        line = " ".join([word if _BARE.fullmatch(word) else _quoted(word) for word in words])
    raw = line.encode(errors="replace") + b"\n"
    if len(raw) > MAX_LINE:
        raise CommandTooLong(f"a command of {len(raw)} bytes, Asterisk takes {MAX_LINE}")
    return raw


def _quoted(word: str) -> str:
    escaped = word.translate(_BREAKS).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
