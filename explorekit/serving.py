"""A study as an app: a page with its explorer, for people without a notebook."""

import json
import os
import secrets
import signal
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from explorekit.errors import StudyError
from explorekit.opening import open as open_study
from explorekit.server_extension import sending_at_once
from explorekit.study_folder import StudyFolder


def serve(
    path: str | os.PathLike[str],
    *,
    ip: str = "127.0.0.1",
    port: int = 0,
    view: str | None = None,
    browser: bool = True,
    say: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve the explorer of a study with Voilà until it is interrupted; nothing is left behind.

    Whoever opens the page needs the token that is part of its address.

    Parameters
    ----------
    path
        A study directory, or a file that one was exported to.
    ip
        The address to listen at; by default this machine's own alone.
    port
        The port; 0 for a free one.
    view
        The name of a marked view of the study to open.
    browser
        Whether to open a browser here.
    say
        Called with each line to tell.

    Raises
    ------
    StudyError
        If there is no study, no such view, or the port is taken.
    ImportError
        If Voilà is not installed.
    """
    study = open_study(path)
    state = _marked(study, view) if view is not None else {}
    try:
        from voila.app import Voila
    except ImportError:
        raise ImportError(
            "an app is served by Voilà, which is not installed: pip install 'explorekit[app]'"
        ) from None

    with tempfile.TemporaryDirectory(prefix="explorekit-serve-") as folder:
        scratch = Path(folder)

        class App(Voila):  # type: ignore[misc]
            """Says where it is once it listens there."""

            def launch_browser(self) -> None:
                address = f"http://{_host(ip)}:{self.port}/?token={self.token}"
                say(f"{study.name} is served at {address}")
                say("Ctrl-C ends it.")
                if browser:
                    threading.Thread(target=_open_browser, args=(scratch, address), daemon=True).start()

        notebook = scratch / "explorer.ipynb"
        notebook.write_text(json.dumps(_notebook(study.name, _cell(study.path, state))), encoding="utf-8")
        app = App(
            ip=ip,
            port=port or _free_port(ip),
            port_retries=0,
            token=secrets.token_urlsafe(24),
            connection_dir_root=folder,
            log_level="ERROR",
            open_browser=True,  # which is when it calls `launch_browser`
        )
        app.kernel_websocket_connection_class = sending_at_once(app.kernel_websocket_connection_class)
        app.initialize([str(notebook)])
        # A terminal that is closed ends it as a signal to end does.
        hung_up = signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        try:
            app.start()
        except SystemExit as error:
            raise StudyError(
                f"cannot listen at {ip}, port {app.port}: give another --port, or none."
            ) from error
        finally:
            signal.signal(signal.SIGHUP, hung_up)


def _marked(study: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(study, StudyFolder):
        raise StudyError(
            f"{study.path} is an exported file, which has no marked views; expected a study directory."
        )
    try:
        return study.views[name]
    except KeyError as error:
        raise StudyError(str(error.args[0])) from None


def _host(ip: str) -> str:
    """Return an address as it stands in that of a page."""
    if ip in ("", "0.0.0.0", "::"):  # noqa: S104 - every address of this machine
        return socket.gethostname()
    return f"[{ip}]" if ":" in ip else ip


def _free_port(ip: str) -> int:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    with socket.create_server((ip, 0), family=family) as listener:
        port: int = listener.getsockname()[1]
        return port


def _cell(path: Path, state: Mapping[str, Any]) -> str:
    # Files are saved where the command was given, not where the notebook lies.
    return (
        f"import os\nos.chdir({os.getcwd()!r})\n"  # noqa: PTH109
        f"import explorekit as ek\nek.explore({str(path)!r}, **{dict(state)!r})"
    )


def _notebook(title: str, code: str) -> dict[str, Any]:
    heading = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": f"## {escape(title)}"}
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "explorer",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": code,
    }
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"title": title, "kernelspec": kernel},
        "cells": [heading, cell],
    }


def _open_browser(scratch: Path, address: str) -> None:
    """Open a browser by a file, since other users see the arguments of a command."""
    file = scratch / "open.html"
    file.write_text(f'<meta http-equiv="refresh" content="0; url={escape(address)}">', encoding="utf-8")
    webbrowser.open(file.as_uri())
