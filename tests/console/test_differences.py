"""What changed between two texts."""

from __future__ import annotations

import pytest

from ivr_engine.console.differences import Piece, differences

LONG = (
    "La domanda si presenta in via telematica, con le proprie credenziali, entro il termine che la legge prevede per il caso. "
    * 20
)


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("uno due", "uno due", [Piece("same", "uno due")]),
        (
            "entro trenta giorni",
            "entro quaranta giorni",
            [("same", "entro"), ("gone", " trenta"), ("new", " quaranta"), ("same", " giorni")],
        ),
        ("", "nuovo", [Piece("new", "nuovo")]),
        (
            LONG + "Entro trenta giorni.",
            LONG + "Entro quaranta giorni.",
            [("same", LONG + "Entro"), ("gone", " trenta"), ("new", " quaranta"), ("same", " giorni.")],
        ),
    ],
)
def test_words_that_stayed_went_and_came(before: str, after: str, pieces: list[Piece]) -> None:
    assert differences(before, after) == pieces


@pytest.mark.timeout(30)
def test_a_text_that_says_one_word_a_thousand_times_keeps_nobody_waiting() -> None:
    before, after = "a b " * 750, "b a a " * 500
    pieces = differences(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "new").split() == before.split()
    assert "".join(piece.text for piece in pieces if piece.kind != "gone").split() == after.split()
