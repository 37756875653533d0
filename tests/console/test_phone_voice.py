"""The browser phone with a microphone: a real Chromium says a menu's phrase out of a file, Whisper hears it in Italian."""

from __future__ import annotations

import os
import re
import shutil
import time
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ivr_engine.hearing import RATE
from ivr_engine.records.store import StoreReader

from ..cli.site import ROOT
from ..conftest import FLAGS
from .conftest import people
from .site import SETTINGS, Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    Open = Callable[..., Page]

pytestmark = pytest.mark.timeout(300)

BUILD = ROOT / "build"
LAVORO = "800196001"
ELSEWHERE = "telefono.test"
"""A name of this machine that no browser trusts."""
VOICE = f"""{SETTINGS}
[audiosocket]
port = 0
[speech]
models = "{BUILD / "models"}"
ears = {{ it = "whisper-base" }}
deadline = 30  # the tests' machine may be busy
"""


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, hashed: str, all_sounds: None) -> Iterator[Console]:
    """An engine on the built-in exchange, with sounds and with ears."""
    if not (BUILD / "models" / "whisper-base" / "model.bin").is_file():
        reason = "whisper-base is not in build/models: run tests/speech/install.sh"
        (pytest.fail if os.environ.get("IVR_REQUIRE_MODELS") == "1" else pytest.skip)(reason)
    site = Console(tmp_path_factory.mktemp("voice"), VOICE)
    try:
        people(site, hashed)
        site.open()
        site.engine.wait_for("callers are heard", 60)
        yield site
    finally:
        site.close()


@pytest.fixture(scope="module")
def speaking(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A second Chromium, whose microphone hears 6 s of silence, "dimissioni", and so on for ever."""
    file = tmp_path_factory.mktemp("microphone") / "said.wav"
    with wave.open(str(ROOT / "tests" / "voices" / "dimissioni.wav")) as said, wave.open(str(file), "wb") as sound:
        sound.setparams(said.getparams())
        sound.writeframes(bytes(RATE * 2 * 6) + said.readframes(said.getnframes()) + bytes(RATE * 2))
    flags = (
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}",
        f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    )
    launched = browser.browser_type.launch(executable_path=shutil.which("chromium"), args=[*FLAGS.split(), *flags])
    yield launched
    launched.close()


@pytest.fixture
def phone(speaking: Browser, console: Console) -> Iterator[Open]:
    """`phone(microphone=True)`: the phone's page, signed in and connected. Faults of the page fail the test."""
    faults: list[str] = []
    contexts = []

    def opened(browser: Browser = speaking, host: str = "", locale: str = "it-IT", *, microphone: bool = True) -> Page:
        url = console.url.replace("127.0.0.1", host or "127.0.0.1")
        context = browser.new_context(locale=locale, permissions=["microphone"] if microphone else [])
        contexts.append(context)
        cookie, _, token = console.session("administrator").partition("=")
        context.add_cookies([{"name": cookie, "value": token, "url": url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
        page.goto(f"{url}/phone")
        expect(page.locator("#live-state")).not_to_be_empty()
        page.get_by_label(re.compile("Numero da chiamare|Number to call")).select_option(LAVORO)
        page.evaluate(WATCH)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


WATCH = """() => {
  window.sent = []; window.heard = 0; window.streams = [];
  const open = () => !document.getElementById("phone-open").hidden, send = window.live.sendBytes;
  window.live.sendBytes = (bytes) => { window.sent.push([bytes.byteLength, open()]); send(bytes); };
  document.body.addEventListener("live-bytes", ({ detail }) => { if (new Int16Array(detail).some((it) => it)) window.heard++; });
  if (navigator.mediaDevices) {
    const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (what) => {
      const stream = await ask(what);
      window.streams.push(stream);
      return stream;
    };
  }
}"""


def call(page: Page) -> None:
    page.locator("#dial").click()


def hang_up(page: Page) -> None:
    page.locator("#hang-up").click()
    expect(page.locator("#phone-state")).to_have_text("Chiamata terminata")


def journal(console: Console, kind: str) -> list[dict[str, Any]]:
    """Events of that kind of the last call, once it has ended in the store too, which may be a moment behind."""
    contacts = StoreReader(console.data).contacts
    until = time.monotonic() + 15
    while True:
        last = max(contacts.list(line="lavoro"), key=lambda contact: contact.started_at)
        if last.outcome is not None:
            break
        assert time.monotonic() < until, last
        time.sleep(0.05)
    shown = contacts.show(last.id)
    assert shown
    return [dict(entry.data) for entry in shown.journal if entry.kind == kind]


def test_what_is_said_into_the_microphone_is_understood(console: Console, phone: Open) -> None:
    page = phone()
    call(page)
    expect(page.locator("#phone-open")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("Dimissioni, 1.")
    expect(page.locator("#said")).to_contain_text("Come dare le dimissioni, 1.", timeout=60_000)
    hang_up(page)
    expect(page.locator("#phone-open")).to_be_hidden()
    heard = [(event["result"], event["band"], event["engine"]) for event in journal(console, "SpeechHeard")]
    assert ("said", "take", "whisper-base") in heard
    hint, menu = journal(console, "PromptHeard")[1:3]
    assert hint["heard_ms"] == hint["length_ms"], "the question was said until the voice cut in"
    assert 0 < menu["heard_ms"] < menu["length_ms"] - 5000
    assert page.evaluate("window.heard") > 50, "the prompt came as sound"
    sent = page.evaluate("window.sent")
    assert {size for size, _ in sent} == {320}
    assert all(is_open for _, is_open in sent)
    assert page.evaluate("window.streams[0].getTracks().every((track) => track.readyState === 'ended')")


def test_keys_go_on_beside_the_microphone(console: Console, phone: Open) -> None:
    page = phone()
    call(page)
    expect(page.locator("#phone-open")).to_be_visible()
    page.locator("[data-key='2']").click()
    expect(page.locator("#said")).to_contain_text("Come contestare")
    hang_up(page)
    assert [event["value"] for event in journal(console, "InputTaken")] == ["2"]
    assert journal(console, "SpeechHeard") == []
    assert journal(console, "ContactEnded")[0]["cause"] == "caller_hung_up"


def keys_alone(console: Console, page: Page, results: list[str]) -> None:
    """The menu is heard as ever, and takes a key; this is what the journal says of speech."""
    page.locator("[data-key='2']").click()
    expect(page.locator("#said")).to_contain_text("Come contestare")
    hang_up(page)
    assert [event["result"] for event in journal(console, "SpeechHeard")] == results
    assert [event["value"] for event in journal(console, "InputTaken")] == ["2"]


@pytest.mark.parametrize(("locale", "told"), [("it-IT", "Il microfono è stato negato"), ("en-GB", "The microphone was denied")])
def test_a_microphone_that_is_denied_leaves_the_keys(console: Console, phone: Open, locale: str, told: str) -> None:
    page = phone(locale=locale, microphone=False)
    call(page)
    expect(page.locator("#said")).to_contain_text(told)
    expect(page.locator("#said")).to_contain_text("Dimissioni, 1.")
    expect(page.locator("#phone-open")).to_be_hidden()
    assert page.evaluate("[window.sent.length, window.streams.length]") == [0, 0]
    if locale == "it-IT":
        keys_alone(console, page, ["missing"])


def test_where_there_is_no_microphone_it_is_said(browser: Browser, phone: Open) -> None:
    page = phone(browser)
    call(page)
    expect(page.locator("#said")).to_contain_text("Non c'è alcun microfono")
    expect(page.locator("#said")).to_contain_text("Dimissioni, 1.")


def test_a_page_that_is_not_safe_gets_no_microphone_and_says_so(phone: Open) -> None:
    page = phone(host=ELSEWHERE)
    call(page)
    expect(page.locator("#said")).to_contain_text("solo a pagine https")
    expect(page.locator("#said")).to_contain_text("Dimissioni, 1.")


def test_a_caller_may_wish_for_keys_alone(console: Console, phone: Open) -> None:
    page = phone()
    assert Axe().run(page).violations_count == 0
    page.get_by_label("Parla con il microfono").uncheck()
    call(page)
    expect(page.locator("#said")).to_contain_text("Dimissioni, 1.")
    assert page.evaluate("window.streams.length") == 0
    keys_alone(console, page, ["missing"])


def test_a_microphone_that_is_pulled_out_leaves_the_keys(console: Console, phone: Open) -> None:
    page = phone()
    call(page)
    expect(page.locator("#phone-open")).to_be_visible()
    page.evaluate("window.streams[0].getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#said")).to_contain_text("Il microfono non funziona")
    expect(page.locator("#phone-open")).to_be_hidden()
    keys_alone(console, page, ["broken", "missing"])


def test_a_microphone_that_sends_nothing_leaves_the_keys(console: Console, phone: Open) -> None:
    page = phone()
    page.evaluate("window.live.sendBytes = () => {}")
    call(page)
    expect(page.locator("#phone-open")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("Il microfono non funziona")
    keys_alone(console, page, ["broken", "missing"])


CUT_OFF = """() => new Promise((resolve) => {
  document.body.addEventListener("live-connected", () => resolve(true), { once: true });
  setTimeout(() => resolve(false), 10000);
  window.live.sendBytes(new ArrayBuffer(320)); // nobody calls: there is no microphone
})"""


def test_what_is_no_sound_of_a_microphone_ends_the_connection(phone: Open) -> None:
    page = phone()
    assert page.evaluate(CUT_OFF)
    call(page)
    expect(page.locator("#phone-open")).to_be_visible()
    page.evaluate("window.live.sendBytes(new ArrayBuffer(322))")
    expect(page.locator("#phone-state")).to_have_text("Collegamento perso")


def test_the_phones_page_alone_may_have_the_microphone(console: Console) -> None:
    for path in ("/", "/phone", "/board", "/static/x/phone-worklet.js"):
        policy = console.ask("GET", path, cookie=console.session("supervisor")).headers["permissions-policy"]
        assert ("microphone=(self)" if path == "/phone" else "microphone=()") in policy, path


def test_a_recording_is_said_at_the_command_line(console: Console) -> None:
    voices = ROOT / "tests" / "voices"
    call = console.start("phone", LAVORO, "--voice")
    call.wait_for("Dimissioni, 1.")
    call.type("say nowhere.wav").wait_for("nowhere.wav cannot be said")
    call.type(f"say {voices / 'dimissioni.wav'}").wait_for("Come dare le dimissioni, 1.", 60)
    call.type(f"say {voices / 'operatore.wav'}").wait_for("waiting in the queue lavoro", 60)
    call.hang_up()
    assert call.wait() == 0
    assert [event["result"] for event in journal(console, "SpeechHeard")] == ["said", "command"]


def test_a_call_with_keys_alone_says_so_when_told_to_speak(console: Console) -> None:
    call = console.start("phone", LAVORO)
    call.wait_for("Dimissioni, 1.")
    call.type("say x.wav").wait_for("begin it with --voice")
    call.hang_up()
    assert call.wait() == 0


NODE = """(rate) => {
  const context = new OfflineAudioContext(1, rate, rate), shape = { outputChannelCount: [1], channelCount: 1 };
  const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
  const worklet = document.getElementById("phone").dataset.worklet;
  window.telephone = async (connect) => {
    await context.audioWorklet.addModule(worklet);
    const node = new AudioWorkletNode(context, "telephone", { ...shape, channelCountMode: "explicit" });
    node.connect(context.destination);
    node.port.postMessage(true);
    connect(context, node);
    await pause();
    const rendered = await context.startRendering();
    await pause();
    return [...rendered.getChannelData(0)];
  };
}"""
SPEAK = """async (tones) => {
  const frames = [];
  await window.telephone((context, node) => {
    node.port.onmessage = ({ data }) => frames.push(...new Int16Array(data));
    for (const frequency of tones) {
      const tone = new OscillatorNode(context, { frequency });
      tone.connect(new GainNode(context, { gain: 0.25 })).connect(node);
      tone.start();
    }
  });
  return frames;
}"""
HEAR = """(samples) => window.telephone((context, node) => {
  for (let at = 0; at < samples.length; at += 160) node.port.postMessage(Int16Array.from(samples.slice(at, at + 160)).buffer);
})"""


def levels(samples: np.ndarray[Any, Any], rate: int, *frequencies: int) -> list[float]:
    """How loud each tone is, 1 being full scale."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4
    places = np.fft.rfftfreq(len(samples), 1 / rate)
    return [float(spectrum[np.abs(places - frequency) < 20].max()) for frequency in frequencies]


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_sound_changes_its_rate_without_ghosts(phone: Open, rate: int) -> None:
    """A tone the telephone carries comes through as loud as it was, both ways; what lies beyond returns as no other tone."""
    page = phone(microphone=False)
    page.evaluate(NODE, rate)
    said = np.array(page.evaluate(SPEAK, [1000, 5500]), dtype=float) / 32767
    assert len(said) > 7500
    kept, ghost = levels(said[400:7400], RATE, 1000, 8000 - 5500)
    assert kept == pytest.approx(0.25, rel=0.05)
    assert ghost < 0.25 / 100  # 40 dB down
    page.evaluate(NODE, rate)
    tone = 0.25 * np.sin(2 * np.pi * 1000 * np.arange(160 * 18) / RATE)
    heard = np.array(page.evaluate(HEAR, (tone * 32767).astype(int).tolist()))
    kept, ghost = levels(heard[rate // 20 : rate // 20 * 6], rate, 1000, 7000)
    assert kept == pytest.approx(0.25, rel=0.05)
    assert ghost < 0.25 / 100
    assert np.abs(heard[rate // 2 :]).max() == 0, "and then it is still"
