"""Channel variables and the few dialplan functions a FastAGI script asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr_engine.exchange.virtual.channel import Channel

LONGEST_VALUE = 1023  # what GET VARIABLE shows of a value: a buffer of 1024 with its terminator
_FUNCTION = re.compile(r"(?P<name>\w+)\((?P<argument>.*)\)", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{([^${}]*)\}")


def read(channel: Channel, name: str) -> str | None:
    """The value of a variable, or of a function when the name ends with a parenthesis; None when there is none."""
    if name.endswith(")"):
        found = _FUNCTION.fullmatch(name)
        return _read_function(channel, found["name"].upper(), found["argument"]) if found else None
    if name in channel.variables:
        return channel.variables[name]
    builtin = {
        "CHANNEL": channel.name,
        "EXTEN": channel.dialled,
        "CONTEXT": "ivr-call",
        "UNIQUEID": channel.uniqueid,
        "EPOCH": str(int(channel.switch.clock.now())),
    }
    return builtin.get(name)


def write(channel: Channel, name: str, value: str) -> None:
    """Set a variable, or a function that can be set; unknown functions are passed over, as Asterisk does with a warning."""
    if not name.endswith(")"):
        channel.variables[name.removeprefix("__").removeprefix("_")] = value
        return
    found = _FUNCTION.fullmatch(name)
    function = (found["name"].upper(), found["argument"].lower()) if found else ("", "")
    if function == ("CHANNEL", "language"):
        channel.language = value
    elif function == ("CALLERID", "num"):
        channel.number = value
    elif function == ("CALLERID", "name"):
        channel.caller_name = value
    elif found and function[0] == "DB":
        channel.switch.database[_database_key(found["argument"])] = value


def expand(channel: Channel, text: str) -> str:
    """The text with every ${...} replaced by its value, inner ones first; unknown ones vanish."""
    while (replaced := _EXPRESSION.sub(lambda found: read(channel, found[1]) or "", text, count=1)) != text:
        text = replaced
    return text


def _read_function(channel: Channel, name: str, argument: str) -> str | None:
    if name == "CHANNEL":
        known = {"language": channel.language, "name": channel.name, "uniqueid": channel.uniqueid}
        return known.get(argument.lower())
    if name == "CALLERID":
        both = f'"{channel.caller_name}" <{channel.number}>'
        return {"num": channel.number, "name": channel.caller_name, "all": both}.get(argument.lower())
    if name == "DB":
        return channel.switch.database.get(_database_key(argument))
    return None


def _database_key(argument: str) -> tuple[str, str]:
    family, _, key = argument.partition("/")
    return family, key
