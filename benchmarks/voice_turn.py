"""From the end of what a caller says to the first frame of the next prompt, through the whole engine, at a call's own pace.

    python -m benchmarks.voice_turn build/corpus [--models build/models] [--model whisper-base] [--most 40] [--calls 1]
    python -m benchmarks.voice_turn --model vosk-ko [--most 40]

An engine of its own; this program plays Asterisk: it opens AudioSocket when told to, says a menu phrase over the prompt
after a second of it, and waits. The phrases are the line lavoro's, from the corpus (`speech_corpus.py`); for vosk, of which only
a Korean model is to be had here, those of a line made for it, by espeak-ng's Korean voice. The turn ends with the first
frame that is not silent on the next connection, or with the command that has Asterisk play something. Beside it: the part of
the recogniser (end of speech to its result, as the journal has it). `--calls`: so many at once.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import soundfile
import soxr

from benchmarks.results import keep
from ivr_engine.audiosocket.wire import AUDIO, HANGUP, UUID, packet
from ivr_engine.records.store import StoreReader

FRAME_S, FRAME = 0.02, 320
_PORT = re.compile(r"waits for calls on [^:]+:(\d+)")
_LOUD = 0.01  # of full scale: quieter is the silence around an utterance
_BEFORE_S, _TURN_S = 1.0, 20.0


KOREAN = ("노동", "상담원", "네", "아니요")
_OPTIONS = ", ".join(f'"{key}": {{step: detto, phrases: {{it: [{phrase}]}}}}' for key, phrase in enumerate(KOREAN, 1))
LINE = f"""
title: {{it: Prova}}
numbers: ["800196009"]
queue: lavoro
languages: [it]
hours: {{mon-sun: ["00:00-24:00"]}}
start: menu
operator: operatore
steps:
  menu: {{menu: {{prompt: menu, options: {{{_OPTIONS}}}}}}}
  detto: {{say: {{prompt: detto, then: operatore}}}}
  operatore: {{queue: {{timeout: 60, then: saluti}}}}
  saluti: {{goodbye: {{prompt: detto}}}}
"""
PROMPTS = """
menu: {it: "Dica una parola, o prema un tasto da uno a quattro: chi ascolta aspetta che lei parli."}
detto: {it: "Grazie, va bene."}
"""


def settings(models: Path, model: str, media: int) -> str:
    """Lines open day and night, short prompts from the built-in exchange's lengths."""
    return f"""
[engine]
log_level = "info"
[agi]
port = 0
[console]
enabled = false
[audiosocket]
port = {media}
[speech]
models = "{models.resolve()}"
ears = {{ it = "{model}" }}
[prompts]
folder = "audio"
[plugins]
folders = ["lines"]
[lines.lavoro]
hours = {{ mon-sun = ["00:00-24:00"] }}
"""


class Turn:
    """One caller's utterance, from its first loud sample to its last. `begun`, and `ended`, when that last one is sent; who is
    understood before is answered before."""

    def __init__(self, audio: bytes) -> None:
        loud = [place for place in range(0, len(audio), FRAME) if peak(audio[place : place + FRAME]) > _LOUD]
        self._audio = audio[loud[0] : loud[-1] + FRAME]
        self._sent = 0
        self._ended = 0.0
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    @property
    def begun(self) -> bool:
        return self._sent > 0

    def next_frame(self) -> bytes:
        """What the caller says in these 20 ms; silence when all is said."""
        if not self.begun:
            self._ended = time.perf_counter() + len(self._audio) / FRAME * FRAME_S
        frame = self._audio[self._sent : self._sent + FRAME]
        self._sent += FRAME
        return frame.ljust(FRAME, b"\x00")

    def answer(self) -> None:
        """Something is played that was not when the caller began: the turn is over."""
        if not self.done.done():
            self.done.set_result(time.perf_counter() - self._ended)


def peak(frame: bytes) -> float:
    return max((abs(sample) for sample in memoryview(frame).cast("h")), default=0) / 32768


async def listen(turn: Turn, name: str, place: str) -> None:
    """The application AudioSocket: until the engine ends it."""
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(packet(UUID, uuid.UUID(name).bytes))
    speaking = asyncio.ensure_future(speak(turn, writer))
    answers = turn.begun
    try:
        while not turn.done.done():
            kind, *size = await reader.readexactly(3)
            payload = await reader.readexactly(size[0] << 8 | size[1])
            if answers and kind == AUDIO and payload.strip(b"\x00"):
                turn.answer()
            elif kind == HANGUP:
                break
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        speaking.cancel()
        writer.close()


async def speak(turn: Turn, writer: asyncio.StreamWriter) -> None:
    """A frame every 20 ms, as a telephone: silence, once the utterance, silence."""
    due, sent = time.perf_counter(), 0
    while True:
        speaks = turn.begun or sent * FRAME_S >= _BEFORE_S
        writer.write(packet(AUDIO, turn.next_frame() if speaks else bytes(FRAME)))
        sent += 1
        await asyncio.sleep(max(0.0, due + sent * FRAME_S - time.perf_counter()))


async def call(port: int, line: str, number: int, audio: bytes) -> tuple[float, str]:
    """Seconds of the turn, and the contact."""
    turn, contact = Turn(audio), ""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"agi_network: yes\nagi_network_script: {line}\nagi_request: agi://127.0.0.1/{line}\nagi_channel: PJSIP/v-{number}\n"
        f"agi_language: it\nagi_uniqueid: {int(time.time())}.{number}\nagi_callerid: +390655501234\nagi_dnid: 800\n\n".encode()
    )
    try:
        async with asyncio.timeout(_TURN_S):
            while not turn.done.done() and (command := (await reader.readline()).decode()):
                words = command.split()
                if words[:3] == ["SET", "VARIABLE", "IVR_CONTACT"]:
                    contact = words[3].strip('"')
                elif words[:2] in (["STREAM", "FILE"], ["CONTROL", "STREAM"]) and turn.begun:
                    turn.answer()
                elif words[:2] == ["EXEC", "AudioSocket"]:
                    name, _, place = " ".join(words[2:]).strip('"').partition(",")
                    await listen(turn, name, place)
                writer.write(b"200 result=0 endpos=8000\n" if "STREAM" in words[:2] else b"200 result=0\n")
    except TimeoutError:
        return float("nan"), contact
    finally:
        writer.close()
    return (await turn.done if turn.done.done() else float("nan")), contact


def utterances(corpus: Path, most: int) -> list[bytes]:
    said = [json.loads(line) for line in (corpus / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    mine = [one for one in said if any(menu.startswith("lavoro/menu=") for menu in one["menus"])][:most]
    found = []
    for one in mine:
        samples, _rate = soundfile.read(corpus / one["file"], dtype="int16")
        found.append(samples.tobytes())
    return found


def korean(most: int) -> list[bytes]:
    """Phrases of LINE, one after the other, at 8 kHz."""
    command = ["espeak-ng", "-v", "ko", "-s", "140", "--stdout"]
    spoken = [subprocess.run([*command, phrase], capture_output=True, check=True).stdout for phrase in KOREAN]
    heard = [soundfile.read(io.BytesIO(one), dtype="float32") for one in spoken]
    samples = [(soxr.resample(audio, rate, 8000) * 32767).astype("<i2").tobytes() for audio, rate in heard]
    return [samples[place % len(samples)] for place in range(most)]


async def measure(port: int, line: str, said: list[bytes], at_once: int) -> list[tuple[float, str]]:
    turns: list[tuple[float, str]] = []
    for start in range(0, len(said), at_once):
        some = said[start : start + at_once]
        turns += await asyncio.gather(*(call(port, line, start + place, audio) for place, audio in enumerate(some)))
    return turns


def heard(folder: Path, contacts: list[str]) -> list[dict[str, object]]:
    """What became of each one's words, as the journal has it (events.SpeechHeard)."""
    reader = StoreReader(folder / "data")
    files = [reader.contacts.show(contact) for contact in contacts]
    spoken = [next((entry for entry in file.journal if entry.kind == "SpeechHeard"), None) for file in files if file is not None]
    return [dict(entry.data) for entry in spoken if entry is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--models", type=Path, default=Path("build/models"))
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--most", type=int, default=40)
    parser.add_argument("--calls", type=int, default=1)
    options = parser.parse_args()
    is_korean = options.model == "vosk-ko"
    said = korean(options.most) if is_korean else utterances(options.corpus, options.most)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivr.toml").write_text(settings(options.models, options.model, 19_092))
        own = Path(folder) / "lines" / "prova"
        own.mkdir(parents=True)
        (own / "line.yaml").write_text(LINE, encoding="utf-8")
        (own / "prompts.yaml").write_text(PROMPTS, encoding="utf-8")
        ivr = str(Path(sys.executable).with_name("ivr"))
        subprocess.run([ivr, "prompts", "render"], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        engine = subprocess.Popen([ivr, "serve"], cwd=folder, stderr=subprocess.PIPE, text=True)
        try:
            assert engine.stderr is not None
            port = 0
            for line in engine.stderr:
                port = int(found[1]) if (found := _PORT.search(line)) else port
                if "callers are heard" in line:
                    break
            threading.Thread(target=engine.stderr.read, daemon=True).start()  # its log must not fill the pipe
            turns = asyncio.run(measure(port, "prova" if is_korean else "lavoro", said, options.calls))
        finally:
            engine.terminate()
            engine.wait()
        ends = heard(Path(folder), [contact for _, contact in turns])
    whole = sorted(turn * 1000 for turn, _ in turns if turn == turn)
    figures = {
        "engine": options.model,
        "language": "ko" if is_korean else "it",
        "calls at once": options.calls,
        "turns": len(turns),
        "without a prompt": len(turns) - len(whole),
        "turn median ms": round(statistics.median(whole)),
        "turn 95 % ms": round(whole[int(len(whole) * 0.95)]),
        "recogniser median ms": round(statistics.median(int(str(end["took_ms"])) for end in ends)),
        "taken as": dict(Counter(str(end["result"]) for end in ends).most_common()),
        "load before": load,
    }
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(keep(f"voice_turn {options.model}", figures))


if __name__ == "__main__":
    main()
