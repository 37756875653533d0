"""Structured logs, with identifiers masked wherever they stand."""

from __future__ import annotations

import functools
import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog
from twisted.logger import LogLevel, formatEvent, globalLogBeginner

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from twisted.logger import LogEvent

# Six digits or more, grouped or not, but no date, no instant with decimals; a telephone number with dots, as no address, version
# or time of day is written; a partita IVA as abroad; a codice fiscale, with the letters that stand for digits where two persons
# would share one.
_IDENTIFIER = re.compile(
    r"(?<![A-Za-z\d])(?<!\d[.-])(?!\d{4}-\d\d-\d\d(?!\d))\+?\d(?:[ -]?\d){5,}(?![A-Za-z\d]|\.\d)"
    r"|(?<![A-Za-z\d:.])(?!\d\d\.\d\d\.\d{4}(?!\d))(?=\+?(?:[ .]?\d){6})"
    r"(?:(?:\+|00)39[ .]?[03]\d{1,3}(?:\.\d{2,8}){1,4}|3[2-9]\d(?:\.\d{2,4}){2,3}|0\d{1,3}(?:\.\d{2,8}){1,4})(?![A-Za-z\d]|\.\d)"
    r"|(?<![A-Za-z\d])(?i:IT)\d{11}(?![A-Za-z\d])"
    r"|(?<![A-Za-z\d])(?i:[A-Z]{6}[\dL-V]{2}[A-Z][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z])(?![A-Za-z\d])"
)
_SECRET_KEYS = frozenset({"secret", "password", "token"})
_PLAIN_KEYS = frozenset({"channel", "contact", "position", "at", "timestamp"})


def masked(text: str) -> str:
    """The text with phone numbers, long codes and codici fiscali cut down to their last two characters."""
    return _IDENTIFIER.sub(lambda found: "•" * (len(found[0]) - 2) + found[0][-2:], text)


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "•••"
        elif key not in _PLAIN_KEYS:
            text = value if isinstance(value, str) else repr(value)
            if (shown := masked(text)) != text:
                event[key] = shown
    return event


_GRAVITY = {LogLevel.warn: logging.WARNING, LogLevel.error: logging.ERROR, LogLevel.critical: logging.ERROR}


def _from_twisted(event: LogEvent) -> None:
    """Twisted's own words, through our masking; what it merely notes is for those who look for it."""
    failure = event.get("log_failure")
    exception = failure and (failure.type, failure.value, failure.getTracebackObject())
    gravity = _GRAVITY.get(event["log_level"], logging.DEBUG)
    structlog.get_logger().log(gravity, formatEvent(event), exc_info=exception, namespace=event.get("log_namespace"))


@functools.cache
def _take_over_twisted() -> None:
    """Once a process: until then Twisted keeps what it has to say in memory, and writes grave things to stderr unmasked."""
    observers = [_from_twisted]  # a function is all an observer need be
    globalLogBeginner.beginLoggingTo(observers, discardBuffer=True, redirectStandardIO=False)  # type: ignore[arg-type]


def configure(level: str, form: str) -> None:
    """Log to standard error from now on: `level` is the least grave written, `form` text or json."""
    render: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _mask,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over_twisted()
