"""Some work in a process of its own: what it returns, how much memory it took at most, and an end in any case.

`python -m bench.alone MODULE FUNCTION ARGUMENTS FILE` is how the child is started: the arguments are a JSON list, and
what the function returns is written into the file as JSON, with what the process holds at its end. What it prints goes
to the error stream.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn

import psutil

#: How long a child may take to put things away after it was told to stop.
GRACE_S = 30
#: How often the memory of a child and of its own children is looked at.
_LOOK_EVERY_S = 0.1
_MIB = 1 << 20
#: So much of each line of a fault is shown.
_LINE = 300


class Failed(Exception):
    """The work ended without a result, or took longer than it may; the message says which."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What some work returned, and the most memory in MiB that its processes held at once (shared pages once)."""

    result: Any
    memory_mib: int


def alone(function: str, *arguments: object, limit_s: int = 600) -> Outcome:
    """Return what `module:function` returns in a process of its own. Raises Failed where it fails or takes too long."""
    with tempfile.TemporaryDirectory(prefix="gongbao-alone-") as folder:
        told = Path(folder) / "result.json"
        words = [*function.split(":"), json.dumps(arguments), str(told)]
        child = subprocess.Popen([sys.executable, "-m", "bench.alone", *words], stdin=subprocess.DEVNULL)
        watch = _Watch(child.pid)
        watch.start()
        try:
            child.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise Failed(f"{function}: more than {limit_s} s") from None
        finally:
            _end(child)
            watch.is_over.set()
            watch.join()
        if child.returncode or not told.exists():
            raise Failed(f"{function}: exit code {child.returncode}")
        said = json.loads(told.read_text(encoding="utf-8"))
        return Outcome(said["result"], max(watch.most, said["held"]) // _MIB)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask a child that still runs to stop, and kill it and its own children where it does not."""
    if child.poll() is not None:
        return
    below = psutil.Process(child.pid).children(recursive=True)
    child.terminate()
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        for process in below:
            if process.is_running():
                process.kill()


class _Watch(threading.Thread):
    """Looks at the memory of a process and all below it until it is over; the database server's is not theirs."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.most, self.is_over = pid, 0, threading.Event()

    def run(self) -> None:
        """Look, again and again."""
        while not self.is_over.wait(_LOOK_EVERY_S):
            self.most = max(self.most, _held(self.pid))


def _held(pid: int) -> int:
    """Return the bytes that a process and its children hold, pages that they share counted once."""
    total = 0
    try:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            if process.name() != "postgres":
                total += process.memory_full_info().pss
    except psutil.Error:
        return 0
    return total


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Leave as an ordinary end does, so that servers stop and folders go: what a request to stop is answered by."""
    sys.exit(143)


def _complain(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """Write a fault with the beginning of each of its lines: an order to the database may be as long as a book."""
    for line in "".join(traceback.format_exception(kind, fault, trace)).splitlines():
        sys.stderr.write(f"{line[:_LINE]}\n")


def main() -> None:
    """Do the work that the command line names."""
    sys.excepthook = _complain
    signal.signal(signal.SIGTERM, leave)
    module, name, arguments, told = sys.argv[1:]
    os.dup2(2, 1)
    result = getattr(importlib.import_module(module), name)(*json.loads(arguments))
    # Work that is over before anyone looked is told by what is held at its end.
    Path(told).write_text(json.dumps({"result": result, "held": _held(os.getpid())}), encoding="utf-8")


if __name__ == "__main__":
    main()
