"""From what was heard to what a step expects. Pure: no wire, no database, no audio.

Each function takes the recogniser's guesses, likeliest first (none when there was only noise), and returns an Understood:
a value, a score, and whether to take it, to confirm it or to ask again. See docs/speech.md.
"""

from ivr_engine.dialogue.understanding.dates import DATE, day
from ivr_engine.dialogue.understanding.digits import DIGITS, digits
from ivr_engine.dialogue.understanding.expecting import expected
from ivr_engine.dialogue.understanding.folding import sound_alike
from ivr_engine.dialogue.understanding.matching import CHOICE, YES_NO, choice, command, danger, yes_no
from ivr_engine.dialogue.understanding.places import PLACE, names, place
from ivr_engine.dialogue.understanding.result import NOTHING, Band, Bands, Understood
from ivr_engine.dialogue.understanding.spelling import SPELLED, spelled
from ivr_engine.dialogue.understanding.topics import TOPIC, topic
from ivr_engine.dialogue.understanding.words import words

__all__ = [
    "CHOICE",
    "DATE",
    "DIGITS",
    "NOTHING",
    "PLACE",
    "SPELLED",
    "TOPIC",
    "YES_NO",
    "Band",
    "Bands",
    "Understood",
    "choice",
    "command",
    "danger",
    "day",
    "digits",
    "expected",
    "names",
    "place",
    "sound_alike",
    "spelled",
    "topic",
    "words",
    "yes_no",
]
