"""The figures of a service, each with its formula: what is divided by what."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.events import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ivr_engine.records.figure_queries import Repeats, Sum


class Tally(NamedTuple):
    """Telephone contacts added up. `answered` came through a queue; `in_time`, `abandoned_in_time` waited at most the threshold,
    `short` hung up within that of short abandons."""

    contacts: int = 0
    served: int = 0
    queued: int = 0
    answered: int = 0
    in_time: int = 0
    wait_s: int = 0
    talk_s: int = 0
    transferred: int = 0
    abandoned: int = 0
    abandoned_in_time: int = 0
    short: int = 0


def tally(sums: Iterable[tuple[str, Sum]], threshold: int, short: int) -> Tally:
    """Of (outcome, sums)."""
    found = Tally()
    for outcome, one in sums:
        more = Tally(contacts=one.contacts, queued=one.queued)
        if outcome == Outcome.SERVED_BY_IVR:
            more = more._replace(served=one.contacts)
        elif outcome == Outcome.ANSWERED:
            more = more._replace(
                answered=one.queued,
                in_time=one.within[threshold],
                wait_s=one.wait_s,
                talk_s=one.talk_s,
                transferred=one.transferred,
            )
        elif outcome == Outcome.ABANDONED_QUEUE:
            more = more._replace(abandoned=one.queued, abandoned_in_time=one.within[threshold], short=one.within[short])
        found = Tally(*(a + b for a, b in zip(found, more, strict=True)))
    return found


@dataclass(frozen=True, slots=True)
class Service:
    """All that figures are computed from. `staff`: operators' seconds by state, of the whole period; `answered_again` and
    `served_again`: repeats after these; `known`: contacts with a number that can be told again."""

    tally: Tally
    staff: Mapping[str, float]
    answered_again: Repeats
    served_again: Repeats
    known: int


@dataclass(frozen=True, slots=True)
class Kpi:
    """`unit`: "%" or "s"; `parts`: numerator and denominator. The rest leads to the contacts behind the numerator: `timed`,
    within the threshold; `lasting`, beyond a short abandon; `once`, with no return within the settings' "days" or "hours"."""

    key: str
    unit: str
    parts: Callable[[Service], tuple[int | float, int | float]]
    outcomes: tuple[Outcome, ...] = ()
    queued: bool = False
    timed: bool = False
    transferred: bool = False
    lasting: bool = False
    once: str = ""

    def value(self, service: Service) -> Fraction | None:
        """In percent or seconds, exact; None when there is nothing to divide by."""
        part, whole = self.parts(service)
        if not whole:
            return None
        return Fraction(part) / Fraction(whole) * (100 if self.unit == "%" else 1)


def _occupancy(service: Service) -> tuple[float, float]:
    busy = _seconds(service, "busy", "wrap_up")
    return busy, busy + _seconds(service, "ready", "ringing")


def _seconds(service: Service, *states: str) -> float:
    return sum(service.staff.get(state, 0.0) for state in states)


_ANSWERED, _ABANDONED = (Outcome.ANSWERED,), (Outcome.ABANDONED_QUEUE,)
KPIS = (
    Kpi("sl_offered", "%", lambda s: (s.tally.in_time, s.tally.queued), _ANSWERED, queued=True, timed=True),
    Kpi("sl_answered", "%", lambda s: (s.tally.in_time, s.tally.answered), _ANSWERED, queued=True, timed=True),
    Kpi("sl_without_short", "%", lambda s: (s.tally.in_time, s.tally.queued - s.tally.short), _ANSWERED, queued=True, timed=True),
    Kpi(
        "sl_with_abandoned",
        "%",
        lambda s: (s.tally.in_time + s.tally.abandoned_in_time, s.tally.answered + s.tally.abandoned),
        _ANSWERED + _ABANDONED,
        queued=True,
        timed=True,
    ),
    Kpi("asa", "s", lambda s: (s.tally.wait_s, s.tally.answered), _ANSWERED, queued=True),
    Kpi("abandon_rate", "%", lambda s: (s.tally.abandoned, s.tally.queued), _ABANDONED, queued=True),
    Kpi(
        "abandon_rate_without_short",
        "%",
        lambda s: (s.tally.abandoned - s.tally.short, s.tally.queued - s.tally.short),
        _ABANDONED,
        lasting=True,
    ),
    Kpi("aht", "s", lambda s: (s.tally.talk_s + _seconds(s, "wrap_up"), s.tally.answered), _ANSWERED, queued=True),
    Kpi("talk_time", "s", lambda s: (s.tally.talk_s, s.tally.answered), _ANSWERED, queued=True),
    Kpi("occupancy", "%", _occupancy),
    Kpi("transfer_rate", "%", lambda s: (s.tally.transferred, s.tally.answered), _ANSWERED, queued=True, transferred=True),
    Kpi(
        "fcr",
        "%",
        lambda s: (s.answered_again.contacts - s.answered_again.back, s.answered_again.contacts),
        _ANSWERED,
        once="days",
    ),
    Kpi("containment", "%", lambda s: (s.tally.served, s.tally.contacts), (Outcome.SERVED_BY_IVR,)),
    Kpi(
        "true_containment",
        "%",
        lambda s: (s.served_again.contacts - s.served_again.back, s.known),
        (Outcome.SERVED_BY_IVR,),
        once="hours",
    ),
)
