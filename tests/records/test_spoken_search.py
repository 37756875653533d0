"""Articles by what callers say: any of the words is enough, and the best comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ivr_engine.records.store import Store

from .test_store import ARTICLE

if TYPE_CHECKING:
    from pathlib import Path


def test_a_whole_sentence_finds_what_it_is_about(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.start()
    try:
        card = replace(ARTICLE, line="sociale", id="S01", title="Carta acquisti", text="Chi ha diritto alla carta acquisti.")
        leave = replace(ARTICLE, line="lavoro", id="L02", title="Dimissioni", text="Come si danno le dimissioni.")
        store.publish([card, leave], 1_790_000_000.0).result(10)
        found = store.articles.search("buongiorno vorrei sapere della carta acquisti", "it")
        assert [(each.line, each.id) for each in found][:1] == [("sociale", "S01")]
        assert store.articles.search("pioverà forse", "it") == ()
    finally:
        store.close()
