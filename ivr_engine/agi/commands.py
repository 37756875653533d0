"""Every FastAGI command as one typed function.

Commands that need a living channel raise `CallerHungUp` once the caller is gone; those marked "also after hang-up" go on
working. Every command raises `CallLost` when the connection to Asterisk is gone or silent for too long, and
`InvalidCommand` when Asterisk does not know it. File names go without extension.
"""

from __future__ import annotations

import contextlib
import types
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from ivr_engine.agi.results import (
    SAMPLES_PER_MS,
    Controlled,
    Digits,
    InvalidCommand,
    Played,
    Pressed,
    Recognised,
    Recorded,
    SubroutineEnd,
    key_of,
    recognised,
    recorded,
)
from ivr_engine.agi.wire import Reply, encode
from ivr_engine.errors import CallerHungUp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

    from ivr_engine.agi.wire import Environment

FOR_EVER = None  # as `extra`: no deadline at all
WAITING: Final = object()
"""What a call's coroutine yields while a command's reply is due; the session sends the Reply in."""

_encoded = lru_cache(maxsize=2048)(encode)  # most commands are said again, word for word, to the next caller


class Asker(Protocol):
    """The session a command goes out on."""

    environment: Environment
    hung_up: bool

    @property
    def lasting(self) -> bool:
        """A command without a deadline is in flight."""

    def send(self, line: bytes, extra: float | None) -> None:
        """Send one command line; `extra` seconds beyond the usual silence are due to the command itself."""

    def fail(self, reason: str) -> None:
        """End the script with AGISTATUS=FAILURE."""


class Agi:
    """One call's commands. Awaited only in the call's own handler, one at a time."""

    __slots__ = ("_session", "environment")

    def __init__(self, session: Asker) -> None:
        self._session = session
        self.environment = session.environment

    @property
    def hung_up(self) -> bool:
        """Asterisk said that the caller is gone."""
        return self._session.hung_up

    @property
    def lasting(self) -> bool:
        """A command without a deadline is running: EXEC (a queue, a talk), GOSUB, a wait for ever."""
        return self._session.lasting

    def fail(self, reason: str) -> None:
        """End the script so that the dialplan sees AGISTATUS=FAILURE; `reason` is logged. No command can follow."""
        self._session.fail(reason)

    def _live(self, *words: str, extra: float | None = 0.0) -> Awaitable[Reply]:
        if self._session.hung_up:
            raise CallerHungUp
        self._session.send(_encoded(*words), extra)
        return self._reply(words)

    def _always(self, *words: str, extra: float | None = 0.0) -> Awaitable[Reply]:
        self._session.send(_encoded(*words), extra)
        return self._reply(words)

    @types.coroutine
    def _reply(self, words: tuple[str, ...]) -> Generator[object, Reply, Reply]:
        """Waits for a command's reply: one frame between a command and its session, since every command pays for each."""
        reply = yield WAITING
        if type(reply) is not Reply:
            raise RuntimeError("an AGI command can only be awaited in the call's own handler")
        return reply if reply.code == 200 else self._checked(words, reply)

    def _checked(self, words: tuple[str, ...], reply: Reply) -> Reply:
        if reply.code == 503:
            return reply
        if reply.code == 511:
            self._session.hung_up = True
            raise CallerHungUp
        raise InvalidCommand(" ".join(words[:2]), reply.code, reply.rest)

    async def _worked(self, reply: Reply, heard_ms: int = 0) -> bool:
        """Whether a command did its work. Raises CallerHungUp when it failed because the caller is gone.

        -1 alone does not tell a hang-up from a missing file. Asterisk notices the hang-up before it reads its next command,
        and refuses this one then: an answer that, unlike the HANGUP line, no channel variable can switch off.
        """
        if reply.result != "-1":
            return True
        if not self._session.hung_up:
            # Answered 511 it is a hang-up, and `hung_up` is set; an Asterisk that does not know the command tells nothing.
            with contextlib.suppress(CallerHungUp, InvalidCommand):
                if (await self._always("CHANNEL", "STATUS")).result == "-1":
                    self._session.hung_up = True
        if self._session.hung_up:
            raise CallerHungUp(heard_ms)
        return False

    # The channel

    async def answer(self) -> bool:
        """Answer the call; AGI() itself does not."""
        return await self._worked(await self._live("ANSWER"))

    async def channel_status(self, channel: str = "") -> int:
        """State of a channel (6 = up; -1 = there is none of that name); of this one by default."""
        return (await self._live("CHANNEL", "STATUS", *filter(None, [channel]))).number

    async def hang_up(self, channel: str = "") -> bool:
        """Hang up a channel, this one by default; False when there is none of that name."""
        return (await self._live("HANGUP", *filter(None, [channel]))).result == "1"

    async def set_auto_hangup(self, seconds: int) -> None:
        """Hang up in so many seconds; 0 takes it back."""
        await self._live("SET", "AUTOHANGUP", str(seconds))

    async def set_caller_id(self, number: str) -> None:
        """Change the caller's number."""
        await self._live("SET", "CALLERID", number)

    async def set_context(self, context: str) -> None:
        """Where the dialplan goes on after the script. Not validated by Asterisk."""
        await self._live("SET", "CONTEXT", context)

    async def set_extension(self, extension: str) -> None:
        """Where the dialplan goes on after the script. Not validated by Asterisk."""
        await self._live("SET", "EXTENSION", extension)

    async def set_priority(self, priority: str) -> None:
        """Number or label the dialplan goes on at after the script."""
        await self._live("SET", "PRIORITY", priority)

    async def set_music(self, on: bool, music_class: str = "") -> None:
        """Music on hold, on or off."""
        await self._live("SET", "MUSIC", "on" if on else "off", *filter(None, [music_class]))

    async def tdd_mode(self, mode: str) -> bool:
        """on, off, mate or tdd; False where the channel cannot."""
        return (await self._live("TDD", "MODE", mode)).result == "1"

    # Sounds and keys

    async def stream_file(self, file: str, keys: str = "", offset: int = 0) -> Played:
        """Play a sound from sample `offset`; a key in `keys` stops it."""
        reply = await self._live("STREAM", "FILE", file, keys, *((str(offset),) if offset else ()))
        endpos = reply.endpos
        ok = reply.result != "-1" or await self._worked(reply, endpos // SAMPLES_PER_MS)
        return Played(key_of(reply), endpos, ok)

    async def control_stream_file(
        self,
        file: str,
        keys: str = "",
        skip_ms: int = 3000,
        forward: str = "#",
        back: str = "*",
        pause: str = "",
        offset_ms: int = 0,
    ) -> Controlled:
        """Play a sound the caller can steer with `forward`, `back` and `pause`; a key in `keys` stops it."""
        words = ("CONTROL", "STREAM", "FILE", file, keys, str(skip_ms), forward, back, pause, str(offset_ms))
        reply = await self._live(*words, extra=FOR_EVER)
        ok = await self._worked(reply, reply.endpos)
        return Controlled(key_of(reply), reply.endpos, ok)

    async def get_option(self, file: str, keys: str, timeout_ms: int = 5000) -> Played:
        """Play a sound, then wait for a key; only those in `keys` count."""
        reply = await self._live("GET", "OPTION", file, keys, str(timeout_ms), extra=_seconds(timeout_ms))
        ok = await self._worked(reply, reply.endpos // SAMPLES_PER_MS)
        return Played(key_of(reply), reply.endpos, ok)

    async def get_data(self, file: str, timeout_ms: int = 0, max_digits: int = 1024) -> Digits:
        """Play a sound and collect digits, ended by `#`, by their number or by a pause.

        `timeout_ms` is the pause before the first and between digits alike; 0 is 6 s and 2 s, less than 0 for ever.
        """
        extra = _seconds((timeout_ms or 6000) * (max_digits + 1))
        reply = await self._live("GET", "DATA", file, str(timeout_ms), str(max_digits), extra=extra)
        ok = reply.result != "-1" or await self._worked(reply)
        return Digits(reply.result if ok else "", reply.note == "timeout", ok)

    async def wait_for_digit(self, timeout_ms: int) -> Pressed:
        """Wait for one key; less than 0 waits for ever."""
        reply = await self._live("WAIT", "FOR", "DIGIT", str(timeout_ms), extra=_seconds(timeout_ms))
        ok = reply.result != "-1" or await self._worked(reply)
        return Pressed(key_of(reply), ok)

    async def record_file(
        self, file: str, form: str, keys: str, limit_ms: int, offset: int = 0, beep: bool = False, silence_s: int = 0
    ) -> Recorded:
        """Record until a key of `keys`, `limit_ms` (less than 0 = none) or `silence_s` of silence (0 = none)."""
        options = [str(offset)] if offset else []
        options += ["BEEP"] if beep else []
        options += [f"s={silence_s}"] if silence_s else []
        words = ("RECORD", "FILE", file, form, keys, str(limit_ms), *options)
        reply = await self._live(*words, extra=_seconds(limit_ms))
        if reply.note == "hangup":
            self._session.hung_up = True
        if reply.note != "writefile":
            await self._worked(reply, reply.endpos // SAMPLES_PER_MS)
        return recorded(reply)

    async def _say(self, *words: str) -> Pressed:
        reply = await self._live("SAY", *words)
        ok = await self._worked(reply)
        return Pressed(key_of(reply), ok)

    async def say_alpha(self, text: str, keys: str = "") -> Pressed:
        """Spell letters."""
        return await self._say("ALPHA", text, keys)

    async def say_phonetic(self, text: str, keys: str = "") -> Pressed:
        """Spell with the phonetic alphabet."""
        return await self._say("PHONETIC", text, keys)

    async def say_digits(self, digits: str, keys: str = "") -> Pressed:
        """Say digit by digit; they must begin with a number."""
        return await self._say("DIGITS", digits, keys)

    async def say_number(self, number: int, keys: str = "", gender: str = "") -> Pressed:
        """Say a whole number."""
        return await self._say("NUMBER", str(number), keys, *filter(None, [gender]))

    async def say_date(self, at: int, keys: str = "") -> Pressed:
        """Say the date of `at` (seconds since 1970 UTC), in Asterisk's own time zone."""
        return await self._say("DATE", str(at), keys)

    async def say_time(self, at: int, keys: str = "") -> Pressed:
        """Say the time of day of `at` (seconds since 1970 UTC), in Asterisk's own time zone."""
        return await self._say("TIME", str(at), keys)

    async def say_datetime(self, at: int, keys: str = "", form: str = "", zone: str = "") -> Pressed:
        """Say date and time of `at` (seconds since 1970 UTC); `form` is voicemail.conf's, `zone` an IANA name."""
        if zone:
            return await self._say("DATETIME", str(at), keys, form or "ABdY 'digits/at' IMp", zone)
        return await self._say("DATETIME", str(at), keys, *filter(None, [form]))

    # Text and pictures

    async def receive_char(self, timeout_ms: int) -> Pressed:
        """One character of a text channel; "" when none came in time."""
        reply = await self._live("RECEIVE", "CHAR", str(timeout_ms), extra=_seconds(timeout_ms or -1))
        if reply.note == "hangup":
            self._session.hung_up = True
        ok = await self._worked(reply)
        return Pressed(key_of(reply), ok)

    async def receive_text(self, timeout_ms: int) -> str | None:
        """A line of a text channel; None when none came."""
        reply = await self._live("RECEIVE", "TEXT", str(timeout_ms), extra=_seconds(timeout_ms or -1))
        return reply.data if await self._worked(reply) else None

    async def send_text(self, text: str) -> bool:
        """Send a line of text; False where the channel cannot."""
        return await self._worked(await self._live("SEND", "TEXT", text))

    async def send_image(self, image: str) -> bool:
        """Send a picture; False where the channel cannot."""
        return await self._worked(await self._live("SEND", "IMAGE", image))

    # The dialplan

    async def execute(self, application: str, options: str = "", within: float | None = FOR_EVER) -> int:
        """Run an application, for as long as it takes; its return code, -2 when there is none of that name. Also after hang-up.

        Options stand as in the dialplan, commas between them. -1 is mostly, not always, a hang-up. `within`: seconds after which
        (and after the usual silence) the call counts as lost.
        """
        return (await self._always("EXEC", application, options, extra=within)).number

    async def gosub(self, context: str, extension: str, priority: str, arguments: str = "") -> SubroutineEnd:
        """Run a dialplan subroutine, for as long as it takes."""
        reply = await self._live("GOSUB", context, extension, priority, *filter(None, [arguments]), extra=FOR_EVER)
        return SubroutineEnd(reply.code == 200 and reply.result == "0", reply.rest)

    async def get_variable(self, name: str) -> str | None:
        """A channel variable or function, cut at 1024 bytes; None when it is not set. Also after hang-up."""
        reply = await self._always("GET", "VARIABLE", name)
        return reply.data if reply.result == "1" else None

    async def get_full_variable(self, expression: str, channel: str = "") -> str | None:
        """A dialplan expression, expanded; None when the other channel is not there. Also after hang-up."""
        reply = await self._always("GET", "FULL", "VARIABLE", expression, *filter(None, [channel]))
        return reply.data if reply.result == "1" else None

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable or function. Also after hang-up."""
        await self._always("SET", "VARIABLE", name, value)

    async def noop(self, text: str = "") -> None:
        """Do nothing. Also after hang-up."""
        await self._always("NOOP", *filter(None, [text]))

    async def verbose(self, text: str, level: int = 1) -> None:
        """Write to Asterisk's console. Also after hang-up."""
        await self._always("VERBOSE", text, str(level))

    async def async_agi_break(self) -> None:
        """End an AsyncAGI loop. Also after hang-up."""
        await self._always("ASYNCAGI", "BREAK")

    # Asterisk's own small database; all also after hang-up

    async def database_get(self, family: str, key: str) -> str | None:
        """A value; None when there is none."""
        reply = await self._always("DATABASE", "GET", family, key)
        return reply.data if reply.result == "1" else None

    async def database_put(self, family: str, key: str, value: str) -> bool:
        """Keep a value; False when it could not be kept."""
        return (await self._always("DATABASE", "PUT", family, key, value)).result == "1"

    async def database_delete(self, family: str, key: str) -> bool:
        """Delete a value; False when there was none."""
        return (await self._always("DATABASE", "DEL", family, key)).result == "1"

    async def database_delete_tree(self, family: str, tree: str = "") -> bool:
        """Delete a family or a part of it; False when there was nothing. (Here, alone, 0 means done.)"""
        return (await self._always("DATABASE", "DELTREE", family, *filter(None, [tree]))).result == "0"

    # Asterisk's speech interface

    async def _speech(self, *words: str) -> bool:
        return (await self._live("SPEECH", *words)).result == "1"

    async def speech_create(self, engine: str) -> bool:
        """Begin recognising with an engine; False when there is none of that name, or one is at work."""
        return await self._speech("CREATE", engine)

    async def speech_set(self, name: str, value: str) -> bool:
        """Set one of the engine's own settings."""
        return await self._speech("SET", name, value)

    async def speech_load_grammar(self, name: str, path: str) -> bool:
        """Load a grammar from Asterisk's disk."""
        return await self._speech("LOAD", "GRAMMAR", name, path)

    async def speech_activate_grammar(self, name: str) -> bool:
        """Listen for a grammar."""
        return await self._speech("ACTIVATE", "GRAMMAR", name)

    async def speech_deactivate_grammar(self, name: str) -> bool:
        """Listen for it no more."""
        return await self._speech("DEACTIVATE", "GRAMMAR", name)

    async def speech_unload_grammar(self, name: str) -> bool:
        """Forget a grammar. Also after hang-up."""
        return (await self._always("SPEECH", "UNLOAD", "GRAMMAR", name)).result == "1"

    async def speech_destroy(self) -> bool:
        """End recognising. Also after hang-up."""
        return (await self._always("SPEECH", "DESTROY")).result == "1"

    async def speech_recognize(self, prompt: str, timeout_s: int, offset: int = 0) -> Recognised:
        """Play a prompt and recognise what is said, or keyed, within `timeout_s` of its end."""
        words = ("SPEECH", "RECOGNIZE", prompt, str(timeout_s), *([str(offset)] if offset else []))
        reply = await self._live(*words, extra=float(timeout_s))
        if reply.note == "hangup":
            self._session.hung_up = True
            raise CallerHungUp(reply.endpos // SAMPLES_PER_MS)
        return recognised(reply)


def _seconds(timeout_ms: int) -> float | None:
    """What a command may take beyond the usual silence; None (no deadline) for its "for ever"."""
    return timeout_ms / 1000 if timeout_ms >= 0 else FOR_EVER
