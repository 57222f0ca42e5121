"""A Jupyter server sends what a kernel says at once, over a real socket."""

import asyncio
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from tornado import httpserver, testing, web, websocket

from explorekit import server_extension


class Connection:
    """What a server connects to a kernel with."""

    def __init__(self, websocket_handler):
        self.websocket_handler = websocket_handler
        self.connected = False

    async def connect(self):
        self.connected = True

    def holds_back(self):
        stream = self.websocket_handler.ws_connection.stream
        return not stream.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


class Handler(websocket.WebSocketHandler):
    async def open(self):
        self.connection = self.settings["kernel_websocket_connection_class"](self)
        await self.connection.connect()
        held = "held back" if self.connection.holds_back() else "at once"
        await self.write_message(f"{held}, {'connected' if self.connection.connected else 'alone'}")


def said_by(application):
    async def ask():
        listener, port = testing.bind_unused_port()
        server = httpserver.HTTPServer(application)
        server.add_socket(listener)
        try:
            client = await websocket.websocket_connect(f"ws://127.0.0.1:{port}/")
            said = await client.read_message()
            client.close()
            await client.read_message()
        finally:
            server.stop()
            await server.close_all_connections()
        return said

    return asyncio.run(ask())


def test_messages_of_a_kernel_are_sent_at_once():
    application = web.Application([("/", Handler)], kernel_websocket_connection_class=Connection)
    assert said_by(application) == "held back, connected"

    server_extension._load_jupyter_server_extension(SimpleNamespace(web_app=application))

    assert said_by(application) == "at once, connected"
    assert issubclass(application.settings["kernel_websocket_connection_class"], Connection)


@pytest.mark.parametrize("settings", [{}, {"kernel_websocket_connection_class": None}])
def test_a_server_without_such_connections_is_left_alone(settings):
    application = web.Application([], **settings)

    server_extension._load_jupyter_server_extension(SimpleNamespace(web_app=application))

    assert application.settings.get("kernel_websocket_connection_class") is None


def test_a_server_where_explorekit_is_installed_loads_it():
    command = [sys.executable, "-m", "jupyter_server.extension.serverextension", "list"]

    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)

    words = [line.split() for line in (listed.stdout + listed.stderr).splitlines() if line.strip()]
    validated = [line[1] for line in words if line[0] == "explorekit.server_extension"][-1]
    assert "OK" in validated
