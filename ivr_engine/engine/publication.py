"""Which version of each line callers hear: kept in the store, proposed by the lines' files, switched as a whole."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ivr_engine.clock import rome_date
from ivr_engine.dialogue.loader import LineFiles
from ivr_engine.engine import sounds
from ivr_engine.engine.answers import Answers, articles_of, body_of, kept
from ivr_engine.engine.lines import build_lines, files_of, find_lines, load_lines, proved
from ivr_engine.errors import Invalid, IvrError, Unavailable
from ivr_engine.records import articles, drafts, notices, versions
from ivr_engine.records.administration import Administration
from ivr_engine.records.notices import Notices
from ivr_engine.records.store import DATABASE
from ivr_engine.records.versions import VersionState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ivr_engine.config import Settings
    from ivr_engine.engine.lines import Lines
    from ivr_engine.records.drafts import Draft
    from ivr_engine.records.versions import Version


def _still_heard(connection: sqlite3.Connection, line: str, files: Iterable[str], since: float = 0.0) -> list[Draft]:
    """The articles published after `since` that callers hear: what was rolled back, or said anew by files, is over."""
    heard = versions.published(connection, line)
    found = drafts.latest_published(connection, line, files, since)
    return [draft for draft in found if heard is not None and body_of(heard.files, draft.file, draft.article) == draft.body]


def _with(version: Version, later: Sequence[Draft]) -> Version:
    return replace(version, files=kept(version.files, later, unless_changed=False))


class _Overtaken(Exception):
    """Something was published while sounds were made."""


class Publication:
    """Publishes for a site, whether an engine runs or not; a running one must be told (`reload` on its socket)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Administration(settings.path(settings.engine.data) / DATABASE)
        self._found = find_lines(settings)

    @property
    def answers(self) -> Answers:
        """What people write in the console, on its way to callers."""
        return Answers(self)

    @property
    def approval(self) -> bool:
        """Does publication take a second person's approval? Unless set: on a real Asterisk."""
        chosen = self.settings.engine.approval
        return self.settings.exchange.kind == "asterisk" if chosen is None else chosen

    def propose(self, at: float) -> list[Version]:
        """Take the lines' files in, where they differ from what is known; first versions must be in order. Articles published
        since stay as they are, unless the files say them anew. Raises IvrError."""
        files = self.files_now()
        with self.store.change() as connection:
            if any(not versions.versions(connection, line) for line in files):
                build_lines(self.settings, self._found, self._heard_or_new(files))
            proposed = [
                versions.propose(
                    connection,
                    line,
                    its.digest,
                    kept(its.texts, _still_heard(connection, line, its.texts), unless_changed=True),
                    at,
                )
                for line, its in files.items()
            ]
        return [version for version in proposed if version is not None]

    def files_now(self) -> dict[str, LineFiles]:
        """What the lines' folders hold."""
        return files_of(self._found)

    def _heard_or_new(self, files: dict[str, LineFiles]) -> dict[str, LineFiles]:
        try:
            heard = self.heard()[0]
        except Unavailable:
            heard = {}
        return {line: heard.get(line, its) for line, its in files.items()}

    def published(self, at: float) -> tuple[Lines, Notices]:
        """What callers hear, with what is switched by hand. Raises Invalid when this engine cannot read it any more."""
        files, numbers, current = self.heard(at)
        return self.build(files, numbers, current), current

    def candidate(self, version: Version, at: float) -> Lines:
        """What callers would hear with that version. Raises Invalid."""
        files, numbers, current = self.heard(at)
        files[version.line] = LineFiles.of_version(version.line, version.version, version.files)
        numbers[version.line] = version.version
        return self.build(files, numbers, current)

    def _checked(self, version: Version, at: float) -> Lines:
        lines = self.candidate(version, at)
        problems = proved(lines, rome_date(at), version.line)
        if problems:
            raise Invalid(problems)
        return lines

    def build(self, files: dict[str, LineFiles], numbers: dict[str, int], current: Notices) -> Lines:
        """The lines of those files and version numbers. Raises Invalid."""
        return build_lines(self.settings, self._found, files, versions=numbers, messages=current.messages)

    def heard(self, at: float | None = None) -> tuple[dict[str, LineFiles], dict[str, int], Notices]:
        """What is published: each line's files, the number of its version, and what is switched by hand. Raises Unavailable."""
        files: dict[str, LineFiles] = {}
        numbers: dict[str, int] = {}
        with self.store.look() as connection:
            for line in self._found.lines:
                version = versions.published(connection, line)
                if version is not None:
                    files[line] = LineFiles.of_version(line, version.version, version.files)
                    numbers[line] = version.version
            return files, numbers, notices.current(connection, time.time() if at is None else at)

    def version(self, line: str, number: int | None = None) -> Version:
        """That version of a line, or its newest. Raises IvrError."""
        with self.store.look() as connection:
            return versions.newest(connection, line) if number is None else versions.get(connection, line, number)

    def _later_answers(self, version: Version) -> list[Draft]:
        """The articles that were published after the version was made."""
        with self.store.look() as connection:
            return _still_heard(connection, version.line, version.files, version.created)

    def submit(self, version: Version, who: str, at: float) -> None:
        """Check it, then ask for approval. Raises Invalid, IvrError."""
        self._checked(_with(version, self._later_answers(version)), at)
        with self.store.change() as connection:
            versions.submit(connection, version, who, at)

    def approve(self, version: Version, who: str, at: float) -> None:
        """Raises IvrError."""
        with self.store.change() as connection:
            versions.approve(connection, version, who, at)

    def withdraw(self, version: Version, who: str, at: float) -> VersionState:
        """What it is now. Raises IvrError."""
        with self.store.change() as connection:
            return versions.withdraw(connection, version, who, at)

    def publish(self, version: Version, who: str, at: float) -> int:
        """Check it, make and install its sounds, then switch; how many sounds were made. An answer that is published meanwhile is
        taken along: from the beginning then. Raises Invalid, IvrError."""
        later = self._later_answers(version)
        merged = _with(version, later)

        def change(connection: sqlite3.Connection, *, approval: bool) -> None:
            if _still_heard(connection, version.line, version.files, version.created) != later:
                raise _Overtaken
            versions.publish(connection, merged, who, at, approval=approval)

        try:
            return self._switch(self._checked(merged, at), version.line, at, change)
        except _Overtaken:
            return self.publish(version, who, at)

    def roll_back(self, line: str, number: int | None, who: str, at: float) -> Version:
        """Back to an earlier version, by default the one heard before. Raises Invalid, IvrError."""
        with self.store.look() as connection:
            version = versions.before_published(connection, line) if number is None else versions.get(connection, line, number)
        if version is None:
            raise IvrError(f"line {line} has no earlier version", f"see: ivr lines versions {line}")
        lines = self.candidate(version, at)
        self._switch(lines, line, at, partial(versions.rollback, version=version, who=who, at=at))
        return version

    def _switch(self, lines: Lines, line: str, at: float, change: Callable[..., None]) -> int:
        """Make the change: refused before any sound is made, and done in a moment once all sounds are there."""

        with self._rehearsal() as connection:
            change(connection, approval=self.approval)
        made = self.make_sounds(lines)
        with self.store.change() as connection:
            change(connection, approval=self.approval)
            articles.publish(connection, articles_of(lines, line), at, line)
        return made

    @contextmanager
    def _rehearsal(self) -> Iterator[sqlite3.Connection]:
        """A change that is checked as if it were made, and of which nothing is kept."""

        class Rehearsed(Exception):
            pass

        with suppress(Rehearsed), self.store.change() as connection:
            yield connection
            raise Rehearsed

    def tell(self, message: Callable[[sqlite3.Connection], int], at: float) -> int:
        """Put up a front message, of which `message` returns the number, once its sounds are made: the store is not held while a
        voice speaks. Raises Invalid, Unavailable, and what `message` raises."""
        with self._rehearsal() as connection:
            message(connection)
            current = notices.current(connection, at)
        self._speak(current)
        with self.store.change() as connection:
            number = message(connection)
            current = notices.current(connection, at)
        self._speak(current)  # nothing is left to do, unless another message took the number meanwhile
        return number

    def _speak(self, current: Notices) -> None:
        self.make_sounds(self.build(self._heard_or_new(self.files_now()), {}, current))

    def make_sounds(self, lines: Lines) -> int:
        """Render what is missing, and lay it where the settings say Asterisk looks. Raises Unavailable."""
        settings = self.settings.prompts
        try:
            made = sounds.render(self.settings, lines.catalogue, lines.voices)
            if settings.install:
                sounds.lay_out(self.settings, self.settings.path(settings.install))
        except OSError as error:
            raise Unavailable(f"sounds cannot be written: {error}", "check the folders' owner and free space") from error
        return made


class Served(NamedTuple):
    """What an engine that starts now serves, and what is to be said about it once it runs."""

    lines: Lines
    notices: Notices
    publication: Publication
    remarks: tuple[str, ...] = ()


def lines_to_serve(settings: Settings, at: float) -> Served:
    """The published versions; with a store that fails, the lines' own files. Raises Invalid when neither can be read."""
    publication = Publication(settings)
    try:
        drafts = [version for version in publication.propose(at) if version.state is VersionState.DRAFT]
        lines, current = publication.published(at)
    except Unavailable as error:
        remark = f"the store cannot say what is published, so the lines' own files are served: {error}"
        return Served(load_lines(settings), Notices(), publication, (remark,))
    hint = "its files have changed and callers hear what is published: see `ivr lines versions`"
    return Served(lines, current, publication, tuple(f"{draft} is a draft: {hint}" for draft in drafts))
