"""Pages from templates: Jinja2, everything escaped, nothing undefined passes unseen."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ivr_engine.clock import rome
from ivr_engine.console.refusals import Refusals
from ivr_engine.console.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.console.visit import Visit


class Templates:
    """`menu(visit)` gives the entries of the top menu for that person; `asset` the address of a static file."""

    def __init__(self, menu: Callable[[Visit], list[tuple[str, str]]], asset: Callable[[str], str]) -> None:
        self.texts, self.refusals = Texts(), Refusals()
        self._menu = menu
        self._environment = Environment(
            loader=PackageLoader("ivr_engine.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["asset"] = asset
        self._environment.globals["languages"] = LANGUAGES
        self._environment.filters["day"] = lambda at: f"{rome(at):%d/%m/%Y}"
        self._environment.filters["minute"] = lambda at: f"{rome(at):%d/%m/%Y %H:%M}"
        self._environment.filters["second"] = lambda at: f"{rome(at):%H:%M:%S}"
        self._environment.filters["iso"] = lambda at: rome(at).isoformat(timespec="seconds")
        self._environment.filters["clock"] = _clock
        self._environment.filters["date"] = lambda text: "/".join(reversed((text or "").split("-")))
        self._environment.filters["decimal"] = _decimal

    def render(self, template: str, visit: Visit, context: Mapping[str, Any]) -> str:
        """A page, or only its part when htmx asked for one."""
        layout = "part.html" if visit.partial else "layout.html"
        own = {"visit": visit, "user": visit.user, "language": visit.language, "layout": layout, "menu": self._menu, "t": visit.t}
        return self._environment.get_template(template).render(
            {**own, **context, "mistakes": defaultdict(str, context.get("mistakes") or {})}
        )

    def render_alone(self, template: str, language: str, **context: Any) -> str:
        """A page for somebody who is not signed in."""
        return self._environment.get_template(template).render(
            language=language, t=lambda key, **values: self.texts.say(language, key, **values), **context
        )


def _decimal(value: float, language: str) -> str:
    """With one decimal: "12,5" in Italian, "12.5" in English."""
    return f"{value:.1f}".replace(".", "," if language == "it" else ".")


def _clock(seconds: float) -> str:
    """A length of time as minutes and seconds, "3:05", with hours "1:02:03"."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
