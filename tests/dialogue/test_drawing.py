"""The picture of a tree: every step on it, none on top of another, with what callers did."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

from ivr_engine.dialogue.drawing import Numbers, draw

if TYPE_CHECKING:
    from ivr_engine.dialogue.model import Line

    from .conftest import Made

SVG = "{http://www.w3.org/2000/svg}"


def nodes(picture: bytes) -> dict[str, ET.Element]:
    groups = [group for group in ET.fromstring(picture).iter(f"{SVG}g") if group.get("class") == "node"]
    return {group.findtext(f"{SVG}title") or "": group for group in groups}


def words(element: ET.Element) -> str:
    return " ".join(text.text or "" for text in element.iter(f"{SVG}text"))


def box(element: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all that is drawn of a node."""
    shapes = [*element.iter(f"{SVG}polygon"), *element.iter(f"{SVG}path"), *element.iter(f"{SVG}polyline")]
    points = [
        (float(x), float(y))
        for shape in shapes
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", (shape.get("points") or "") + (shape.get("d") or ""))
    ]
    for oval in element.iter(f"{SVG}ellipse"):
        cx, cy, rx, ry = (float(oval.get(name) or 0) for name in ("cx", "cy", "rx", "ry"))
        points += [(cx - rx, cy - ry), (cx + rx, cy + ry)]
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)


def test_every_step_is_drawn_and_none_hides_another(lines: dict[str, Line]) -> None:
    found = nodes(draw(lines["offices"], "it"))
    assert found.keys() == {*lines["offices"].tree.steps, "line cards"}
    boxes = {name: box(element) for name, element in found.items()}
    overlapping = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes.items(), 2)
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
    ]
    assert overlapping == []


def test_a_step_shows_its_kind_and_what_it_says(lines: dict[str, Line]) -> None:
    found = nodes(draw(lines["offices"], "it"))
    assert words(found["revoke"]) == "revoke [answer] Revoca"
    assert words(found["bye"]) == "bye [goodbye] Arrivederci."
    assert "Arrivederci" not in words(nodes(draw(lines["offices"], "en"))["bye"])


def test_arrows_bear_the_key_the_outcome_and_the_share_of_callers(lines: dict[str, Line]) -> None:
    numbers = Numbers(Counter(menu=10, revoke=4), Counter({("menu", "revoke"): 4}), Counter(revoke=1))
    picture = draw(lines["offices"], "it", numbers)
    arrows = {
        group.findtext(f"{SVG}title"): words(group)
        for group in ET.fromstring(picture).iter(f"{SVG}g")
        if group.get("class") == "edge"
    }
    assert arrows["menu->revoke"] == "1 40%"
    assert arrows["office.find->office.said"] == "found 0%"
    assert words(nodes(picture)["revoke"]) == "revoke [answer] Revoca visite: 4, riagganci qui: 1 (25%)"


ENGLISH = ("visits", "hung up", "from every", "case ", "otherwise", "topic", "timed out", "unavailable", "closed", "full")


def test_what_is_noted_on_the_picture_is_in_its_language(line_of: Made) -> None:
    line = line_of(
        """
ask:
  open:
    prompt: p
    topics: {inps: {to: right, name: {it: Inps, en: Inps}, examples: {it: [la pensione], en: [my pension]}}}
    otherwise: which
which: {if: {cases: [{when: {language: en}, then: right}, {when: {language: it}, then: bye}], otherwise: operator}}
right: {confirm: {prompt: p, then: wait, again: ask}}
wait: {queue: {timeout: 60, then: bye, timed_out: ask, unavailable: right, closed: which, full: away}}
away: {goto: {line: cards}}
bye: {goodbye: {prompt: bye}}
"""
    )
    numbers = Numbers(Counter(ask=3, bye=1), Counter(), Counter(ask=1))
    italian, english = (words(ET.fromstring(draw(line, language, numbers))) for language in ("it", "en"))
    for said in ("visite: 3, riagganci qui: 1 (33%)", "caso 2", "altrimenti", "attesa scaduta", "coda piena", "linea cards"):
        assert said in italian, said
    assert [said for said in ENGLISH if said in italian] == []
    for said in ("visits: 3, hung up here: 1 (33%)", "case 2", "otherwise", "timed out", "full", "line cards"):
        assert said in english, said
    assert "da ogni menu e risposta" in italian
    assert "from every menu and answer" in english
    assert "visits: 3" in words(ET.fromstring(draw(line, "de", numbers))), "of lines in another language"
