"""A line's tree as a picture, laid out and drawn by Graphviz (library pygraphviz)."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from ivr_engine.dialogue.model import ToLine
from ivr_engine.dialogue.ways import edges, operator_keys
from ivr_engine.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.dialogue.model import Line, Step

_LOOKS = {
    "say": ("box", "#eef2f7"),
    "menu": ("box", "#cfe3ff"),
    "ask": ("box", "#fff0c9"),
    "confirm": ("box", "#fff0c9"),
    "answer": ("note", "#d5f0d8"),
    "do": ("component", "#e7dcf5"),
    "if": ("diamond", "#f4f4f4"),
    "queue": ("box3d", "#ffd9cc"),
    "callback": ("box3d", "#ffe7cc"),
    "transfer": ("cds", "#ffe7cc"),
    "goodbye": ("oval", "#dddddd"),
}
_OTHER = ("box", "#f4f4f4")
_WORDS = 46  # letters of a prompt that are shown
_FOREIGN = "en"  # for lines in a language that drawing.yaml does not have


class Numbers(NamedTuple):
    """What is written on the picture where callers went: visits of steps, moves between two, hang-ups at steps."""

    visits: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    hang_ups: Mapping[str, int]


def draw(line: Line, language: str, numbers: Numbers | None = None) -> bytes:
    """The tree as SVG, titles, prompts and notes in that language. Raises Unavailable when the library is not installed."""
    try:
        import pygraphviz  # type: ignore[import-untyped]
    except ImportError as error:
        raise Unavailable("drawing needs the library pygraphviz", "install it with: pip install 'ivr-engine[draw]'") from error
    graph: Any = pygraphviz.AGraph(directed=True, strict=False, rankdir="LR", nodesep="0.25", ranksep="0.6", fontname="Helvetica")
    graph.graph_attr["label"] = f"{line.title.get(language, line.name)} ({line.tree.version})"
    graph.node_attr.update(fontname="Helvetica", fontsize="11", style="filled", margin="0.12,0.06")
    graph.edge_attr.update(fontname="Helvetica", fontsize="10", color="#5b6b7b")
    say = partial(_say, language)
    boxes: dict[str, list[str]] = {}
    for name, step in line.tree.steps.items():
        shape, colour = _LOOKS.get(step.kind, _OTHER)
        looks = {"penwidth": "2.5"} if name == line.tree.start else {}
        graph.add_node(name, label=_label(line, name, step, language, numbers, say), shape=shape, fillcolor=colour, **looks)
        part = name.partition(".")[0]
        if part in line.parts:
            boxes.setdefault(part, []).append(name)
    for part, members in boxes.items():
        graph.add_subgraph(members, name=f"cluster_{part}", label=part, style="dashed", color="#8899aa")
    _join(graph, line, numbers, say)
    picture: bytes = graph.draw(format="svg", prog="dot")
    return picture


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    texts: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("drawing.yaml").read_text(encoding="utf-8"))
    return texts


def _say(language: str, key: str, /, **values: object) -> str:
    """A text of drawing.yaml with its values put in; a way that is not there is called as written."""
    said = _texts().get(key)
    return said.get(language, said[_FOREIGN]).format(**values) if said else key.removeprefix("way.").replace("_", " ")


def _label(line: Line, name: str, step: Step, language: str, numbers: Numbers | None, say: Callable[..., str]) -> str:
    words = [f"{name} [{step.kind}]"]
    titles = [line.articles[article].title.get(language, "") for _, article in step.articles() if article in line.articles]
    texts = line.texts()
    spoken = [texts[prompt].get(language, "") for field, prompt in step.prompts() if field == "prompt" and prompt in texts]
    words += [_short(text) for text in (titles or spoken[:1])]
    if numbers is not None:
        gone, came = numbers.hang_ups.get(name, 0), numbers.visits.get(name, 0)
        left = [say("gone", count=gone, share=f"{gone / came:.0%}")] if gone and came else []
        words.append(", ".join((say("visits", count=came), *left)))
    return "\n".join(word.replace("\\", "\\\\") for word in words)


def _short(text: str) -> str:
    return text if len(text) <= _WORDS else text[: _WORDS - 1].rstrip() + "…"


def _join(graph: Any, line: Line, numbers: Numbers | None, say: Callable[..., str]) -> None:
    for name, ways in edges(line).items():
        step = line.tree.steps[name]
        merged: dict[str, list[str]] = {}
        for edge in ways:
            merged.setdefault(edge.to, []).append(edge.key or _why(edge.path, say))
        for to, whys in merged.items():
            label = " / ".join(dict.fromkeys(why for why in whys if why))
            if numbers is not None:
                share = numbers.moves.get((name, to), 0) / max(1, numbers.visits.get(name, 0))
                label = f"{label} {share:.0%}".strip()
                graph.add_edge(name, to, label=label, penwidth=f"{0.5 + 4 * share:.1f}")
            else:
                graph.add_edge(name, to, label=label)
        for path, target in step.targets():
            if isinstance(target, ToLine):
                graph.add_node(f"line {target.line}", label=say("line", name=target.line), shape="cds", fillcolor="#ffffff")
                graph.add_edge(name, f"line {target.line}", label=path[-1] if path[0] == "options" else "")
    keys = " ".join(operator_keys(line))
    if keys:
        graph.graph_attr["label"] += f"   {keys}: {line.tree.operator}, {say('operator')}"


def _why(path: tuple[str, ...], say: Callable[..., str]) -> str:
    """What an arrow without a key is called: the outcome of a function, the name of a way other than the plain next."""
    if path[0] == "outcomes":
        return path[1]
    if path[0] == "cases":
        return say("case", number=int(path[1]) + 1)
    return "" if path[-1] in {"then", "step", "part"} else say(f"way.{path[0]}")
