"""What the checks of lines find, in the reader's language: a sentence for each rule, then the checks' own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ivr_engine.console.visit import Visit
    from ivr_engine.errors import Invalid


class Told(NamedTuple):
    """`text`: the rule, "" when the catalogue does not know it; `where`: file and line; `detail`: English, exact."""

    text: str
    where: str
    detail: str


def told(visit: Visit, error: Invalid) -> list[Told]:
    """Every problem once."""
    texts = visit.templates.texts
    found = []
    for it in error.problems:
        key = f"problem.{it.rule}"
        where = f"{it.file}:{it.line}" if it.line else it.file
        detail = ": ".join(filter(None, (it.field, it.message))) + (f" ({it.hint})" if it.hint else "")
        found.append(Told(texts.say(visit.language, key) if texts.has(key) else "", where, detail))
    return list(dict.fromkeys(found))
