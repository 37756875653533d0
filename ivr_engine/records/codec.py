"""Events as text: one JSON line in the spool, one JSON object in the journal."""

from __future__ import annotations

import typing
from typing import Any

import msgspec

from ivr_engine import events

if typing.TYPE_CHECKING:
    from ivr_engine.events import Event

_DECODERS = {kind.__name__: msgspec.json.Decoder(kind) for kind in typing.get_args(events.Event)}
_PAIR = msgspec.json.Decoder(tuple[str, msgspec.Raw])
_ENCODER = msgspec.json.Encoder()


class Unreadable(ValueError):
    """The text is no event this engine knows."""


def encode_line(event: Event) -> bytes:
    """`["StepEntered", {...}]` and a newline. Text that is no Unicode (a PBX may send any byte) is mended, not refused."""
    pair = (type(event).__name__, event)
    try:
        return _ENCODER.encode(pair) + b"\n"
    except UnicodeEncodeError:
        return _ENCODER.encode((pair[0], _mended(event))) + b"\n"


def decode_line(line: bytes) -> Event:
    """The event of one line. Raises Unreadable."""
    try:
        kind, data = _PAIR.decode(line)
        event: Event = _DECODERS[kind].decode(data)
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    return event


def journal_data(event: Event) -> str:
    """What the journal keeps beside contact, time and kind, as a JSON object."""
    values = msgspec.to_builtins(event)
    del values["contact"], values["at"]
    return _ENCODER.encode(values).decode()


def from_journal(kind: str, contact: str, at: float, data: str) -> Event:
    """The event a journal row was made of. Raises Unreadable."""
    try:
        values = {**msgspec.json.decode(data, type=dict[str, Any]), "contact": contact, "at": at}
        event: Event = msgspec.convert(values, _KINDS[kind])
    except (msgspec.MsgspecError, KeyError) as error:
        raise Unreadable(str(error)) from error
    return event


_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in typing.get_args(events.Event)}


def _mended(event: Event) -> Event:
    texts = {
        name: value.encode("utf-8", "replace").decode()
        for name, value in msgspec.structs.asdict(event).items()
        if type(value) is str
    }
    return msgspec.structs.replace(event, **texts)
