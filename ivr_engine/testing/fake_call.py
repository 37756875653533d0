"""A scripted caller: satisfies the dialogue's Call without telephone, exchange or reactor, in virtual time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ivr_engine.dialogue.call import Heard, QueueResult, Reply, TransferResult
from ivr_engine.errors import CallerHungUp, CallLost
from ivr_engine.events import QueueStatus, TransferStatus
from ivr_engine.hearing import Guess
from ivr_engine.testing.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from ivr_engine.calls import Listening, Why

ANSWERED = QueueResult(QueueStatus.ANSWERED, 5, 60)
"""An operator answers after five seconds and talks for a minute."""

PUT_THROUGH = TransferResult(TransferStatus.ANSWERED, 60)
"""The other body answers, and talks for a minute."""

_INPUT = re.compile(r'<?(?:[0-9*#~!]+|"[^"]*"(?:@[01]?\.?\d+)?)')
_GROUPS = re.compile(r'<?"[^"]*"\S*|\S+')
_SPEECH = re.compile(r'<?"([^"]*)"(?:@([\d.]+))?')
_SPEECH_S, _SURE = 1.5, 0.95
_KEY_MS = 250  # between two keys
_CUT_IN_MS = 500


_MARK = re.compile(r"\.[0-9a-f]{8}$")


def plain(file: str) -> str:
    """A line's sound without the mark of its words: "ivr/lavoro/menu"."""
    return _MARK.sub("", file)


def two_seconds(_file: str) -> int:
    """Every sound lasts two seconds."""
    return 2000


class FakeCall:
    """A caller who keys what `keys` says and is silent afterwards.

    `keys` are groups separated by blanks, one for each input: `"1 2 00187#"`. A group is keyed once the prompts are over and
    the line listens; `<1` cuts into the next prompt that accepts the key; `~` is silence for one input; `!` hangs up there,
    `<!` in the middle of the next prompt. Keys that are left of a group when a prompt begins cut into it, or are lost when it
    does not accept them, as on a real exchange.

    `"vorrei un operatore"` is said once the line listens, `<"..."` into the next prompt; `"..."@0.5` is heard with that
    confidence, `""` is a noise. Only a script with speech in it has a line that listens; `deaf` tells why it cannot after all.

    `transfer` says how being put through to another body ends.

    `length` gives a sound's milliseconds; files in `missing` are not there (a line's own may be named without the mark of
    their words, here and further on); the caller hangs up halfway through the file
    `hang_up_in`, and the exchange is lost halfway through `lost_in`. `queue` says how stays in queues end, in order, the
    last one ever after; a caller of `patience_s` seconds hangs up rather than wait longer, and one who `ends_talk` hangs up
    before the operator does. `story`, `heard` (files), `language` and `gone` tell what happened. Raises ValueError
    for keys that are none.
    """

    def __init__(
        self,
        keys: str = "",
        *,
        clock: ManualClock | None = None,
        length: Callable[[str], int] = two_seconds,
        missing: Container[str] = (),
        queue: Sequence[QueueResult] = (ANSWERED,),
        patience_s: int | None = None,
        ends_talk: bool = False,
        transfer: TransferResult = PUT_THROUGH,
        hang_up_in: str = "",
        lost_in: str = "",
        deaf: Why = "",
    ) -> None:
        self.clock = clock or ManualClock()
        self.story: list[str] = []
        self.heard: list[str] = []
        self.language = ""
        self.gone = self.lost = False
        self._groups: list[str] = _GROUPS.findall(keys)
        self.listens = '"' in keys
        self._deaf = deaf
        if wrong := [group for group in self._groups if not _INPUT.fullmatch(group)]:
            raise ValueError(f"{wrong[0]!r} is not an input: keys 0-9 * # together, ~ for silence, ! to hang up, < to cut in")
        self._left = ""
        self._prompted = True
        self._length, self._missing, self._queue = length, missing, list(queue)
        self._patience_s, self._ends_talk = patience_s, ends_talk
        self._transfer = transfer
        self._hang_up_in, self._lost_in = hang_up_in, lost_in

    def hang_up(self) -> None:
        """The caller is gone: from now on every verb but `queue` says so."""
        if not self.gone:
            self.gone = True
            self.story.append("hangs up")

    def _alive(self, heard_ms: int = 0) -> None:
        if self.lost:
            raise CallLost(heard_ms)
        if self.gone:
            raise CallerHungUp(heard_ms)

    async def play(self, file: str, keys: str) -> Heard:
        """See Call."""
        self._alive()
        self._prompted = True
        if file in self._missing or plain(file) in self._missing:
            return Heard("", 0, found=False)
        self.heard.append(file)
        whole = self._length(file)
        key, ms = self._cut_in(keys, whole)
        marked = {file, plain(file)}
        if marked & {self._hang_up_in, self._lost_in}:
            key, ms = "!", whole // 2
        self.clock.advance(ms / 1000)
        if key == "!":
            self.lost = self._lost_in in marked
            self.hang_up()
            self._alive(ms)
        if key:
            self.story.append(f"cuts in with {key}")
        return Heard(key, ms)

    def _cut_in(self, keys: str, whole: int) -> tuple[str, int]:
        """The key that stops a sound of `whole` milliseconds, and when."""
        while self._left:
            key, self._left = self._left[0], self._left[1:]
            if key in keys:
                return key, min(_KEY_MS, whole)
        if self._groups and self._groups[0].startswith("<") and self._groups[0][1] in f"{keys}!":
            group = self._groups.pop(0)
            self._left = group[2:]
            self._prompted = False
            return group[1], min(_CUT_IN_MS, whole)
        return "", whole

    async def key(self, timeout_s: float) -> str:
        """See Call."""
        self._alive()
        if not self._left and self._prompted and self._groups:
            group = self._groups.pop(0)
            self._left = "~" if '"' in group else group.lstrip("<")
            if '"' in group:
                self.story.append(f"says to nobody: {group}")
            self._prompted = False
        key, self._left = self._left[:1], self._left[1:]
        if key == "!":
            self.hang_up()
            self._alive()
        if key in {"", "~"}:
            self.clock.advance(timeout_s)
            self.story.append(f"is silent for {timeout_s:g} s")
            return ""
        self.clock.advance(min(_KEY_MS / 1000, timeout_s))
        self.story.append(f"keys {key}")
        return key

    async def converse(self, files: Sequence[str], keys: str, listening: Listening) -> Reply:
        """See Call."""
        self._alive()
        if not self.listens or self._deaf:
            return Reply("failed", why=self._deaf or "busy")
        heard: list[Heard] = []
        before = 0
        for file in files:
            cuts_in = bool(self._groups) and listening.bargein and self._groups[0].startswith('<"')
            if cuts_in and not self._left:
                ms = min(_CUT_IN_MS, self._length(file))
                self.heard.append(file)
                self.clock.advance(ms / 1000)
                return self._say((*heard, Heard("", ms)), listening)
            try:
                played = await self.play(file, keys)
            except CallerHungUp as gone:
                raise type(gone)(before + gone.heard_ms) from None
            heard.append(played._replace(key=""))
            before += played.ms
            if played.key:
                return Reply("key", tuple(heard), played.key)
        if not self._left and self._prompted and self._groups and _SPEECH.fullmatch(self._groups[0]):
            return self._say(tuple(heard), listening)
        key = await self.key(listening.timeout_s)
        return Reply("key" if key else "silence", tuple(heard), key)

    def _say(self, heard: tuple[Heard, ...], listening: Listening) -> Reply:
        said = _SPEECH.fullmatch(self._groups.pop(0))
        assert said is not None
        self._prompted = False
        self.clock.advance(_SPEECH_S)
        text, sure = said[1], float(said[2] or _SURE)
        self.story.append(f"says: {text}" if text else "makes a noise")
        guesses = (Guess(text, sure),) if text else ()
        return Reply("speech", heard, guesses=guesses, took_ms=100, audio=text.encode() if listening.keep else b"")

    async def set_language(self, language: str) -> None:
        """See Call."""
        self._alive()
        self.language = language

    async def queue(self, name: str, timeout_s: int, priority: int) -> QueueResult:  # noqa: ARG002 - as Call has it
        """See Call."""
        if self.lost:
            raise CallLost
        self._left, self._prompted = "", True
        result = self._queue.pop(0) if len(self._queue) > 1 else self._queue[0]
        if self.gone:
            result = QueueResult(QueueStatus.ABANDONED, 0, 0)
        elif self._patience_s is not None and result.wait_s > self._patience_s:
            result = QueueResult(QueueStatus.ABANDONED, self._patience_s, 0)
        self.clock.advance(result.wait_s + result.talk_s)
        talk = f", talk of {result.talk_s} s" if result.talk_s else ""
        self.story.append(f"in queue {name}: {result.status} after {result.wait_s} s{talk}")
        if result.status is QueueStatus.ABANDONED or (result.status is QueueStatus.ANSWERED and self._ends_talk):
            self.hang_up()
        return result

    async def transfer(self, number: str, timeout_s: int) -> TransferResult:
        """See Call."""
        if self.lost:
            raise CallLost
        self._left, self._prompted = "", True
        if self.gone:
            return TransferResult(TransferStatus.CALLER_GONE)
        result = self._transfer
        self.clock.advance(result.talk_s if result.status is TransferStatus.ANSWERED else timeout_s)
        self.story.append(f"put through to {number}: {result.status}")
        return result
