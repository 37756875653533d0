"""One FastAGI session of a call: every command of Asterisk's table, done on the channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from twisted.internet.defer import Deferred

from ivr_engine.agi.client import result
from ivr_engine.exchange.virtual import media, variables
from ivr_engine.exchange.virtual.applications import execute

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from ivr_engine.exchange.virtual.channel import Channel
    from ivr_engine.exchange.virtual.clock import Hold


class Session:
    """The Responder of one call. Fast time is held whenever the engine owes a command; `over` fires with AGISTATUS."""

    def __init__(self, channel: Channel) -> None:
        self.over: Deferred[str] = Deferred()
        self._channel = channel
        self._hold: Hold | None = channel.switch.clock.hold()

    def respond(self, command: str, words: Sequence[str]) -> Coroutine[Any, Any, str | None]:
        """Do a command."""
        return HANDLERS[command](self._channel, words)

    def interrupt(self) -> None:
        """Stop what is waited for."""
        self._channel.interrupt()

    def turn(self, ours: bool) -> None:
        """Hold the clock while it is the engine's turn."""
        if ours and self._hold:
            self._hold.release()
            self._hold = None
        elif not ours and not self._hold:
            self._hold = self._channel.switch.clock.hold()

    def closed(self, status: str) -> None:
        """The script is over."""
        hold, self._hold = self._hold, None
        self.over.callback(status)
        if hold:
            hold.release()


class Handler(Protocol):
    """Does one command; the words are those after its name, as many as the command table allows."""

    def __call__(self, channel: Channel, words: Sequence[str]) -> Coroutine[Any, Any, str | None]:
        """The reply line, or None when the engine interrupted. Raises WrongUsage."""


def constant(reply: str) -> Handler:
    """A command that always answers the same here."""

    async def handler(channel: Channel, words: Sequence[str]) -> str | None:  # noqa: ARG001 - that is the point
        return reply

    return handler


async def answer(channel: Channel, words: Sequence[str]) -> str | None:  # noqa: ARG001 - it has none
    """ANSWER."""
    channel.answer()
    return result(-1 if channel.gone else 0)


async def hang_up(channel: Channel, words: Sequence[str]) -> str | None:
    """HANGUP [channel]."""
    if not words:
        channel.hang_up("engine")
        return result(1)
    other = channel.switch.channel_named(words[0])
    if other is None:
        return result(-1)
    other.hang_up("engine")
    return result(1)


async def channel_status(channel: Channel, words: Sequence[str]) -> str | None:
    """CHANNEL STATUS [channel]."""
    found = channel.switch.channel_named(words[0]) if words else channel
    return result(found.state if found else -1)


async def get_variable(channel: Channel, words: Sequence[str]) -> str | None:
    """GET VARIABLE name."""
    value = variables.read(channel, words[0])
    return result(0) if value is None else result(1, value[: variables.LONGEST_VALUE])


async def get_full_variable(channel: Channel, words: Sequence[str]) -> str | None:
    """GET FULL VARIABLE expression [channel]."""
    found = channel.switch.channel_named(words[1]) if len(words) > 1 else channel
    return result(1, variables.expand(found, words[0])) if found else result(0)


async def set_variable(channel: Channel, words: Sequence[str]) -> str | None:
    """SET VARIABLE name value."""
    variables.write(channel, words[0], words[1])
    return result(1)


async def set_callerid(channel: Channel, words: Sequence[str]) -> str | None:
    """SET CALLERID number."""
    channel.number = words[0]
    return result(1)


async def set_autohangup(channel: Channel, words: Sequence[str]) -> str | None:
    """SET AUTOHANGUP seconds: 0 takes it back."""
    channel.hang_up_in(media.whole(words[0]))
    return result(0)


async def run_application(channel: Channel, words: Sequence[str]) -> str | None:
    """EXEC application [options]: a further word is passed over, as res_agi does."""
    return result(await execute(channel, words[0], words[1] if len(words) > 1 else ""))


async def database_get(channel: Channel, words: Sequence[str]) -> str | None:
    """DATABASE GET family key."""
    value = channel.switch.database.get((words[0], words[1]))
    return result(0) if value is None else result(1, value)


async def database_put(channel: Channel, words: Sequence[str]) -> str | None:
    """DATABASE PUT family key value."""
    channel.switch.database[words[0], words[1]] = words[2]
    return result(1)


async def database_del(channel: Channel, words: Sequence[str]) -> str | None:
    """DATABASE DEL family key: a success even when there was nothing to delete."""
    channel.switch.database.pop((words[0], words[1]), None)
    return result(1)


async def database_deltree(channel: Channel, words: Sequence[str]) -> str | None:
    """DATABASE DELTREE family [keytree]: 0 when rows were deleted, 1 when none were, as Asterisk has it."""
    database = channel.switch.database
    tree = words[1] if len(words) > 1 else ""
    doomed = [
        (family, key)
        for family, key in database
        if family == words[0] and (not tree or key == tree or key.startswith(f"{tree}/"))
    ]
    for entry in doomed:
        del database[entry]
    return result(0 if doomed else 1)


HANDLERS: dict[str, Handler] = {
    "ANSWER": answer,
    "ASYNCAGI BREAK": constant(result(0)),
    "CHANNEL STATUS": channel_status,
    "CONTROL STREAM FILE": media.control_stream_file,
    "DATABASE DEL": database_del,
    "DATABASE DELTREE": database_deltree,
    "DATABASE GET": database_get,
    "DATABASE PUT": database_put,
    "EXEC": run_application,
    "GET DATA": media.get_data,
    "GET FULL VARIABLE": get_full_variable,
    "GET OPTION": media.get_option,
    "GET VARIABLE": get_variable,
    "GOSUB": constant("200 result=-1 Gosub label not found"),
    "HANGUP": hang_up,
    "NOOP": constant(result(0)),
    "RECEIVE CHAR": media.receive_char,
    "RECEIVE TEXT": media.receive_text,
    "RECORD FILE": media.record_file,
    "SAY ALPHA": media.say_text,
    "SAY DATE": media.say_number,
    "SAY DATETIME": media.say_number,
    "SAY DIGITS": media.say_number,
    "SAY NUMBER": media.say_number,
    "SAY PHONETIC": media.say_text,
    "SAY TIME": media.say_number,
    "SEND IMAGE": constant(result(0)),
    "SEND TEXT": constant(result(0)),
    "SET AUTOHANGUP": set_autohangup,
    "SET CALLERID": set_callerid,
    "SET CONTEXT": constant(result(0)),
    "SET EXTENSION": constant(result(0)),
    "SET MUSIC": constant(result(0)),
    "SET PRIORITY": constant(result(0)),
    "SET VARIABLE": set_variable,
    "SPEECH ACTIVATE GRAMMAR": constant(result(0)),
    "SPEECH CREATE": constant(result(0)),
    "SPEECH DEACTIVATE GRAMMAR": constant(result(0)),
    "SPEECH DESTROY": constant(result(0)),
    "SPEECH LOAD GRAMMAR": constant(result(0)),
    "SPEECH RECOGNIZE": constant(result(0)),
    "SPEECH SET": constant(result(0)),
    "SPEECH UNLOAD GRAMMAR": constant(result(0)),
    "STREAM FILE": media.stream_file,
    "TDD MODE": constant(result(0)),
    "VERBOSE": constant(result(1)),
    "WAIT FOR DIGIT": media.wait_for_digit,
}
