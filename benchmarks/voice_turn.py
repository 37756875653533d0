"""From the end of what a caller says to the first frame of the next prompt, through the whole engine, at a call's own pace.

    python benchmarks/voice_turn.py build/corpus [--models build/models] [--model whisper-base] [--most 40] [--calls 1]
    python benchmarks/voice_turn.py --model vosk-ko [--most 40]

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
import time
import uuid
from pathlib import Path

import soundfile
import soxr
from results import keep

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
    """One caller's utterance: `ended`, when its last loud sample was sent; `answered`, when something was played next."""

    def __init__(self, audio: bytes) -> None:
        loud = [place for place in range(0, len(audio), FRAME) if peak(audio[place : place + FRAME]) > _LOUD]
        self.audio, self.last = audio[loud[0] : loud[-1] + FRAME], loud[-1] - loud[0]
        self.said = asyncio.Event()
        self.done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.ended = 0.0

    def answer(self) -> None:
        """Something is played: the turn is over, once the caller has spoken."""
        if self.said.is_set() and not self.done.done():
            self.done.set_result(time.perf_counter() - self.ended)


def peak(frame: bytes) -> float:
    return max((abs(sample) for sample in memoryview(frame).cast("h")), default=0) / 32768


async def listen(turn: Turn, name: str, place: str) -> None:
    """The application AudioSocket: until the engine ends it."""
    host, _, port = place.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(packet(UUID, uuid.UUID(name).bytes))
    speaking = asyncio.ensure_future(speak(turn, writer))
    try:
        while not turn.done.done():
            kind, *size = await reader.readexactly(3)
            payload = await reader.readexactly(size[0] << 8 | size[1])
            if kind == AUDIO and payload.strip(b"\x00"):
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
        frame = bytes(FRAME)
        if not turn.said.is_set() and sent * FRAME_S >= _BEFORE_S:
            begin = (sent - round(_BEFORE_S / FRAME_S)) * FRAME
            frame = turn.audio[begin : begin + FRAME].ljust(FRAME, b"\x00")
            if begin >= turn.last:
                turn.said.set()
                turn.ended = time.perf_counter() + FRAME_S
        writer.write(packet(AUDIO, frame))
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
                elif words[:2] in (["STREAM", "FILE"], ["CONTROL", "STREAM"]):
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


def heard_ms(folder: Path, contacts: list[str]) -> list[int]:
    """What the recogniser took of each, as the journal has it."""
    reader = StoreReader(folder / "data")
    files = [reader.contacts.show(contact) for contact in contacts]
    return [
        int(dict(entry.data)["took_ms"])
        for file in files
        if file is not None
        for entry in [next((e for e in file.journal if e.kind == "SpeechHeard"), None)]
        if entry is not None
    ]


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
            turns = asyncio.run(measure(port, "prova" if is_korean else "lavoro", said, options.calls))
        finally:
            engine.terminate()
            engine.communicate()
        took = heard_ms(Path(folder), [contact for _, contact in turns])
    whole = sorted(turn * 1000 for turn, _ in turns if turn == turn)
    figures = {
        "engine": options.model,
        "language": "ko" if is_korean else "it",
        "calls at once": options.calls,
        "turns": len(turns),
        "without a prompt": len(turns) - len(whole),
        "turn median ms": round(statistics.median(whole)),
        "turn 95 % ms": round(whole[int(len(whole) * 0.95)]),
        "recogniser median ms": round(statistics.median(took)),
        "load before": load,
    }
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(keep("voice_turn", figures))


if __name__ == "__main__":
    main()
