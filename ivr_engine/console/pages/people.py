"""Users: who may sign in, with which role, in whose team, at which desk."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

from ivr_engine.console.visit import one_of
from ivr_engine.errors import IvrError
from ivr_engine.records import users
from ivr_engine.records.users import Role

if TYPE_CHECKING:
    import sqlite3

    from ivr_engine.console.visit import Answer, Visit


async def index(visit: Visit) -> Answer:
    """GET /users"""
    return await _page(visit)


async def add(visit: Visit) -> Answer:
    """POST /users"""
    name, role = visit.form.text("name", 40), one_of(visit.form.text("role"), Role)
    full_name = visit.form.text("full_name", 80)
    if not role:
        return await _page(visit, {"role": visit.t("users.choose-role")})
    try:
        await visit.write(lambda connection: users.add(connection, name, Role(role), full_name, visit.now, visit.user.name))
    except IvrError as error:
        return await _page(visit, {"name": visit.refusal(error)})
    return visit.see("/users")


async def change(visit: Visit, name: str) -> Answer:
    """POST /users/NAME: one change, named by `do`."""
    what, role = visit.form.text("do"), one_of(visit.form.text("role"), Role)
    hashed, known = "", visit.office.lines().queues()
    try:
        if what == "password":
            hashed = await visit.office.in_thread(users.hashed, visit.form.typed("password", users.LONGEST_PASSWORD + 1))

        def carry_out(connection: sqlite3.Connection) -> None:
            match what:
                case "password":
                    users.set_password(connection, name, hashed, visit.now, visit.user.name)
                case "disable" if name != visit.user.name:
                    users.disable(connection, name, visit.now, visit.user.name)
                case "enable":
                    users.enable(connection, name, visit.now, visit.user.name)
                case "role" if name != visit.user.name and role:
                    users.set_role(connection, name, Role(role), visit.now, visit.user.name)
                case "tutor":
                    users.set_tutor(connection, name, visit.form.text("tutor", 40), visit.now, visit.user.name)
                case "desk":
                    queues = visit.form.text("queues").replace(",", " ").split()
                    phone = visit.form.text("phone", 80) or f"PJSIP/{name}"
                    users.set_desk(connection, name, phone, queues, known, visit.now, visit.user.name)
                case _:
                    raise IvrError(visit.t("users.cannot"))

        await visit.write(carry_out)
        if what in {"password", "disable", "role"}:
            visit.office.live.drop(name)
    except IvrError as error:
        return await _page(visit, {f"{what} {name}": visit.refusal(error), "change": visit.t("users.not-done", name=name)})
    return visit.see(f"/users?saved={quote(name)}")


async def _page(visit: Visit, mistakes: dict[str, str] | None = None) -> Answer:
    everybody = await visit.read(users.everybody)
    return visit.page(
        "users/list.html",
        status=422 if mistakes else 200,
        everybody=everybody,
        tutors=[user for user in everybody if user.role is Role.TUTOR and not user.disabled],
        teams=Counter(user.tutor for user in everybody if not user.disabled),
        team=users.TEAM,
        roles=list(Role),
        form=visit.form,
        mistakes=mistakes,
        saved=one_of(visit.query.text("saved", 40), {user.name for user in everybody}),
        shortest=users.SHORTEST_PASSWORD,
    )
