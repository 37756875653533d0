"""Connections beyond a port's limit are closed at once, and there is room again when others have gone."""

from __future__ import annotations

from types import SimpleNamespace

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource

from ivr_engine.agi.server import MOST_UNINTRODUCED, AgiServer, AgiSettings
from ivr_engine.ports import LimitedSite

HERE = IPv4Address("TCP", "127.0.0.1", 40000)


async def _nobody(_agi: object) -> None:
    return


def test_an_asterisk_gone_mad_gets_no_more_than_its_share_of_connections() -> None:
    server = AgiServer(Clock(), AgiSettings(max_calls=3), _nobody)
    for _ in range(3 + MOST_UNINTRODUCED):
        session = server.buildProtocol(HERE)
        assert session is not None
        session.makeConnection(StringTransport())
    assert server.buildProtocol(HERE) is None
    assert server.statistics().refused == 1
    session.connectionLost(SimpleNamespace())  # type: ignore[arg-type]
    assert server.buildProtocol(HERE) is not None


def test_a_web_port_counts_a_connection_until_it_is_closed() -> None:
    site = LimitedSite(Resource(), 2, 60)
    transports = []
    for _ in range(2):
        transport = StringTransport()
        transport.connected = True
        site.buildProtocol(HERE).makeConnection(transport)
        transports.append(transport)
    assert site.buildProtocol(HERE) is None
    transports[0].connected = False
    assert site.buildProtocol(HERE) is not None
