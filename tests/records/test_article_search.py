"""Search in articles: stems, accents, unfinished words, and nothing that a visitor types is an error."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_engine.records import article_search
from ivr_engine.records.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTICLES = [
    ("lavoro", "L01", "it", "Dimissioni: come si danno", "Le dimissioni si comunicano in via telematica."),
    ("lavoro", "L02", "it", "Perché serve il preavviso", "Il lavoratore deve dare un preavviso."),
    ("sociale", "S01", "it", "Carta acquisti", "La carta spetta ai cittadini con più di 65 anni."),
    ("lavoro", "L01", "en", "How to resign", "Resignations are sent online."),
]


@pytest.fixture(scope="module")
def store() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    migrate(connection)
    connection.row_factory = sqlite3.Row
    for article in ARTICLES:
        article_search.put(connection, *article)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("wanted", "language", "ids"),
    [
        ("dimissione", "it", ["L01"]),
        ("perche", "it", ["L02"]),
        ("preavvisi", "it", ["L02"]),
        ("telem", "it", ["L01"]),
        ("carta cittadino", "it", ["S01"]),
        ("resigning", "en", ["L01"]),
        ("balene", "it", []),
        ("", "it", []),
        ("!!!", "it", []),
    ],
)
def test_what_is_found(store: sqlite3.Connection, wanted: str, language: str, ids: list[str]) -> None:
    assert [found.id for found in article_search.search(store, wanted, language=language)] == ids


def test_of_one_line_only(store: sqlite3.Connection) -> None:
    assert [found.id for found in article_search.search(store, "carta", line="lavoro")] == []


def test_a_new_version_takes_the_place_of_the_earlier(store: sqlite3.Connection) -> None:
    article_search.put(store, "sociale", "S09", "it", "Vecchio titolo", "testo")
    article_search.put(store, "sociale", "S09", "it", "Nuovo titolo", "testo")
    assert [found.title for found in article_search.search(store, "titolo")] == ["Nuovo titolo"]


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_search(store: sqlite3.Connection, wanted: str) -> None:
    article_search.search(store, wanted)
