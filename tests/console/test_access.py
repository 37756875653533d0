"""Who may see what: every route with every role, sign-in, sessions, forms of other sites, and the guards on every answer."""

from __future__ import annotations

import contextlib
import html
import http.client
import re
import socket
import struct
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from ivr_engine.console.access import Access, Throttle
from ivr_engine.console.app import LONGEST_BODY
from ivr_engine.console.live import Live, Tab
from ivr_engine.console.routes import ROUTES, Route, page_of
from ivr_engine.console.texts import LANGUAGES, Texts
from ivr_engine.records import audit, sessions, users
from ivr_engine.records.by_hand import LARGEST_FILE, LONGEST_TEXT, MOST_FILES
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

from .site import PASSWORD, SETTINGS, Console

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {role: "anna" if role is Role.OPERATOR else role.value for role in Role}
PARTS = {
    "kind": "service",
    "number": "2026-000001",
    "citizen": "1",
    "line": "prova",
    "article": "P01",
    "draft": "1",
    "contact": "0",
    "name": "nobody",
    "agreement": "1",
    "language": "it",
    "path:file": "ivr/core/operator",
    "version": "1",
}


def path_of(route: Route) -> str:
    return re.sub(r"<([^>]+)>", lambda part: PARTS[part[1]], route.path)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_with_every_role(console: Console, route: Route) -> None:
    path = path_of(route)
    for role in Role:
        name = NAMES[role]
        form = None if route.method == "GET" else {"csrf": console.csrf(name)}
        reply = console.ask(route.method, path, cookie=console.session(name), form=form)
        assert (reply.status == 403) is (role not in route.roles), (role, reply.status)
        assert reply.status < 500, reply.text
    anonymous = console.ask(route.method, path, form=None if route.method == "GET" else {})
    assert (anonymous.status, anonymous.headers["location"].partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.path)
def test_a_form_of_another_site_is_refused(console: Console, route: Route) -> None:
    name = NAMES[min(route.roles)]
    for form in ({}, {"csrf": "0" * 64}, {"csrf": console.csrf("ministry" if name != "ministry" else "tutor")}):
        assert console.ask("POST", path_of(route), cookie=console.session(name), form=form).status == 403
    own = {"csrf": console.csrf(name)}
    elsewhere = console.ask("POST", path_of(route), cookie=console.session(name), form=own, Origin="https://evil.example")
    assert elsewhere.status == 403


def test_a_refusal_is_in_the_audit_log(console: Console) -> None:
    console.ask("GET", "/users", cookie=console.session("ministry"))
    with StoreReader(console.data).administration.look() as connection:
        found, _ = audit.search(connection, who="ministry", words="refused")
    assert any(entry.object == "page /users" for entry in found)


def test_the_guards_are_on_every_answer(console: Console) -> None:
    paths = ("/sign-in", "/", "/nonesuch", "/users", "/static/x/console.css", "/static/x/none.css", "/live")
    for path in paths:
        reply = console.ask("GET", path, cookie=console.session("administrator"))
        policy = reply.headers["content-security-policy"]
        assert "script-src 'self';" in policy, path
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert "twisted" not in reply.headers["server"].lower()


def test_the_cookie_is_kept_from_scripts_and_other_sites(console: Console) -> None:
    reply = console.ask("POST", "/sign-in", form={"name": "tutor", "password": PASSWORD})
    assert {"HttpOnly", "SameSite=Lax"} <= set(reply.headers["set-cookie"].split("; "))


def test_signing_out_ends_the_session(console: Console) -> None:
    reply = console.ask("POST", "/sign-in", form={"name": "tutor", "password": PASSWORD})
    cookie = reply.headers["set-cookie"].split(";")[0]
    page = console.ask("GET", "/", cookie=cookie)
    csrf = re.search(r'name="csrf" content="(\w+)"', page.text)
    assert csrf
    assert console.ask("POST", "/sign-out", cookie=cookie, form={"csrf": csrf[1]}).status == 303
    assert console.ask("GET", "/", cookie=cookie).status == 303


CHANGED = {"it": "La sessione è cambiata: torna indietro", "en": "The session has changed: go back"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["anna", "ministry"])
def test_a_form_of_an_earlier_session_is_refused_with_the_reason(console: Console, name: str, language: str) -> None:
    earlier, permission = console.csrf("tutor"), {"it": "Non hai il permesso", "en": "You may not do this"}[language]
    for path in ("/contacts/new", "/sign-out"):

        def post(form: dict[str, str], path: str = path, **headers: str) -> tuple[int, bool, bool]:
            cookie = console.session(name)
            reply = console.ask("POST", path, cookie=cookie, form=form, Accept_Language=language, **headers)
            return reply.status, CHANGED[language] in reply.text, permission in reply.text

        assert post({"csrf": earlier}) == (403, True, False)
        assert post({"csrf": console.csrf(name)}, X_CSRF_Token=earlier) == (403, True, False)
        assert post({}) == (403, False, True)
        assert post({"csrf": earlier}, Origin="https://evil.example") == (403, False, True)
        assert post({"csrf": console.csrf(name)}, Origin="https://evil.example") == (403, False, True)
    with StoreReader(console.data).administration.look() as connection:
        found, _ = audit.search(connection, who=name, words="page /contacts/new")
    assert [entry.detail for entry in found[:5]] == ["a form of another site or session"] * 5, "the audit log keeps them"


@pytest.mark.parametrize("headers", [{"HX_Request": "true"}, {"Sec_Fetch_Dest": "empty"}])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_script_without_a_session_is_told_and_not_led_away(console: Console, method: str, headers: dict[str, str]) -> None:
    form = {} if method == "POST" else None
    reply = console.ask(method, "/cases/new", cookie="ivr_session=gone", form=form, Accept_Language="it", **headers)
    assert (reply.status, "La sessione è finita: accedi di nuovo." in reply.text) == (401, True)
    assert not {"location", "hx-redirect"} & set(reply.headers)


def test_a_refused_feed_says_whether_there_is_a_session(console: Console) -> None:
    assert console.ask("GET", "/live", cookie="ivr_session=gone", Origin=console.url).status == 401
    assert console.ask("GET", "/live", cookie=console.session("anna"), Origin="https://evil.example").status == 403


def test_after_five_wrong_passwords_the_door_stays_shut_for_a_while(console: Console) -> None:
    statuses = [console.ask("POST", "/sign-in", form={"name": "nobody", "password": "x"}).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    # Others behind the same address are not shut out with them.
    assert console.ask("POST", "/sign-in", form={"name": "tutor", "password": PASSWORD}).status == 303


def test_many_tries_at_once_are_no_more_than_one_after_the_other(console: Console) -> None:
    with ThreadPoolExecutor(12) as pool:
        tries = [pool.submit(console.ask, "POST", "/sign-in", form={"name": "many", "password": "x"}) for _ in range(12)]
    assert sorted(each.result().status for each in tries) == [422] * 5 + [429] * 7


@pytest.mark.timeout(180)
@pytest.mark.parametrize("forwarded", [True, False])
def test_wrong_passwords_shut_the_door_to_their_own_address(tmp_path: Path, forwarded: bool) -> None:
    site = Console(tmp_path, SETTINGS.replace("[console]", f"[console]\nforwarded = {str(forwarded).lower()}"))
    site.open()

    def status(name: str, address: str) -> int:
        form = {"name": name, "password": "x"}
        return site.ask("POST", "/sign-in", form=form, X_Forwarded_For=f"10.0.0.{len(name)}, {address}").status

    try:
        assert [status(f"n{number}", "203.0.113.7") for number in range(51)] == [422] * 50 + [429]
        assert status("anna", "203.0.113.8") == (422 if forwarded else 429)
        assert status("bruno", "nonsense") == (422 if forwarded else 429), "the proxy's own"
        with StoreReader(site.data).administration.look() as connection:
            noted = {entry.detail for entry in audit.entries(connection, 100) if entry.what == "sign-in refused"}
    finally:
        site.close()
    assert noted == ({"203.0.113.7", "203.0.113.8", "127.0.0.1"} if forwarded else {"127.0.0.1"})


def test_who_signs_in_has_all_tries_again() -> None:
    throttle = Throttle()
    for _ in range(200):
        assert throttle.wait("anna", "::1") == 0
        throttle.tried("anna", "::1")
        throttle.succeeded("anna", "::1")


def test_a_connection_ends_with_its_session(console: Console) -> None:
    """Also when the command line has disabled its user: no engine was told."""
    store = StoreReader(console.data)
    with store.administration.change() as connection:
        tokens = [sessions.begin(connection, users.get(connection, name), time.time()) for name in ("tutor", "ministry")]
    closed: list[str] = []
    told: list[tuple[str, str]] = []

    class Place:
        async def read(self, function: Any, *args: Any) -> Any:
            with store.administration.look() as connection:
                return function(connection, *args)

    class Wire:
        def __init__(self, token: str) -> None:
            self.token = token

        def ping(self) -> None:
            """Sent with every check."""

        def sendTextMessage(self, text: str) -> None:  # noqa: N802 - Twisted's name
            told.append((self.token, text))

        def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
            closed.append(self.token)

    clock = Clock()
    live, access = Live(clock), Access(Place())  # type: ignore[arg-type]
    with store.administration.look() as connection:
        for token in tokens:
            tab = Tab(live, sessions.find(connection, token, time.time())[0], token)  # type: ignore[index]
            tab._transport = Wire(token)
            live.came(tab)
    looked: list[Deferred[None]] = []
    live.on_check = lambda: looked.append(Deferred.fromCoroutine(access.look_after(live)))
    live.start()
    clock.advance(20)
    assert closed == []
    with store.administration.change() as connection:
        sessions.end(connection, tokens[0], time.time())
    clock.advance(20)
    assert closed == [tokens[0]]
    assert told == [(tokens[0], '{"kind":"over"}')]


def test_a_connection_that_lingers_is_neither_written_to_nor_waited_for() -> None:
    """A browser that lags has not taken all when it is cut off; the WebSocket refuses whatever is sent after its end."""
    deeds: list[str] = []

    class Socket:
        def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
            deeds.append("abort")

    class Wire:
        transport = Socket()

        def __getattr__(self, name: str) -> Any:
            return lambda *_: deeds.append(name)

    live = Live(Clock())
    tab = Tab(live, users.User("anna", "", Role.OPERATOR, disabled=False), "token")
    tab._transport = Wire()
    live.came(tab)
    live.sign_out("token")
    live.drop("anna")
    live.tell("anna", "desk")
    tab.send_bytes(b"x")
    assert deeds == ["sendTextMessage", "loseConnection"]
    tab.check()
    assert deeds[2:] == ["abort"]


def test_what_cannot_be_done_for_a_user_is_said_in_their_row_and_kept(console: Console) -> None:
    reply = console.post("administrator", "/users/anna", do="desk", queues="lavoro <script>", phone="PJSIP/a b")
    assert reply.status == 422
    assert 'id="desk-anna-mistake"' in reply.text
    assert 'value="lavoro &lt;script&gt;"' in reply.text
    assert 'value="PJSIP/a b"' in reply.text
    short = console.post("administrator", "/users/bruno", do="password", password="x")
    assert 'id="password-bruno-mistake"' in short.text
    assert 'id="password-anna-mistake"' not in short.text


def test_a_password_is_kept_as_it_was_typed(console: Console) -> None:
    with StoreReader(console.data).administration.change() as connection:
        users.add(connection, "bianca", Role.TUTOR, "", 0, "test")
    password = " una frase con\u00a0spazi "
    assert console.post("administrator", "/users/bianca", do="password", password=password).status == 303
    assert console.ask("POST", "/sign-in", form={"name": "bianca", "password": password.strip()}).status == 422
    assert console.ask("POST", "/sign-in", form={"name": "bianca", "password": password}).status == 303


def test_a_user_comes_back_and_does_something_else(console: Console) -> None:
    store = StoreReader(console.data).administration
    with store.change() as connection:
        users.add(connection, "rosa", Role.TUTOR, "Rosa Blu", 0, "test")
        users.set_tutor(connection, "bruno", "rosa", 0, "test")
    refused = console.post("administrator", "/users/rosa", do="role", role="supervisor")
    assert 'id="role-rosa-mistake"' in refused.text, "her team would be without her"
    with store.change() as connection:
        users.set_tutor(connection, "bruno", "", 0, "test")
    for form in ({"do": "role", "role": "supervisor"}, {"do": "disable"}, {"do": "enable"}):
        assert console.post("administrator", "/users/rosa", **form).status == 303
    with store.look() as connection:
        rosa = users.get(connection, "rosa")
        assert (rosa.role, rosa.disabled, users.password_hash(connection, "rosa")) == (Role.SUPERVISOR, False, "")
        deeds = [entry.what for entry in audit.entries(connection, 10, "user rosa")]
    assert deeds[:3] == ["user enabled", "user disabled", "role changed"]
    assert console.post("administrator", "/users/administrator", do="role", role="tutor").status == 422, "not one's own"


def test_whoever_is_named_in_a_list_has_been_looked_at(console: Console) -> None:
    store = StoreReader(console.data)
    with store.administration.change() as connection:
        connection.execute("INSERT INTO citizens (number, name, created) VALUES ('+393330001112', 'Zoe Unica', 0)")
        citizen = connection.execute("SELECT id FROM citizens WHERE name = 'Zoe Unica'").fetchone()["id"]
    assert "Zoe Unica" in console.ask("GET", "/citizens?q=Zoe", cookie=console.session("supervisor")).text
    with store.administration.look() as connection:
        found, _ = audit.search(connection, words=f"citizen {citizen}")
        nobody, _ = audit.search(connection, words=f"citizen {citizen}9")
        bare, _ = audit.search(connection, words=str(citizen))
        later, _ = audit.search(connection, words=f"citizen {citizen}", since=time.time() + 60)
    assert ("searched citizens", "supervisor", f"citizen:{citizen}") in [(it.what, it.who, it.detail) for it in found]
    assert "searched citizens" not in {it.what for it in (*nobody, *bare)}, "only who is named is found"
    assert later == []


def test_a_team_is_shown_and_holds_ten(console: Console) -> None:
    with StoreReader(console.data).administration.change() as connection:
        for number in range(10):
            users.add(connection, f"o{number}", Role.OPERATOR, "", 0, "test")
            users.set_tutor(connection, f"o{number}", "tutor", 0, "test")
    reply = console.post("administrator", "/users/anna", do="tutor", tutor="tutor")
    assert reply.status == 422
    assert 'id="tutor-anna-mistake"' in reply.text
    assert "10/10" in reply.text


def test_a_lines_form_keeps_what_was_typed_in_it_and_leaves_the_others_alone(console: Console) -> None:
    closure = console.post("supervisor", "/lines/prova/closures", emergency="1", until="2099-01-01T10:00", periods="nove")
    assert closure.status == 422
    assert 'name="emergency" value="1" checked' in closure.text
    assert closure.text.count('value="2099-01-01T10:00"') == 1
    off = console.post("supervisor", "/lines/prova/switch", off="1", function="slow")
    assert 'id="switch_reason-mistake"' in off.text
    assert '<option value="slow" selected>' in off.text


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(console: Console, onward: str) -> None:
    page = console.ask("GET", f"/sign-in?next={onward}").text
    assert 'name="next" value="/"' in page
    form = {"name": "tutor", "password": PASSWORD, "next": onward}
    assert console.ask("POST", "/sign-in", form=form).headers["location"] == "/"


def test_a_body_that_is_too_long_is_not_read(console: Console) -> None:
    try:
        status = console.ask("POST", "/sign-in", form={"name": "x" * LONGEST_BODY}).status
    except (ConnectionError, http.client.HTTPException):
        status = 400  # cut off before the answer could be read
    assert status in {400, 413}


@pytest.mark.parametrize("body", [b"&a=1" * 60_000, b"a=" + b"%41" * 300_000], ids=["fields", "a long field"])
def test_a_form_of_a_million_fields_is_not_read(console: Console, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": console.session("tutor")}
    console.csrf("tutor")
    for path in ("/sign-in", "/sign-out", "/language"):
        connection = http.client.HTTPConnection(urlsplit(console.url).netloc, timeout=30)
        connection.request("POST", path, body, headers)
        assert connection.getresponse().status == 413
        connection.close()


def _sent(kind: int, data: bytes, length: int | None = None) -> bytes:
    """A frame as browsers send it, with a mask that changes nothing."""
    size = len(data) if length is None else length
    short = struct.pack(">BB", kind, 0x80 | size) if size < 126 else struct.pack(">BBH", kind, 0x80 | 126, size & 0xFFFF)
    return (short if size < 1 << 16 else struct.pack(">BBQ", kind, 0x80 | 127, size)) + bytes(4) + data


_UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (_sent(0x81, b"", 1 << 30), b"x" * 10_000),
        (_sent(0x01, b"x"), _sent(0x00, b"x" * 10_000)),
        (_sent(0x01, b"x"), _sent(0x00, b"x" * 10_000) + _sent(0x8A, b"")),
    ],
    ids=["one frame", "pieces", "pieces with signs of life"],
)
def test_a_message_without_end_is_cut_off(console: Console, begin: bytes, piece: bytes) -> None:
    url = urlsplit(console.url)
    headers = {**_UPGRADE, "Host": url.netloc, "Origin": console.url, "Cookie": console.session("tutor")}
    with socket.create_connection((url.hostname, url.port), timeout=15) as tab:
        tab.sendall("\r\n".join(["GET /live HTTP/1.1", *map(": ".join, headers.items()), "", ""]).encode())
        assert tab.recv(1000).startswith(b"HTTP/1.1 101")
        for _ in range(5):
            tab.sendall(_sent(0x81, b'{"kind": "nothing"}'.ljust(20_000)))  # many that end are as good as one
        tab.sendall(_sent(0x81, b'{"kind": "phone-dial", "number": "1"}'))
        assert b"phone-refused" in tab.recv(1000)
        tab.sendall(begin)
        tab.settimeout(10)  # less than from one ping to the next
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                tab.sendall(piece)
            while tab.recv(1000):
                pass


@pytest.mark.parametrize("cookie", ["", "ivr_session=invented"])
@pytest.mark.parametrize("length", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
def test_a_stranger_sends_no_documents(console: Console, cookie: str, length: str) -> None:
    url = urlsplit(console.url)
    with socket.create_connection((url.hostname, url.port), timeout=15) as stranger:
        stranger.sendall(f"POST /contacts/new HTTP/1.1\r\nHost: {url.netloc}\r\nCookie: {cookie}\r\n{length}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):  # cut off
            for _ in range(10):
                stranger.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            assert stranger.recv(100).startswith(b"HTTP/1.1 400")


def test_a_form_with_all_its_documents_is_taken(console: Console) -> None:
    fields = {
        "csrf": console.csrf("back_office"),
        "medium": "post",
        "line": "prova",
        "at": "2026-01-02T10:00",
        "text": "x" * LONGEST_TEXT,
    }
    parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    for number in range(1, MOST_FILES + 1):
        parts.append(f'name="file{number}"; filename="{number}.pdf"\r\n\r\n'.encode() + b"\0" * LARGEST_FILE)
    body = b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"
    connection = http.client.HTTPConnection(urlsplit(console.url).netloc, timeout=30)
    headers = {"Cookie": console.session("back_office"), "Content-Type": "multipart/form-data; boundary=x"}
    connection.request("POST", "/contacts/new", body, headers)
    reply = connection.getresponse()
    assert reply.status == 303, reply.read().decode()
    connection.close()


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method == "POST"], ids=lambda route: route.path)
def test_an_act_leads_back_to_a_page(route: Route) -> None:
    pages = {page.path for page in ROUTES if page.method == "GET"}
    assert page_of(route, route.path) in pages


def test_the_language_is_chosen_without_leaving_the_page(console: Console) -> None:
    def offered(text: str) -> str:
        return html.unescape(re.findall(r'name="next" value="([^"]*)"', text)[-1])

    def page(name: str, path: str) -> str:
        return console.ask("GET", path, cookie=console.session(name)).text

    assert offered(page("anna", "/citizens?q=333&x=%C3%A8")) == "/citizens?q=333&x=%C3%A8"
    assert offered(console.post("supervisor", "/lines/prova/closures", periods="nove").text) == "/lines/prova"
    assert offered(console.post("supervisor", "/reports/close", month="13").text) == "/reports"
    form = {"csrf": console.csrf("anna"), "medium": "none"}
    referer = f"{console.url}/contacts/new?line=prova"
    again = console.ask("POST", "/contacts/new", cookie=console.session("anna"), form=form, Referer=referer)
    assert (again.status, offered(again.text)) == (422, "/contacts/new?line=prova")
    elsewhere = console.ask(
        "POST", "/contacts/new", cookie=console.session("anna"), form=form, Referer="https://evil.example/x?y"
    )
    assert offered(elsewhere.text) == "/contacts/new"
    assert offered(console.ask("GET", "/sign-in?next=/cases%3Fq%3D1").text) == "/sign-in?next=/cases%3Fq%3D1"
    assert console.post("anna", "/language", language="en", next="/citizens?q=333").headers["location"] == "/citizens?q=333"
    assert console.post("anna", "/language", language="en", next="//evil.example").headers["location"] == "/"


def test_every_text_is_there_in_both_languages() -> None:
    texts = Texts()
    assert len(texts._texts) > 200
    for key, said in texts._texts.items():
        assert set(said) == set(LANGUAGES), key
        fields = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in said.values()}
        assert len(fields) == 1, key
