"""Raises an alarm when something is wrong for a while, and takes it back when it has been well for a while: no flutter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Alarm:
    """`raised` or taken back, for a component ("ami", "breaker lavoro.find"); `lasted`: seconds since the trouble began."""

    component: str
    raised: bool
    why: str
    lasted: float


@dataclass(slots=True)
class _Standing:
    began: float
    changed: float
    bad: bool = True
    raised: bool = False
    why: str = ""


class Alarms:
    """Seconds are those of a clock that only goes forward: `after` so many of trouble without a break an alarm is raised, and
    taken back `well_after` so many without trouble."""

    def __init__(self, after: float, well_after: float) -> None:
        self._after, self._well_after = after, well_after
        self._standing: dict[str, _Standing] = {}

    def raised(self) -> dict[str, str]:
        """Component → why, of those raised now."""
        return {name: standing.why for name, standing in self._standing.items() if standing.raised}

    def look(self, now: float, faults: Mapping[str, str]) -> list[Alarm]:
        """What is to be told, given what is wrong now (component → why)."""
        for name, why in faults.items():
            standing = self._standing.setdefault(name, _Standing(now, now))
            if not standing.bad:
                standing.bad, standing.changed = True, now
            standing.why = why
        told = []
        for name, standing in list(self._standing.items()):
            if standing.bad and name not in faults:
                standing.bad, standing.changed = False, now
            lasted = now - standing.changed
            if standing.bad and not standing.raised and lasted >= self._after:
                standing.raised = True
                told.append(Alarm(name, raised=True, why=standing.why, lasted=now - standing.began))
            elif not standing.bad and (not standing.raised or lasted >= self._well_after):
                del self._standing[name]
                if standing.raised:
                    told.append(Alarm(name, raised=False, why=standing.why, lasted=now - standing.began))
        return told
