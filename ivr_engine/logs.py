"""Structured logs, with identifiers masked wherever they stand."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_IDENTIFIER = re.compile(r"(?<![\w.])\+?\d{6,16}(?![\w.])|\b[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]\b")
_SECRET_KEYS = frozenset({"secret", "password", "token"})
_PLAIN_KEYS = frozenset({"channel", "contact", "position", "at", "timestamp"})


def masked(text: str) -> str:
    """The text with phone numbers, long codes and codici fiscali cut down to their last two characters."""
    return _IDENTIFIER.sub(lambda found: "•" * (len(found[0]) - 2) + found[0][-2:], text)


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "•••"
        elif isinstance(value, str) and key not in _PLAIN_KEYS:
            event[key] = masked(value)
    return event


def configure(level: str, form: str) -> None:
    """Log to standard error from now on: `level` is the least grave written, `form` text or json."""
    render: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
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
