"""What Jupyter's server does for the explorer: it sends the messages of kernels without holding them back."""

from typing import Any

_CONNECTION = "kernel_websocket_connection_class"


def sending_at_once(connection: type[Any]) -> type[Any]:
    """Return a class of connections from a kernel to a browser that send each message at once.

    TCP holds a small packet back while one before it is not confirmed (Nagle's algorithm, RFC 896), and a browser
    confirms after up to 40 ms. A picture comes after the kernel's word that it is busy, so each would wait.
    """

    class AtOnce(connection):  # type: ignore[misc]
        async def connect(self) -> None:
            self.websocket_handler.set_nodelay(True)
            connected = super().connect()
            if connected is not None:  # which it is where the kernel has gone
                await connected

    return AtOnce


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    # Whichever class was configured stays what it is; a server that knows of none is left alone.
    settings = server.web_app.settings
    if settings.get(_CONNECTION) is not None:
        settings[_CONNECTION] = sending_at_once(settings[_CONNECTION])
