"""What the engine and a recogniser's process say to each other: msgpack messages behind a length of four bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ivr_engine.hearing import Kind  # noqa: TC001 - msgspec reads it

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 1 << 20
"""Bytes of a message; more is a fault of the other side."""


class Message(msgspec.Struct, tag=True, array_like=True, frozen=True):
    """`turn` is the number of a caller's turn of listening."""

    turn: int


class Open(Message, frozen=True):
    """A turn begins."""

    language: str
    kind: Kind
    phrases: tuple[str, ...]


class Audio(Message, frozen=True):
    """Its next samples."""

    samples: bytes


class Pause(Message, frozen=True):
    """The caller is silent: perhaps that was all."""


class Resume(Message, frozen=True):
    """The caller goes on after a Pause."""


class Finish(Message, frozen=True):
    """The caller has spoken: Done or Raised is wanted."""


class Close(Message, frozen=True):
    """Nobody wants to know any more."""


class Unknown(Message, frozen=True):
    """Which words of these does the model not know? Missing is wanted."""

    phrases: tuple[str, ...]


class Ready(Message, frozen=True):
    """The model is loaded (turn 0)."""


class Heard(Message, frozen=True):
    """So far."""

    text: str


class Done(Message, frozen=True):
    """The likeliest guess first, each with its confidence."""

    guesses: tuple[tuple[str, float], ...]


class Missing(Message, frozen=True):
    """Words of the phrases that the model does not know: they will never be heard."""

    words: tuple[str, ...]


class Raised(Message, frozen=True):
    """The recogniser raised: the exception's class name and words."""

    error: str


ToWorker = Open | Audio | Pause | Resume | Finish | Close | Unknown
FromWorker = Ready | Heard | Done | Missing | Raised
TO_WORKER = msgspec.msgpack.Decoder(ToWorker)
FROM_WORKER = msgspec.msgpack.Decoder(FromWorker)


def frame(message: Message) -> bytes:
    """The bytes of a message on the pipe."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


class Frames:
    """Bytes in, messages out. Raises ValueError for what no message is."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[Any]) -> None:
        self._decoder = decoder
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """The messages that are whole now."""
        self._bytes += data
        while len(self._bytes) >= 4:
            length = int.from_bytes(self._bytes[:4], "big")
            if length > LONGEST:
                raise ValueError(f"a message of {length} bytes")
            if len(self._bytes) < 4 + length:
                return
            body = bytes(self._bytes[4 : 4 + length])
            del self._bytes[: 4 + length]
            yield self._decoder.decode(body)
