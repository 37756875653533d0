"""Sixty utterances of the corpus, made by `benchmarks/speech_corpus.py`: how many are understood, and that no wrong one is taken.

Whisper in Italian, through the processes and rules that serve calls. The bounds are a little below what was measured, since
processors differ in the last digits; `benchmarks/speech.py` has the figures, on the whole corpus.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from ivr_engine.dialogue.understanding import Band
from ivr_engine.hearing import Final
from ivr_engine.speech.ears.pool import Manner, Model, ProcessEars

from .expecting import Step, examples, menus
from .listening import Listener, model, reactor, run

SAMPLE = Path(__file__).with_name("sample")
WHISPER = "ivr_engine.speech.ears.by_whisper:Whisper"


@pytest.mark.timeout(300)
def test_sixty_utterances_are_understood_and_no_wrong_one_is_taken() -> None:
    known = menus("it"), examples()
    corpus = [json.loads(line) for line in (SAMPLE / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    assert Counter(said["group"] in {"menu", "open"} for said in corpus) == {True: 40, False: 20}
    ears = ProcessEars(reactor, {"it": Model(WHISPER, model("whisper-base"))}, Manner(deadline=60))
    count: Counter[str] = Counter()
    wrong = []

    async def heard() -> None:
        ears.start()
        await ears.ready()
        for said in corpus:
            step = Step(said, *known)
            audio, _rate = soundfile.read(SAMPLE / said["file"], dtype="int16")
            listener = Listener(ears, step.expectation)
            listener.feed(audio.tobytes() + bytes(16_000 * 2))
            final = await listener.over()
            assert isinstance(final, Final), final
            found = step.understand(final.guesses)
            count[said["group"] if said["group"] in {"menu", "open"} else "digits"] += step.acted(found)
            if found.band is Band.TAKE and not step.chose(found):
                wrong.append((said["text"], found.command or found.value, final.guesses[:2]))
        await ears.stop()

    run(heard(), 280)
    assert wrong == []
    assert count["menu"] >= 18, count
    assert count["open"] >= 14, count
    assert count["digits"] >= 14, count
