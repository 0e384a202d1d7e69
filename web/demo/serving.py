"""The processes of the demonstration: the web server and the worker, each with a log of its own, stopped together."""

from __future__ import annotations

import ctypes
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: How many ports are tried one after another where one is taken.
PORTS_TRIED = 50

#: How long the server may take to answer, and a child to stop when it is asked to.
READY_WITHIN_S, STOPPED_WITHIN_S = 90, 20

#: The words by which both children are started: the same as the command's own.
_COMMAND = "from web.demo.serving import leave_with_parent as l; l(); from web.cli import main; main()"

#: What Linux calls the wish to be told of the parent's end.
_PR_SET_PDEATHSIG = 1

#: The same for a child that inherits a listening socket, handed over as systemd would: by its number and this process.
_WITH_SOCKET = (
    "import os, sys; os.dup2(int(sys.argv.pop(1)), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
) + _COMMAND


class NotServed(Exception):
    """The server did not come up; the message says why and where its log is."""


def leave_with_parent() -> None:
    """Have this process asked to stop when its parent ends in any way, kill -9 among them; on Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def listen(host: str, wanted: int) -> socket.socket:
    """Return a socket that listens on the wanted port, or on the next one that is free; 0 stands for any.

    It is ours from here on, so nobody takes the port while the server starts. Raises NotServed where fifty in a row
    are taken.
    """
    for port in (0,) if wanted == 0 else range(wanted, min(wanted + PORTS_TRIED, 65_536)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise NotServed(f"{host}: {error.strerror}") from error
        else:
            return listener
    raise NotServed(f"端口 {wanted}–{wanted + PORTS_TRIED - 1} 都被占用 all these ports are taken")


@dataclass
class Children:
    """What was started; `stop` ends all of it, the web server first."""

    environment: Mapping[str, str]
    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *words: str, listener: socket.socket | None = None) -> subprocess.Popen[bytes]:
        """Start a command of ours beside this process; what it says goes into `<name>.log`."""
        self.logs.mkdir(parents=True, exist_ok=True)
        inherited = () if listener is None else (listener.fileno(),)
        code = (_WITH_SOCKET, str(*inherited)) if inherited else (_COMMAND,)
        with (self.logs / f"{name}.log").open("wb") as log:
            # A session of its own: Ctrl-C reaches this process alone, which then stops its children in order.
            child = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-c", *code, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                pass_fds=inherited,
                start_new_session=True,
            )
        self.running[name] = child
        return child

    def ended(self) -> str | None:
        """Return the name of a child that ended by itself, None while all run."""
        return next((name for name, child in self.running.items() if child.poll() is not None), None)

    def last_words(self, name: str) -> str:
        """Return the end of a child's log."""
        log = self.logs / f"{name}.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.exists() else ""

    def stop(self) -> None:
        """End every child: asked first, killed where it does not listen."""
        for child in self.running.values():
            if child.poll() is None:
                child.terminate()
        for child in self.running.values():
            try:
                child.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.running.clear()


def serve(children: Children, listener: socket.socket) -> None:
    """Start the web server on a socket that listens already, and return once it answers.

    Raises NotServed where it ends or does not answer in time.
    """
    host, port = listener.getsockname()[:2]
    told = ("serve", "--host", host, "--port", str(port), "--workers", "1", "--threads", "8")
    child = children.start("web", *told, listener=listener)
    listener.close()
    if not _answers(child, host, port):
        raise NotServed(children.last_words("web") or "the server does not answer")


def _answers(child: subprocess.Popen[bytes], host: str, port: int) -> bool:
    """Wait until the server says that it is ready; False where it ends or takes too long."""
    until_s = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until_s and child.poll() is None:
        connection = http.client.HTTPConnection(host, port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return True
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.15)
    return False
