"""How well callers are understood, on the corpus of `speech_corpus.py`, through the very processes and rules that serve calls.

    python -m benchmarks.speech build/corpus --models models [--model whisper-base] [--language it] [--noise clean,15,5]
    python -m benchmarks.speech build/corpus --models models --noise "" --paced 40
    python -m benchmarks.speech build/corpus --models models --noise "" --human FOLDER  # it_IT_m_Carlo/digits, GSM or WAV

For each group and noise: right choice (the right value, whatever the band), right action (taken and right, or confirmed with the
right one named), wrong acceptances (taken and wrong: what hurts), how often it was taken at once, and how often it was
asked again, which of something sayable is no right action. `--paced N` feeds N utterances at the pace of a call and prints the
time from the end of speech to the Final as a distribution. What was heard is kept; `--again` reports on it with today's bands.
"seen" are the first 40 phrases, 40 strings and 40 reasons of a corpus, which were looked at while matching and bands were made;
"held out" are those behind them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

from benchmarks.results import keep
from benchmarks.speech_corpus import SEED, noisy
from ivr_engine.config import load
from ivr_engine.dialogue import understanding
from ivr_engine.dialogue.model import Action
from ivr_engine.dialogue.understanding import Band
from ivr_engine.engine.ears import engines, model
from ivr_engine.hearing import FRAME_BYTES, FRAME_MS, EarFailed, Expectation, Final, Guess
from ivr_engine.speech.ears.pool import Manner, ProcessEars
from tests.speech.expecting import Step, examples, menus

if TYPE_CHECKING:
    from ivr_engine.hearing import EarEvent

SEEN = 40


class Bench:
    """One model, the lines' menus, and what was heard."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.language = options, options.language
        settings = load().model_copy(update={"folder": Path.cwd()})
        settings = settings.model_copy(update={"speech": settings.speech.model_copy(update={"models": str(options.models)})})
        found = model(settings, self.language, options.model, engines())
        self.ears = ProcessEars(reactor, {self.language: found}, Manner(deadline=60.0, threads=options.threads))
        self.menus, self.examples = menus(self.language), examples()

    async def hear(self, samples: bytes, expectation: Expectation, *, paced: bool = False) -> Final:
        """What the ears make of an utterance."""
        done: Deferred[Any] = Deferred()
        told: list[EarEvent] = []

        def tell(event: EarEvent) -> None:
            told.append(event)
            if isinstance(event, Final | EarFailed):
                done.callback(event)

        ear = self.ears.open(expectation, tell)
        assert ear is not None
        started = reactor.seconds()
        samples += bytes(2 * 8000 * 2)
        for number, place in enumerate(range(0, len(samples), FRAME_BYTES), 1):
            if done.called:
                break
            ear.feed(samples[place : place + FRAME_BYTES])
            if paced:
                await deferLater(reactor, max(0.0, started + number * FRAME_MS / 1000 - reactor.seconds()))
        event = await done.addTimeout(90, reactor) if told else None
        ear.close()
        return event if isinstance(event, Final) else Final((), 0)

    def step(self, said: dict[str, Any]) -> Step:
        """The step that listens to it."""
        return Step(said, self.menus, self.examples)


async def measure(bench: Bench, corpus: list[dict[str, Any]], noise: str) -> list[dict[str, Any]]:
    """Hear all of it once; what was heard is kept, so that bands can be tried without hearing again."""
    heard = []
    for number, said in enumerate(corpus):
        samples = _samples(bench.options.corpus / said["file"])
        if noise != "clean":
            samples = noisy(samples, float(noise), SEED + number)
        audio = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
        final = await bench.hear(audio, bench.step(said).expectation)
        heard.append({**said, "noise": noise, "guesses": [list(guess) for guess in final.guesses]})
    return heard


def report(bench: Bench, heard: list[dict[str, Any]]) -> None:
    """The table, which is kept, and every wrong acceptance by name."""
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for one in heard:
        step = bench.step(one)
        said = step.understand(tuple(Guess(*guess) for guess in one["guesses"]))
        count = counts[one["group"], one["noise"], one["part"]]
        right = step.chose(said)
        count["all"] += 1
        count["choice"] += right
        count["action"] += step.acted(said)
        count["taken"] += said.band is Band.TAKE and said.command is not Action.REPEAT
        heard_again = said.command is Action.REPEAT and said.band is not Band.AGAIN  # and so the question is said again
        count["again"] += said.band is Band.AGAIN or heard_again
        if said.band is Band.TAKE and not right and not heard_again:
            count["wrong"] += 1
            print(
                "  taken wrongly:",
                one["noise"],
                step.menu,
                repr(one["text"]),
                "as",
                said.command or said.value,
                one["guesses"][:2],
            )
    print(f"{'group':6} {'noise':6} {'part':8} {'n':>4} {'choice':>8} {'action':>8} {'wrong':>8} {'taken':>8} {'again':>8}")
    figures = {}
    for (group, noise, part), count in sorted(counts.items()):
        shares = {name: count[name] / count["all"] for name in ("choice", "action", "wrong", "taken", "again")}
        print(f"{group:6} {noise:6} {part:8} {count['all']:4}", *(f"{share:8.1%}" for share in shares.values()))
        figures[f"{group}, {noise}, {part}"] = {"all": count["all"], **shares}
    print("kept in", keep(f"speech {bench.options.model} {bench.language}", figures))


async def latency(bench: Bench, corpus: list[dict[str, Any]], many: int) -> None:
    """From the end of speech to the Final, at a call's own pace."""
    took = []
    for said in [said for said in corpus if said["group"] == "menu"][:many]:
        audio = (_samples(bench.options.corpus / said["file"]) * 32767).astype("<i2").tobytes()
        took.append((await bench.hear(audio, bench.step(said).expectation, paced=True)).took_ms)
    quarters = statistics.quantiles(took, n=20)
    print(f"end of speech to Final, {bench.options.model} {bench.language}, n={len(took)}:", end=" ")
    print(f"median {statistics.median(took):.0f} ms, 95 % {quarters[18]:.0f} ms, worst {max(took)} ms")


async def human(bench: Bench, folder: Path) -> None:
    """A man's recorded digits, zero to nine."""
    right = taken_wrong = 0
    for digit in range(10):
        final = await bench.hear(
            _recorded(folder, digit), Expectation(bench.language, "digits", understanding.expected("digits", bench.language))
        )
        said = understanding.digits(final.guesses, (1, 1), bench.language)
        right += said.value == str(digit)
        taken_wrong += said.band is Band.TAKE and said.value != str(digit)
        print(f"  {digit}: {said.value or '-'} {said.band} {[guess.text for guess in final.guesses]}")
    print(f"human digits: {right} of 10 right, {taken_wrong} wrong ones taken")


def _recorded(folder: Path, digit: int) -> bytes:
    (file,) = [path for path in folder.glob(f"{digit}.*") if path.suffix in {".gsm", ".wav"}][:1]
    command = ["ffmpeg", "-v", "quiet", "-i", str(file), "-ar", "8000", "-ac", "1", "-f", "s16le", "-"]
    return bytes(8000) + subprocess.run(command, capture_output=True, check=True).stdout


def _samples(path: Path) -> np.ndarray:
    samples, _rate = soundfile.read(path, dtype="float32")
    return np.asarray(samples)


async def run(_reactor: object, options: argparse.Namespace) -> None:
    bench = Bench(options)
    corpus = [json.loads(line) for line in (options.corpus / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    corpus = [
        said
        for said in corpus
        if said["language"] == options.language and (not options.groups or said["group"] in options.groups)
    ]
    places: Counter[str] = Counter()
    for said in corpus:
        kind = said["group"] if said["menus"] or said["group"] == "open" else "strings"
        said["part"] = "seen" if places[kind] < SEEN else "held out"
        places[kind] += 1
    random.Random(SEED).shuffle(corpus)
    corpus = corpus[: options.most]
    kept = options.corpus / f"heard-{options.model}-{options.language}.json"
    if options.again:
        report(bench, json.loads(kept.read_text(encoding="utf-8")))
        return
    bench.ears.start()
    await bench.ears.ready()
    try:
        if options.human:
            await human(bench, options.human)
        if options.noise:
            heard = [one for noise in options.noise.split(",") for one in await measure(bench, corpus, noise)]
            kept.write_text(json.dumps(heard, ensure_ascii=False), encoding="utf-8")
            report(bench, heard)
        if options.paced:
            await latency(bench, corpus, options.paced)
    finally:
        await bench.ears.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--language", default="it")
    parser.add_argument("--noise", default="clean,15,5")
    parser.add_argument("--groups", default="")
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--paced", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--human", type=Path)
    parser.add_argument("--again", action="store_true", help="report on what was heard last time")
    options = parser.parse_args()
    react(run, [options])


if __name__ == "__main__":
    main()
