"""Days and times as people write them at the command line."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import click

from ivr_engine.clock import ROME
from ivr_engine.errors import IvrError

_YEARS = range(1970, 2200)
_DAY = timedelta(days=1)


class Moment(click.ParamType[datetime]):
    """A day, or a day and a time, on Rome's clocks. A day alone is its beginning or, for what lasts until then, its end."""

    name = "moment"

    def __init__(self, *, last: bool = False) -> None:
        self._last = last

    def convert(self, value: str | datetime, param: click.Parameter | None, _ctx: click.Context | None) -> datetime:
        """Raises IvrError."""
        if isinstance(value, datetime):
            return value
        moment = self._read(value)
        if moment is None or moment.year not in _YEARS:
            where = f"{param.opts[0]}: " if param is not None else ""
            raise IvrError(f"{where}{value!r} is no moment", "write it as 2026-12-24 or as 2026-12-24 17:30")
        return moment

    def _read(self, text: str) -> datetime | None:
        try:
            day = datetime.combine(date.fromisoformat(text), datetime.min.time())
            return day + _DAY if self._last and day.year in _YEARS else day
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo is None else moment.astimezone(ROME).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None


MOMENT = Moment()
LAST_MOMENT = Moment(last=True)
