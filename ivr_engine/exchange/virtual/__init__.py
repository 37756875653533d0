"""The built-in exchange: calls, queues and operators without an Asterisk, over the same FastAGI wire."""

from ivr_engine.exchange.virtual.caller import Caller, CallRecord, InteractiveCaller, ScriptedCaller
from ivr_engine.exchange.virtual.clock import ExchangeClock, FastClock, RealClock
from ivr_engine.exchange.virtual.exchange import VirtualExchange
from ivr_engine.exchange.virtual.settings import OperatorSettings, QueueSettings, VirtualSettings

__all__ = [
    "CallRecord",
    "Caller",
    "ExchangeClock",
    "FastClock",
    "InteractiveCaller",
    "OperatorSettings",
    "QueueSettings",
    "RealClock",
    "ScriptedCaller",
    "VirtualExchange",
    "VirtualSettings",
]
