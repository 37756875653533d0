"""A site whose console is open, and a plain HTTP client for it."""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode, urlsplit

from ..cli.site import SETTINGS as TRIAL
from ..cli.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSWORD = "una frase lunga e segreta"
_TRIAL = TRIAL.replace('operators = { lavoro = ["op1"] }', 'operators = { lavoro = ["anna"], sociale = ["carla"] }')
SETTINGS = f"""{_TRIAL}folder = "../sounds"
[lines.lavoro]
hours = {{ mon-sun = ["00:00-24:00"] }}
[lines.sociale]
hours = {{ mon-sun = ["00:00-24:00"] }}
"""
SERVED = "800196002"
"""A line whose operator has no desk, and answers by herself."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str


class Console(Site):
    """`url` is where the console is, once it is open."""

    url = ""

    def open(self) -> None:
        """Start the engine, learn where the console is."""
        self.engine = self.serve()
        self.url = self.engine.wait_for("console: ").split("console: ")[1].rstrip("/")
        self._sessions: dict[str, str] = {}

    def ask(self, method: str, path: str, *, cookie: str = "", form: Mapping[str, str] | None = None, **headers: str) -> Reply:
        """One request, redirects not followed."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=15)
        body = None if form is None else urlencode(form)
        sent = {"Cookie": cookie, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        finally:
            connection.close()

    def session(self, name: str) -> str:
        """The session cookie of somebody, signed in once."""
        if name not in self._sessions:
            reply = self.ask("POST", "/sign-in", form={"name": name, "password": PASSWORD})
            assert reply.status == 303, reply.text
            self._sessions[name] = reply.headers["set-cookie"].split(";")[0]
        return self._sessions[name]

    def csrf(self, name: str) -> str:
        """What a form of that person carries."""
        found = re.search(r'name="csrf" content="(\w+)"', self.ask("GET", "/", cookie=self.session(name)).text)
        assert found
        return found[1]

    def post(self, name: str, path: str, /, **form: str) -> Reply:
        """A form of theirs."""
        return self.ask("POST", path, cookie=self.session(name), form={"csrf": self.csrf(name), **form})
