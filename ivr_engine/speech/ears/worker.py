"""A recogniser's own process: loads its model once, then serves turns of listening until its pipe is closed.

Started as `python -m ivr_engine.speech.ears.worker package.module:Class FOLDER THREADS`. It never writes audio anywhere.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING

from ivr_engine.hookspecs import Anticipating
from ivr_engine.speech.ears.wire import (
    TO_WORKER,
    Audio,
    Close,
    Done,
    Finish,
    Frames,
    Heard,
    Missing,
    Open,
    Pause,
    Raised,
    Ready,
    Resume,
    Unknown,
    frame,
)

if TYPE_CHECKING:
    from ivr_engine.hookspecs import Hearing, Recogniser
    from ivr_engine.speech.ears.wire import Message

_READ = 1 << 16
_NICENESS = 5
"""Calls are paced by the engine's process: recognition gives way to it."""


class Worker:
    """`read`: bytes from the engine, b"" at the end; `write`: a whole frame to it."""

    def __init__(self, recogniser: Recogniser, incoming: int, outgoing: int) -> None:
        self._recogniser, self._in, self._out = recogniser, incoming, outgoing
        self._inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._turns: dict[int, Hearing] = {}
        self._closed: set[int] = set()

    def run(self) -> None:
        """Serve until the engine closes the pipe."""
        threading.Thread(target=self._read, daemon=True).start()
        self._tell(Ready(0))
        while (message := self._inbox.get()) is not None:
            try:
                self._serve(message)
            except Exception as error:  # noqa: BLE001 - whatever a recogniser raises costs that turn alone
                self._turns.pop(message.turn, None)
                self._tell(Raised(message.turn, f"{type(error).__name__}: {error}"[:500]))

    def _read(self) -> None:
        frames = Frames(TO_WORKER)
        while data := os.read(self._in, _READ):
            for message in frames.feed(data):
                if isinstance(message, Close):  # at once: what was still to be worked out for it is not
                    self._closed.add(message.turn)
                self._inbox.put(message)
        self._inbox.put(None)

    def _serve(self, message: Message) -> None:
        turn = message.turn
        match message:
            case Close():
                self._turns.pop(turn, None)
                self._closed.discard(turn)
            case Open(_, language, kind, phrases):
                self._turns[turn] = self._recogniser.listen(language, kind, phrases)
            case Audio(_, samples) if turn in self._turns and turn not in self._closed:
                if (text := self._turns[turn].feed(samples)) is not None:
                    self._tell(Heard(turn, text))
            # Only when idle: what is worked out may be for nothing, and nobody else is to wait for that.
            case Pause() if turn not in self._closed and self._inbox.empty():
                if isinstance(hearing := self._turns.get(turn), Anticipating):
                    hearing.pause()
            case Resume():
                if isinstance(hearing := self._turns.get(turn), Anticipating):
                    hearing.resume()
            case Finish() if turn in self._turns and turn not in self._closed:
                self._tell(Done(turn, tuple((guess.text, guess.confidence) for guess in self._turns.pop(turn).finish())))
            case Unknown(_, phrases):
                self._tell(Missing(turn, tuple(self._recogniser.unknown(phrases))))

    def _tell(self, message: Message) -> None:
        data = frame(message)
        while data:
            data = data[os.write(self._out, data) :]


def main(where: str, folder: str, threads: str) -> None:
    """Take the pipes for messages alone (libraries print), load, serve."""
    incoming, outgoing = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    os.nice(_NICENESS)
    module, name = where.split(":")
    recogniser: Recogniser = getattr(importlib.import_module(module), name)(folder, int(threads))
    Worker(recogniser, incoming, outgoing).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
