"""The console's web server: finds out who asks, whether they may, runs the page, and puts the same guards on every answer."""

from __future__ import annotations

import gzip
import io
from functools import partial
from ipaddress import ip_address
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import structlog
from klein import Klein
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.web.server import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from ivr_engine.agi.server import SPARE_FILES, raise_file_limit
from ivr_engine.console import live
from ivr_engine.console.access import COOKIE, Access, SignedIn
from ivr_engine.console.phone import Phones, offered
from ivr_engine.console.routes import MENU, ROUTES, page_of
from ivr_engine.console.static_files import StaticFiles
from ivr_engine.console.templating import Templates
from ivr_engine.console.texts import LANGUAGES
from ivr_engine.console.visit import Answer, Fields, Forbidden, NotFound, Upload, Visit
from ivr_engine.errors import IvrError, Unavailable
from ivr_engine.ports import LimitedSite
from ivr_engine.records.by_hand import LARGEST_FILE, MOST_FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ivr_engine.console.routes import Route
    from ivr_engine.console.visit import Office

log = structlog.get_logger()

LONGEST_BODY = MOST_FILES * LARGEST_FILE + (1 << 20)
LONGEST_FORM, MOST_FIELDS = 1 << 18, 200
"""Bytes and fields of a form but for its documents: it is read in the reactor's thread, whoever sent it."""
MOST_CONNECTIONS = 4000
"""Browsers keep a few each, and one for the live feed."""
_LANGUAGE = "ivr_language"
_WORTH_PACKING = 1000  # bytes
_IDLE_S = 75  # seconds a connection may stay quiet
_YEAR_S = 365 * 86400
_GUARDS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Server": "ivr-engine",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_TLS_GUARDS = {"Strict-Transport-Security": f"max-age={_YEAR_S}"}


class BoundedRequest(Request):
    """Refuses a body that is too long before it is read, reads headers whatever bytes they hold. `knows`: is that the token of a
    session? Only who has one sends documents."""

    def __init__(self, *channel: Any, knows: Callable[[str], bool] = lambda _token: False) -> None:
        super().__init__(*channel)  # type: ignore[no-untyped-call]
        self._knows, self._longest = knows, LONGEST_FORM

    def getHeader(self, key: Any) -> Any:  # noqa: N802 - Twisted's name
        """The last value of a header; bytes that are no UTF-8, which Twisted would raise at, become U+FFFD."""
        values = self.requestHeaders.getRawHeaders(key if isinstance(key, bytes) else key.encode("latin-1", "replace"), [])
        return values[-1].decode("utf-8", "replace") if isinstance(key, str) and values else values[-1] if values else None

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        """The length the browser announces; None when it comes in pieces, which no browser does with a form."""
        if self._knows(_token(self)):  # strangers would fill memory and disk
            self._longest = LONGEST_BODY
        if length is not None and length > self._longest:
            self.channel._respondToBadRequestAndDisconnect()  # type: ignore[no-untyped-call]
            return
        super().gotLength(length)  # type: ignore[no-untyped-call]

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """More of the body."""
        if self.content is not None and self.content.tell() + len(data) > self._longest:
            self.channel._respondToBadRequestAndDisconnect()  # type: ignore[no-untyped-call]
            return
        super().handleContentChunk(data)  # type: ignore[no-untyped-call]


class Console:
    """The web server. Raises Unavailable when its port cannot be had."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.access = Access(office)
        self.static = StaticFiles()
        self.templates = Templates(_menu, self.static.address)
        self._port: Any = None

    def listen(self) -> int:
        """Open the port; its number."""
        settings = self.office.settings.console
        site = LimitedSite(self._klein().resource(), MOST_CONNECTIONS, _IDLE_S)
        site.requestFactory = partial(BoundedRequest, knows=self.access.knows)  # type: ignore[assignment]  # any callable will do
        raise_file_limit(self.office.settings.agi.max_calls + SPARE_FILES + MOST_CONNECTIONS)
        try:
            self._port = self.office.reactor.listenTCP(settings.port, site, interface=settings.host)
        except OSError as error:
            raise Unavailable(
                f"the console's port {settings.host}:{settings.port} cannot be opened: {error}",
                "choose another one: [console] port",
            ) from error
        self.office.live.on_check = self._look_after
        self.office.live.start()
        _ = self.office.cards  # from now on they follow the calls
        Phones(self.office, self.templates.refusals)
        return int(self._port.getHost().port)

    def _look_after(self) -> None:
        Deferred.fromCoroutine(self.access.look_after(self.office.live)).addErrback(
            lambda failure: log.error("sessions cannot be looked after", why=str(failure.value))
        )

    async def stop(self) -> None:
        """Close the port and the live feed."""
        self.office.cards.stop()
        self.office.live.stop()
        if self._port is not None:
            await maybeDeferred(self._port.stopListening)

    def _klein(self) -> Klein:
        app = Klein()

        def add(path: str, methods: list[str], handler: Any) -> None:
            app.route(path, methods=methods, endpoint=path)(handler)

        add("/static/<version>/<path:path>", ["GET"], self._static)
        add("/sign-in", ["GET", "POST"], self._plain(self._sign_in))
        add("/sign-out", ["POST"], self._plain(self._sign_out))
        add("/language", ["POST"], self._plain(self._choose_language))
        add("/live", ["GET"], self._live)
        by_path: dict[str, dict[str, Route]] = {}
        for route in ROUTES:
            by_path.setdefault(route.path, {})[route.method] = route
        for path, routes in by_path.items():
            add(path, [*routes], self._page(routes))
        add("/<path:path>", ["GET", "POST"], self._page({}))
        return app

    # Every answer

    def _send(self, request: Any, answer: Answer) -> bytes:
        request.setResponseCode(answer.status)
        tls = _TLS_GUARDS if self.office.settings.console.https else {}
        for name, value in {**_GUARDS, **tls, "Cache-Control": "no-store", **answer.headers}.items():
            request.setHeader(name.encode(), value.encode("latin-1", "replace"))
        request.setHeader(b"content-type", answer.content_type.encode())
        body = answer.body
        if (
            len(body) > 1000
            and "gzip" in (request.getHeader("accept-encoding") or "")
            and answer.content_type.startswith("text/")
        ):
            body = gzip.compress(body, 5)
            request.setHeader(b"content-encoding", b"gzip")
            request.setHeader(b"vary", b"accept-encoding")
        return body

    def _static(self, request: Any, version: str, path: str) -> bytes:
        file = self.static.get(path)
        if file is None:
            return self._send(request, Answer(404, b"", "text/plain"))
        keep = f"public, max-age={_YEAR_S}, immutable" if version == self.static.version else "no-cache"
        packed = file.packed is not None and _takes_gzip(request)
        headers = {"Cache-Control": keep, "Vary": "accept-encoding", **({"Content-Encoding": "gzip"} if packed else {})}
        request.setResponseCode(200)
        for name, value in {**_GUARDS, **headers, "Content-Type": file.content_type}.items():
            request.setHeader(name.encode(), value.encode())
        return file.packed if packed and file.packed is not None else file.content

    # Pages

    def _page(self, routes: Mapping[str, Route]) -> Any:
        async def page(request: Any, **parts: str) -> bytes:
            return await self._guarded(request, self._visit(request, routes.get(request.method.decode()), parts))

        return page

    def _plain(self, handler: Any) -> Any:
        async def page(request: Any) -> bytes:
            return await self._guarded(request, handler(request))

        return page

    async def _guarded(self, request: Any, answering: Any) -> bytes:
        language = _language(request)
        try:
            answer = await answering
        except Unavailable as error:
            answer = self._problem(503, "console.unavailable", language, self.templates.refusals.say(language, error))
        except RequestEntityTooLarge:
            answer = self._problem(413, "console.too-long", language)
        except Exception:
            log.exception("a page failed", method=request.method, path=request.path)
            answer = self._problem(500, "console.failed", language)
        return self._send(request, answer)

    async def _visit(self, request: Any, route: Route | None, parts: dict[str, str]) -> Answer:
        if contact := parts.get("contact"):
            structlog.contextvars.bind_contextvars(contact=contact[:40])
        signed_in = await self._session(request)
        if signed_in is None:
            return self._problem(401, "console.over", _language(request)) if _by_script(request) else _to_sign_in(request)
        form, files = _form(request) if request.method == b"POST" else (Fields(), {})
        visit = self._visit_of(request, signed_in, form, files, _here(request, route))
        try:
            if route is None:
                raise NotFound
            if route.method == "POST" and (why := _distrust(request, signed_in, form)):
                return await _refuse(visit, "a form of another site or session", why)
            if visit.user.role not in route.roles:
                raise Forbidden(f"{route.method} {route.path}")
            return await route.handler(visit, **parts)
        except NotFound as missing:
            return visit.page("problem.html", status=404, heading=visit.t("console.not-found"), detail=str(missing))
        except Forbidden as refused:
            return await _refuse(visit, str(refused))
        except Unavailable:
            raise
        except IvrError as error:
            return visit.page("problem.html", status=422, heading=visit.t("console.refused"), detail=visit.refusal(error))

    def _visit_of(self, request: Any, signed_in: SignedIn, form: Fields, files: Mapping[str, Upload], here: str) -> Visit:
        return Visit(
            office=self.office,
            user=signed_in.user,
            language=_language(request),
            now=self.office.clock.now(),
            path=request.path.decode("utf-8", "replace"),
            here=here,
            query=Fields(_decoded(request)),
            form=form,
            files=files,
            partial=request.getHeader("hx-request") == "true" and request.getHeader("hx-boosted") != "true",
            csrf=signed_in.csrf,
            templates=self.templates,
        )

    def _problem(self, status: int, key: str, language: str, detail: str = "") -> Answer:
        heading = self.templates.texts.say(language, key)
        return Answer(status, self.templates.render_alone("alone.html", language, heading=heading, detail=detail).encode())

    # Who is there

    async def _session(self, request: Any) -> SignedIn | None:
        return await self.access.session(_token(request))

    async def _sign_in(self, request: Any) -> Answer:
        language = _language(request)
        if request.method == b"GET":
            return self._sign_in_page(language, _next(request.args.get(b"next", [b""])[0].decode("utf-8", "replace")))
        form, _files = _form(request)
        name, password, onward = form.text("name", 40).lower(), form.typed("password", 300), _next(form.text("next", 500))
        address = _address(request, forwarded=self.office.settings.console.forwarded)
        if not _same_site(request):
            return self._sign_in_page(language, onward, name, "console.sign-in-elsewhere", 403)
        if wait := self.access.throttle.wait(name, address):
            return self._sign_in_page(language, onward, name, "console.sign-in-wait", 429, seconds=round(wait + 0.5))
        token = await self.access.sign_in(name, password, address) if name and password else None
        if token is None:
            return self._sign_in_page(language, onward, name, "console.sign-in-wrong", 422)
        return Answer(303, headers={"Location": onward, "Set-Cookie": self._cookie(COOKIE, token)})

    def _sign_in_page(
        self, language: str, onward: str, name: str = "", mistake: str = "", status: int = 200, **values: object
    ) -> Answer:
        said = self.templates.texts.say(language, mistake, **values) if mistake else ""
        page = self.templates.render_alone("sign_in.html", language, onward=onward, name=name, mistake=said)
        return Answer(status, page.encode())

    async def _sign_out(self, request: Any) -> Answer:
        signed_in = await self._session(request)
        form, _files = _form(request)
        if signed_in is not None:
            if why := _distrust(request, signed_in, form):
                return self._problem(403, why, _language(request))
            await self.access.sign_out(signed_in.token)
            self.office.live.sign_out(signed_in.token)
        return Answer(303, headers={"Location": "/sign-in", "Set-Cookie": self._cookie(COOKIE, "", 0)})

    async def _choose_language(self, request: Any) -> Answer:
        form, _files = _form(request)
        chosen = form.text("language", 2)
        cookie = {"Set-Cookie": self._cookie(_LANGUAGE, chosen, _YEAR_S)} if chosen in LANGUAGES else {}
        return Answer(303, headers={"Location": _next(form.text("next", 2000)), **cookie})

    def _cookie(self, name: str, value: str, age: int | None = None) -> str:
        parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
        parts += [f"Max-Age={age}"] if age is not None else []
        parts += ["Secure"] if self.office.settings.console.https else []
        return "; ".join(parts)

    # The live feed

    async def _live(self, request: Any) -> Any:
        try:
            signed_in = await self._session(request)
        except Unavailable:
            return self._send(request, Answer(503, b"", "text/plain"))
        if signed_in is None:
            return self._send(request, Answer(401, b"", "text/plain"))  # console.js asks: a WebSocket's refusal bears no reason
        if not _same_site(request, strict=True):
            return self._send(request, Answer(403, b"", "text/plain"))
        return live.resource(live.Tab(self.office.live, signed_in.user, signed_in.token))


def _token(request: Any) -> str:
    return (request.getCookie(COOKIE.encode()) or b"").decode("ascii", "replace")


def _address(request: Any, *, forwarded: bool) -> str:
    """Where the browser is: as the proxy says, if it is to be believed."""
    said = (request.getHeader("x-forwarded-for") or "").rpartition(",")[2].strip() if forwarded else ""
    try:
        return str(ip_address(said))
    except ValueError:
        return str(request.getClientAddress().host)


def _takes_gzip(request: Any) -> bool:
    return "gzip" in (request.getHeader("accept-encoding") or "")


def _menu(visit: Visit) -> list[tuple[str, str]]:
    hidden = set() if offered(visit.office) else {"/phone"}
    return [(path, visit.t(key)) for path, key, roles in MENU if visit.user.role in roles and path not in hidden]


async def _refuse(visit: Visit, what: str, said: str = "console.forbidden") -> Answer:
    await visit.note("refused", f"page {visit.path}"[:200], what)
    return visit.page("problem.html", status=403, heading=visit.t(said), detail="")


def _by_script(request: Any) -> bool:
    """Does htmx or fetch ask? The page that does so stays, with what is typed in it."""
    return bool(request.getHeader("hx-request") == "true" or request.getHeader("sec-fetch-dest") == "empty")


def _to_sign_in(request: Any) -> Answer:
    onward = request.uri.decode("ascii", "replace") if request.method == b"GET" else "/"
    return Answer(303, headers={"Location": f"/sign-in?next={quote(onward, safe='/')}" if onward != "/" else "/sign-in"})


def _next(path: str) -> str:
    """A path of this site, whatever was asked for."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and path.isascii()
    return path if safe else "/"


def _here(request: Any, route: Route | None) -> str:
    """The address of this page. An act's answer has none: that of its page, with the query it was opened with."""
    address = str(request.uri.decode("ascii", "replace"))
    if request.method == b"GET":
        return address
    page = page_of(route, address.partition("?")[0]) if route is not None else "/"
    came = urlsplit(request.getHeader("referer") or "")
    return f"{page}?{came.query}" if came.query and came.path == page else page


def _language(request: Any) -> str:
    chosen = (request.getCookie(_LANGUAGE.encode()) or b"").decode("ascii", "replace")
    if chosen in LANGUAGES:
        return chosen
    asked = (request.getHeader("accept-language") or "").lower()
    return "en" if asked.startswith("en") else "it"


def _same_site(request: Any, *, strict: bool = False) -> bool:
    """Does the browser say that the request comes from these pages? Not `strict`: whoever says nothing is no browser."""
    origin = request.getHeader("origin")
    if not origin:
        return not strict
    return bool(urlsplit(origin).netloc == request.getHeader("host"))


def _distrust(request: Any, signed_in: SignedIn, form: Fields) -> str:
    """Why this is no form of this session, as a text's key; "": it is. Another token's is most likely of an earlier session."""
    token = request.getHeader("x-csrf-token") or form.text("csrf", 100)
    if not _same_site(request) or not token:
        return "console.forbidden"
    return "" if signed_in.allows(token) else "console.session-changed"


def _decoded(request: Any) -> dict[str, list[str]]:
    query = MultiDict(_pairs(request.uri.partition(b"?")[2].decode("utf-8", "replace")))
    return {key: list(values) for key, values in query.lists()}


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return []


def _form(request: Any) -> tuple[Fields, dict[str, Upload]]:
    kind, options = parse_options_header(request.getHeader("content-type") or "")
    request.content.seek(0)
    # Uploads are bounded and read whole anyway: in memory none is left behind as an open file when the form breaks off.
    parser = FormDataParser(
        lambda *_sizes, **_names: io.BytesIO(),
        max_form_memory_size=LONGEST_FORM,
        max_content_length=LONGEST_BODY,
        max_form_parts=MOST_FIELDS,
    )
    if kind == "application/x-www-form-urlencoded":
        _bound_fields(request.content)  # werkzeug bounds those of multipart forms alone
    length = int(request.getHeader("content-length") or 0)
    _stream, values, files = parser.parse(request.content, kind, length, options)
    uploads = {
        name: Upload((file.filename or "")[:200], (file.content_type or "")[:100], file.read())
        for name, file in files.items(multi=True)
        if file.filename
    }
    return Fields({name: list(given) for name, given in values.lists()}), uploads


def _bound_fields(content: IO[bytes]) -> None:
    """Raises RequestEntityTooLarge: millions of fields would keep all calls waiting until the watchdog ends the engine."""
    body = content.read(LONGEST_FORM + 1)
    if len(body) > LONGEST_FORM or body.count(b"&") >= MOST_FIELDS:
        raise RequestEntityTooLarge
    content.seek(0)
