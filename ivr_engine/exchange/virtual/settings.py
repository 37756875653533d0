"""What the built-in exchange is told: numbers, queues, operators, and where the engine listens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """An operator and how they work by themselves; None leaves that act to a person (or to nobody)."""

    name: str
    queues: tuple[str, ...]
    answers_after_s: float | None = 3.0
    """Seconds of ringing until they answer; None: never by themselves."""
    talks_s: float | None = 20.0
    """Seconds they talk before hanging up; None: until the caller (or a person) ends it."""
    available: bool = True


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue, in Asterisk's words (queues.conf); seconds, and as shipped in dialplans/ unless said."""

    name: str
    ring_s: float = 15.0
    retry_s: float = 1.0
    wrap_up_s: float = 10.0
    most_callers: int = 0
    """Callers beyond this many are turned away as FULL; 0: no limit."""
    join_empty: bool = False
    """May callers join while no operator is there (all away)?"""
    stay_empty: bool = False
    """May callers go on waiting then?"""


@dataclass(frozen=True, slots=True)
class VirtualSettings:
    """The whole exchange. `line_queues` is where a line's callers go when the engine is away."""

    numbers: Mapping[str, str]
    """Dialled number -> line, which is the path of the FastAGI URL."""
    line_queues: Mapping[str, str]
    queues: tuple[QueueSettings, ...]
    operators: tuple[OperatorSettings, ...]
    host: str = "127.0.0.1"
    port: int = 4573
    language: str = "it"
    queue_timeout_s: int = 300
    """Seconds in the queue without the engine."""
    transfer_ring_s: float = 3.0
    transfer_talk_s: float = 20.0
    """Another body, to which a caller is put through, rings and talks so long."""
    log_folder: Path | None = None
    """Folder of queue_log; None keeps the ledger in memory."""
    connect_timeout_s: float = 2.0
    variables: Mapping[str, str] = field(default_factory=dict)
    """Channel variables every call begins with (AGISIGHUP, AGIEXITONHANGUP ...)."""
