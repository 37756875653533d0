"""What the control socket can ask of a running engine."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from twisted.internet.defer import Deferred

from ivr_engine.engine.speaker import Speaker
from ivr_engine.errors import IvrError
from ivr_engine.events import ContactEnded, ContactStarted, PromptHeard, QueueEntered, StepEntered
from ivr_engine.exchange.virtual.caller import InteractiveCaller, ScriptedCaller
from ivr_engine.exchange.virtual.clock import FastClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.logs import masked
from ivr_engine.routing.feed import ScreenPop

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from ivr_engine.control import Conversation
    from ivr_engine.engine.wiring import Engine
    from ivr_engine.exchange.virtual.caller import Caller, CallRecord
    from ivr_engine.routing.feed import Notice


log = structlog.get_logger()

_KEY_PACE_S = 0.2


class Call(msgspec.Struct, forbid_unknown_fields=True):
    """A scripted call, as `ivr call` asks for it; see ScriptedCaller."""

    number: str
    keys: str = ""
    caller: str = ""
    hangup_after: str = ""


class Phone(msgspec.Struct, forbid_unknown_fields=True):
    """An interactive call, as `ivr phone` asks for it; with a `voice` recordings can be said in it."""

    number: str
    caller: str = ""
    voice: bool = False


class Watch(msgspec.Struct, forbid_unknown_fields=True):
    """Notices as they happen; of one operator, only that operator's screen-pops."""

    operator: str | None = None


def commands(engine: Engine) -> dict[str, Callable[[Conversation, dict[str, Any]], None]]:
    """By the name the socket's first line gives."""
    return {
        "status": lambda conversation, _request: _status(engine, conversation),
        "reload": lambda conversation, _request: _reload(engine, conversation),
        "watch": lambda conversation, request: _watch(engine, conversation, _as(Watch, request)),
        "call": lambda conversation, request: _call(engine, conversation, _as(Call, request)),
        "phone": lambda conversation, request: _phone(engine, conversation, _as(Phone, request)),
    }


def _as(kind: type[Any], request: dict[str, Any]) -> Any:
    try:
        return msgspec.convert(request, kind)
    except msgspec.ValidationError as error:
        raise IvrError(f"the request is not understood: {error}") from error


def _status(engine: Engine, conversation: Conversation) -> None:
    agi, spool, writer = engine.server.statistics(), engine.store.spool.statistics(), engine.store.writer.health()
    conversation.tell(
        "status",
        exchange=engine.exchange.name,
        port=engine.port,
        open_contacts=len(engine.contacts),
        calls=asdict(agi),
        spool=asdict(spool),
        store=asdict(writer),
        functions={line: asdict(pool) for line, pool in engine.pools.statistics().items()},
        health={
            line: {name: asdict(health) for name, health in functions.items()}
            for line, functions in engine.pools.health().items()
        },
        off=sorted(engine.board.notices.off),
        versions=dict(engine.lines.versions),
        alarms=engine.observer.alarms.raised(),
    )
    conversation.end()


def _reload(engine: Engine, conversation: Conversation) -> None:
    def done(versions: dict[str, int]) -> None:
        conversation.tell("reloaded", versions=versions)
        conversation.end()

    _answer(conversation, Deferred.fromCoroutine(engine.reload()), done, "calls are served as before")


def _answer(conversation: Conversation, asked: Deferred[Any], done: Callable[[Any], None], hint: str = "") -> None:
    """Tell how it went when it is over."""

    def failed(failure: Failure) -> None:
        error = failure.value
        if not isinstance(error, IvrError):
            log.error("control command failed", exc_info=error)
            error = IvrError(f"the engine failed: {type(error).__name__}")
        conversation.fail(IvrError(error.message, hint or error.hint))

    asked.addCallback(done).addErrback(failed)


def _watch(engine: Engine, conversation: Conversation, request: Watch) -> None:
    def deliver(notice: Notice) -> None:
        if isinstance(notice, ScreenPop):  # who they are is for their operator, whose looks are audited
            notice = replace(notice, number=masked(notice.number), citizen="", said=())
        conversation.tell(type(notice).__name__, **msgspec.to_builtins(notice))

    conversation.on_gone = engine.feed.subscribe(deliver, request.operator)
    conversation.tell("watching", operator=request.operator)


def dial(engine: Engine, number: str, caller: Caller, hangup_after: str = "") -> Deferred[tuple[CallRecord, str]]:
    """Call on the built-in exchange; the record and the outcome ("" when the contact is still being followed).

    `hangup_after` is a step of the tree: the caller hangs up when its prompt was heard, in a queue step when waiting begins.
    """
    if not isinstance(engine.exchange, VirtualExchange):
        raise IvrError("this engine is on Asterisk", "dial it with a telephone, or add --own for the built-in exchange")
    if hangup_after and not any(hangup_after in line.tree.steps for line in engine.lines.lines.values()):
        raise IvrError(f"no line has a step {hangup_after}", "steps are named in each line's line.yaml")
    look = _Look(caller, hangup_after)
    forget = engine.feed.subscribe(look.notice)

    async def call(exchange: VirtualExchange) -> tuple[CallRecord, str]:
        try:
            record = await exchange.dial(number, caller)
        finally:
            forget()
        return record, look.outcome

    return Deferred.fromCoroutine(call(engine.exchange))


class _Look:
    """Looks on at one call among all: its outcome, and the moment to hang up."""

    def __init__(self, caller: Caller, hangup_after: str) -> None:
        self._caller, self._hangup_after = caller, hangup_after
        self._contact = self._step = self._kind = self.outcome = ""

    def notice(self, notice: Notice) -> None:
        """A fact of any call."""
        channel = self._caller.channel
        if isinstance(notice, ContactStarted) and channel is not None and notice.channel == channel.uniqueid:
            self._contact = notice.contact
        if notice.contact != self._contact:
            return
        match notice:
            case StepEntered():
                self._step, self._kind = notice.step, notice.kind
            case ContactEnded():
                self.outcome = notice.outcome
            case QueueEntered() if self._step == self._hangup_after:
                self._caller.hang_up()
            case PromptHeard() if self._step == self._hangup_after and self._kind != "queue":
                self._caller.hang_up()


def record_as_json(engine: Engine, record: CallRecord, outcome: str) -> dict[str, Any]:
    """A finished call, for the command line: who said and pressed what, when, and how it ended."""
    return {
        "contact": record.contact,
        "line": record.line,
        "outcome": outcome,
        "ended_by": record.ended_by,
        "way": record.way,
        "transcript": [
            {"s": moment.seconds, "what": moment.what, "text": engine.lines.catalogue.text("it", moment.detail)}
            for moment in record.transcript
        ],
    }


def scripted(request: Call) -> ScriptedCaller:
    """The caller of a request. Raises IvrError when the keys are none."""
    try:
        return ScriptedCaller(request.keys, request.caller)
    except ValueError as error:
        raise IvrError(str(error)) from error


def _call(engine: Engine, conversation: Conversation, request: Call) -> None:
    def done(ended: tuple[CallRecord, str]) -> None:
        conversation.tell("done", **record_as_json(engine, *ended))
        conversation.end()

    caller = scripted(request)
    conversation.on_gone = caller.hang_up
    _answer(conversation, dial(engine, request.number, caller, request.hangup_after), done)


def _phone(engine: Engine, conversation: Conversation, request: Phone) -> None:
    catalogue, server = engine.lines.catalogue, engine.voices.server
    if request.voice and (engine.voices.media is None or isinstance(engine.clock, FastClock)):
        raise IvrError("nobody listens to voices here", "`ivr doctor` says what is missing; without --voice there are the keys")

    def done(ended: tuple[CallRecord, str]) -> None:
        record, outcome = ended
        conversation.tell("done", contact=record.contact, outcome=outcome, ended_by=record.ended_by)
        conversation.end()

    def conversing(name: str) -> None:
        for file in server.sounds_of(name) if name else ():
            sound(file)
        speaker.listen(bool(name))

    def sound(file: str) -> None:
        conversation.tell("sound", text=catalogue.text("it", file))

    caller = InteractiveCaller(
        request.caller,
        speaks=request.voice,
        on_sound=sound,
        on_conversation=conversing,
        on_queue=lambda queue: conversation.tell("queue", queue=queue),
        on_talk=lambda operator: conversation.tell("talk", operator=operator),
    )

    speaker = Speaker(server.pacer, caller.speak)

    def press(key: str) -> None:
        conversation.tell("key", key=key, taken=caller.press(key))

    def keyed(line: dict[str, Any]) -> None:
        if line.get("hang_up"):
            caller.hang_up()
        # Keys typed at once are pressed as a finger would: between two of them the engine has to listen again.
        for place, key in enumerate(str(line.get("keys", ""))):
            engine.clock.callLater(place * _KEY_PACE_S, press, key)
        if "say" in line and request.voice:
            speaker.add(str(line["say"]), more=bool(line.get("more")))

    conversation.on_line = keyed
    conversation.on_gone = caller.hang_up
    _answer(conversation, dial(engine, request.number, caller), done)
