"""Who may see what: every route with every role, sign-in, sessions, forms of other sites, and the guards on every answer."""

from __future__ import annotations

import http.client
import re

import pytest

from ivr_engine.console.routes import ROUTES, Route
from ivr_engine.console.texts import LANGUAGES, Texts
from ivr_engine.records import audit
from ivr_engine.records.store import StoreReader
from ivr_engine.records.users import Role

from .site import PASSWORD, Console

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


def test_after_five_wrong_passwords_the_door_stays_shut_for_a_while(console: Console) -> None:
    statuses = [console.ask("POST", "/sign-in", form={"name": "nobody", "password": "x"}).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    # Others behind the same address are not shut out with them.
    assert console.ask("POST", "/sign-in", form={"name": "tutor", "password": PASSWORD}).status == 303


@pytest.mark.parametrize("onward", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(console: Console, onward: str) -> None:
    page = console.ask("GET", f"/sign-in?next={onward}").text
    assert 'name="next" value="/"' in page


def test_a_body_that_is_too_long_is_not_read(console: Console) -> None:
    try:
        status = console.ask("POST", "/sign-in", form={"name": "x" * (13 << 20)}).status
    except (ConnectionError, http.client.HTTPException):
        status = 400  # cut off before the answer could be read
    assert status in {400, 413}


def test_every_text_is_there_in_both_languages() -> None:
    texts = Texts()
    assert len(texts._texts) > 200
    for key, said in texts._texts.items():
        assert set(said) == set(LANGUAGES), key
        fields = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in said.values()}
        assert len(fields) == 1, key
