"""The one settings file, `ivr.toml`: typed, checked, every mistake named with its line.

Without a file the defaults work in an empty folder, on the built-in exchange. Paths are relative to the file's folder.
"""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from ivr_engine.errors import Invalid, Problem

FILE = "ivr.toml"

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Milliseconds = Annotated[int, Field(ge=100, le=10_000)]
LineName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Number = Annotated[str, Field(pattern=r"^\+?[0-9]{2,15}$")]


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _some(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise ValueError("at least one is needed")
    return values


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise ValueError(f"{twice[0]} is named twice")
    return names


class Section(BaseModel):
    """A table of the file: unknown keys are mistakes, values are what they say they are."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class EngineSection(Section):
    """The process itself."""

    data: str = Field("data", min_length=1, description="folder of the store, the spool and the control socket")
    self_service_limit: Seconds = Field(600.0, description="seconds a caller may spend in menus before going to an operator")
    answer_share: float = Field(0.8, gt=0, le=1, description="share of an answer that must be heard to count as served by IVR")
    approval: bool | None = Field(
        None, description="whether a second person must approve a line's version (default: on a real Asterisk)"
    )
    watchdog: Seconds = Field(10.0, ge=2, description="seconds a blocked engine lives before it restarts (at least 2)")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least grave log line written")
    log_format: Literal["text", "json"] = Field("text", description="how log lines are written")


class AgiSection(Section):
    """The FastAGI port that Asterisk connects to."""

    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(4573, description="port to listen on; 0 takes any free one")
    allow: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], AfterValidator(_some)] = Field(
        ("127.0.0.1/32", "::1/128"), description="addresses or networks of the Asterisk machines; others are refused"
    )
    max_calls: int = Field(4000, ge=1, le=100_000, description="calls at once; further ones go to the dialplan's fall-back")
    header_timeout: Seconds = Field(5.0, description="seconds Asterisk has to introduce a call")
    reply_timeout: Seconds = Field(
        180.0,
        ge=30,
        description="seconds a command, such as one sound, may take before the call is lost (at least 30; queues excluded)",
    )


class AudiosocketSection(Section):
    """The port that Asterisk brings callers' voices to (AudioSocket); opened where there is a recogniser only."""

    enabled: bool = Field(True, description="whether callers may speak at all; false leaves keys alone")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: Port = Field(9092, description="port to listen on; 0 takes any free one")
    advertised: str = Field(
        "",
        pattern=r"^([A-Za-z0-9.\-]+:[0-9]{1,5})?$",
        description="host:port at which Asterisk reaches it (default: those listened on)",
    )
    allow: Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], AfterValidator(_some)] = Field(
        ("127.0.0.1/32", "::1/128"), description="addresses or networks of the Asterisk machines; others are refused"
    )
    max_calls: int = Field(500, ge=1, le=10_000, description="callers listened to at once; further ones have keys alone")
    connect_timeout: Seconds = Field(4.0, description="seconds in which Asterisk must connect; else the call has keys alone")


class ExchangeSection(Section):
    """What switches the calls."""

    kind: Literal["virtual", "asterisk"] = Field("virtual", description="the built-in exchange, or a real Asterisk")


class AsteriskSection(Section):
    """The real Asterisk: its manager interface and its queue ledger."""

    host: str = Field("127.0.0.1", description="manager interface (AMI) address")
    port: Port = Field(5038, description="manager interface port")
    user: str = Field("ivr", description="manager user")
    secret: SecretStr = Field(SecretStr(""), description="manager password")
    queue_log: str = Field("/var/log/asterisk/queue_log", description="Asterisk's queue ledger, readable by the engine")
    ledger_every: Seconds = Field(5.0, description="seconds between two readings of the queue ledger")


class VirtualSection(Section):
    """The built-in exchange."""

    time: Literal["real", "fast"] = Field("real", description="fast: the clock jumps to the next event when nothing is under way")
    operators: dict[LineName, Annotated[tuple[str, ...], AfterValidator(_each_once)]] = Field(
        {"lavoro": ("op1", "op2"), "sociale": ("op3",), "co": ("op4", "op5"), "tfr": ("op6",)},
        description="operators of each queue",
    )
    ring: Seconds = Field(3.0, description="seconds an operator's phone rings before it is answered")
    talk: Seconds = Field(20.0, description="seconds a talk lasts unless the caller hangs up")


class PromptsSection(Section):
    """What callers hear."""

    folder: str = Field("audio", description="rendered prompts")
    voice: str | dict[Literal["it", "en"], str] = Field(
        "kokoro",
        description="who reads prompts: kokoro, kokoro-nicola, espeak, piper, a plugin's; one name, or one by language",
    )
    rate: Literal[8000, 16000] = Field(8000, description="samples a second of rendered sounds (16000: wideband telephones)")
    install: str = Field("", description="Asterisk's sounds folder, where publication lays new prompts (default: nowhere)")

    def voice_of(self, language: str) -> str:
        """Who reads the prompts of a language; one that the setting does not name is read by the voice of last resort."""
        if isinstance(self.voice, str):
            return self.voice
        return next((voice for named, voice in self.voice.items() if named == language), "espeak")


class SpeechSection(Section):
    """Models of natural voices and recognisers, and callers who may just say it."""

    models: str = Field("models", min_length=1, description="folder of the installed speech models")
    ears: dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], Annotated[str, Field(pattern=r"^[a-z0-9]+-[a-z0-9.-]+$")]] = Field(
        {"it": "whisper-base", "en": "whisper-base"},
        description="model that callers are heard with, by language; where it is not installed callers have keys alone",
    )
    workers: int = Field(1, ge=1, le=64, description="recognisers' processes of each model")
    turns: int = Field(
        8, ge=1, le=200, description="callers one of these processes listens to at once; further ones have keys alone"
    )
    threads: int = Field(1, ge=1, le=64, description="processor threads of each of these processes")
    deadline: Seconds = Field(5.0, description="seconds from the end of what is said to its recognition; a later one is given up")
    silence_ms: Milliseconds = Field(500, description="silence that ends a choice, a yes or no, or a place")
    long_silence_ms: Milliseconds = Field(900, description="silence that ends digits, dates, letters and open speech")
    settled_ms: Milliseconds = Field(200, description="so much silence ends a choice when what was heard is one whole phrase")
    longest: Seconds = Field(15.0, description="seconds after which speech is cut off and understood as it is")


class PluginsSection(Section):
    """Lines and their functions."""

    folders: tuple[str, ...] = Field((), description="folders scanned for further lines")
    limit: Seconds = Field(2.0, description="seconds a line's function may take")
    threads: int = Field(4, ge=1, le=64, description="functions of one line that may run at once")


class LineSection(Section):
    """What a site decides about a line, in place of the plugin's own proposal."""

    numbers: tuple[Number, ...] | None = Field(None, description="numbers that reach the line")
    queue: LineName | None = Field(None, description="operators' queue")
    hours: dict[str, Any] | None = Field(None, description="operators' hours, as in line.yaml")


EMERGENCIES = frozenset({"112", "113", "114", "115", "118", "1522", "117", "1530"})
"""Numbers that callers dial themselves: whoever is put through there by a machine loses time, and the place they call from."""


def _no_emergency(number: str) -> str:
    if number in EMERGENCIES:
        raise ValueError("emergency numbers are spoken, never dialled for a caller")
    return number


class TransferSection(Section):
    """A body that callers may be put through to, by the name its `transfer` steps use."""

    number: Annotated[Number, AfterValidator(_no_emergency)] = Field(description="what the dialplan's context ivr-transfer dials")


class ConsoleSection(Section):
    """The console: the web pages of operators, back office, supervisors and the others."""

    enabled: bool = Field(True, description="whether the engine serves the console")
    host: str = Field("127.0.0.1", description="address to listen on; before any but the machine's own put a TLS proxy")
    port: Port = Field(8080, description="port to listen on; 0 takes any free one")
    https: bool = Field(False, description="whether people reach it by https (a TLS proxy): cookies are then sent by https only")
    forwarded: bool = Field(False, description="whether the proxy writes the browser's address into X-Forwarded-For, last")
    phone: bool = Field(True, description="whether the browser phone is offered (on the built-in exchange only)")
    threshold: Seconds = Field(20.0, description="seconds within which a caller should be answered, on the live board")
    review_months: Annotated[int, Field(ge=1, le=120)] = Field(
        6, description="months after which an answer is due to be compared with its source again"
    )


class TermSection(Section):
    """What a contract asks of a figure of the service report, each month."""

    at_least: float | None = Field(None, description="the least it may be")
    at_most: float | None = Field(None, description="the most it may be")
    penalty: float = Field(0.0, ge=0, description="euros for every unit (point or second) begun beyond it")


Threshold = Literal[5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300]
LineNames = tuple[LineName, ...]


class ReportsSection(Section):
    """What the reports count."""

    threshold: Threshold = Field(20, description="seconds within which a caller should be answered, in the service reports")
    short_abandon: Threshold = Field(5, description="seconds within which who hangs up in a queue did not wait in earnest")
    repeat_days: int = Field(
        7, ge=1, le=90, description="days without a new call on the subject that make a first contact a resolution"
    )
    return_hours: int = Field(
        48, ge=1, le=720, description="hours without a new call on the subject that make self-service a true end"
    )
    lavoro: LineNames = Field(("lavoro", "centralino"), description="lines of the Ministry's first table, column LAVORO")
    sociale: LineNames = Field(("sociale",), description="lines of the Ministry's first table, column SOCIALE")
    tfr_cliclavoro: LineNames = Field(
        ("tfr_cliclavoro",), description="lines of the Ministry's first table, column TFR+CLICLAVORO"
    )
    comunicazioni_obbligatorie: LineNames = Field(
        ("comunicazioni_obbligatorie",), description="lines of the Ministry's second table"
    )
    contract: dict[LineName, TermSection] = Field(
        default_factory=dict, description="terms of the contract by figure, with their penalties (default: none)"
    )


class ObserveSection(Section):
    """The port for monitoring: Prometheus' /metrics, and /healthz and /readyz."""

    enabled: bool = Field(False, description="whether the engine tells its metrics and health")
    host: str = Field("127.0.0.1", description="address to listen on; whoever reaches it may read it, and change nothing")
    port: Port = Field(9464, description="port to listen on; 0 takes any free one")


def _web(address: str) -> str:
    if address and not address.startswith(("http://", "https://")):
        raise ValueError("must begin with https:// or http://")
    return address


class AlarmsSection(Section):
    """Technical alarms: who is told when a component fails, and how soon."""

    command: tuple[str, ...] = Field((), description="program and arguments, run without a shell; the alarm is JSON on its input")
    web_hook: Annotated[str, AfterValidator(_web)] = Field("", description="address the alarm is posted to as JSON")
    every: Seconds = Field(5.0, description="seconds between two looks")
    after: Seconds = Field(30.0, description="seconds something must be wrong until its alarm is raised")
    well_after: Seconds = Field(60.0, description="seconds it must be well again until its alarm is taken back")
    memory_mib: int = Field(
        1000, ge=1, description="mebibytes the engine's own process may hold (its recognisers aside) until its alarm is raised"
    )
    service_level: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the last half-hour's callers to be answered within console.threshold; 0: no alarm",
    )


class Settings(Section):
    """All of `ivr.toml`."""

    engine: EngineSection = EngineSection()
    agi: AgiSection = AgiSection()
    audiosocket: AudiosocketSection = AudiosocketSection()
    exchange: ExchangeSection = ExchangeSection()
    asterisk: AsteriskSection = AsteriskSection()
    virtual: VirtualSection = VirtualSection()
    prompts: PromptsSection = PromptsSection()
    speech: SpeechSection = SpeechSection()
    plugins: PluginsSection = PluginsSection()
    console: ConsoleSection = ConsoleSection()
    reports: ReportsSection = ReportsSection()
    observe: ObserveSection = ObserveSection()
    alarms: AlarmsSection = AlarmsSection()
    lines: dict[LineName, LineSection] = Field(default_factory=dict)
    transfers: dict[LineName, TransferSection] = Field(default_factory=dict)
    folder: Path = Field(Path(), exclude=True)
    _file: str = PrivateAttr(FILE)
    _text: str = PrivateAttr("")

    def problem(self, where: tuple[str, ...], message: str, hint: str = "", rule: str = "wrong-value") -> Problem:
        """A mistake that shows only once the lines are known, named as those of the file alone are."""
        return Problem(self._file, _line_of(self._text, where), ".".join(where), message, hint, rule)

    def path(self, setting: str) -> Path:
        """A path of the settings, taken from the settings file's folder."""
        return self.folder / setting


def load(file: Path | None = None) -> Settings:
    """The settings of `file` (default: `ivr.toml` here, or the defaults when there is none). Raises Invalid."""
    path = file or Path(FILE)
    if file is None and not path.exists():
        return Settings(folder=Path.cwd())
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid([Problem(str(path), 0, "", f"cannot be read: {reason}")]) from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        raise Invalid([Problem(str(path), int(found[1]) if found else 0, "", f"is not TOML: {error}")]) from error
    if "folder" in tables:
        raise Invalid([Problem(str(path), _line_of(text, ("folder",)), "folder", "no such setting", "remove it")])
    try:
        settings = Settings.model_validate({**_tuples(tables), "folder": path.parent.absolute()})
    except ValidationError as error:
        problems = [_problem(str(path), text, e) for e in error.errors()]
        raise Invalid(sorted(problems, key=lambda problem: problem.line)) from error
    settings._file, settings._text = str(path), text
    return settings


def _tuples(value: object) -> Any:
    """TOML arrays as tuples, which the frozen settings hold."""
    match value:
        case dict():
            return {key: _tuples(item) for key, item in value.items()}
        case list():
            return tuple(map(_tuples, value))
    return value


def _problem(file: str, text: str, error: Any) -> Problem:
    where = tuple(str(part) for part in error["loc"])
    field = ".".join(part for part in where if part != "[key]")
    if error["type"] == "extra_forbidden":
        known = list(_known_keys(where[:-1]))
        close = difflib.get_close_matches(where[-1], known, 1)
        hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
        return Problem(file, _line_of(text, where), field, "no such setting", hint, "unknown-key")
    message = error["msg"].removeprefix("Value error, ")
    given = "" if "secret" in where else f", not {error['input']!r:.60}"
    return Problem(file, _line_of(text, where), field, f"{message[0].lower()}{message[1:]}{given}", rule="wrong-value")


_NAMED: dict[str, type[Section]] = {"lines": LineSection, "transfers": TransferSection}


def _known_keys(where: tuple[str, ...]) -> list[str]:
    if not where:
        return [name for name in Settings.model_fields if name != "folder"]
    if where[0] in _NAMED:
        return list(_NAMED[where[0]].model_fields)
    section = Settings.model_fields[where[0]].annotation
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []


def _line_of(text: str, where: tuple[str, ...]) -> int:
    """The line on which a setting stands: tomllib keeps no positions, so the deepest named key is looked for."""
    table: tuple[str, ...] = ()
    best, depth = 0, 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line):
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            here = table
        elif key := re.match(r"""\s*([\w."'-]+?)\s*=""", line):
            here = table + tuple(part.strip().strip("\"'") for part in key[1].split("."))
        else:
            continue
        if here == where[: len(here)] and len(here) > depth:
            best, depth = number, len(here)
    return best
