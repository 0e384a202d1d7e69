"""Start `./run demo` as a person would, wait until it is ready, look at it, stop it, see that nothing stays behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 300
STOPPED_WITHIN_S = 60


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(url: str) -> tuple[int, bytes]:
    """Return status and body; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0, b""


def wait_ready(demo: subprocess.Popen[bytes], base: str) -> None:
    """Return once /readyz says yes; raise if the demo ends or takes too long."""
    started = time.monotonic()
    while time.monotonic() - started < READY_WITHIN_S:
        if demo.poll() is not None:
            raise SystemExit(f"the demo ended by itself with exit code {demo.returncode}")
        status, body = get(f"{base}/readyz")
        if status == 200:
            sys.stdout.write(f"ready after {time.monotonic() - started:.1f} s: {body.decode()[:200]}\n")
            return
        time.sleep(0.5)
    raise SystemExit(f"not ready after {READY_WITHIN_S} s")


def left_behind(state: Path, children: list[psutil.Process]) -> list[str]:
    """Return what still runs of the demo's processes, and whatever else still works in its state folder."""
    _, alive = psutil.wait_procs(children, timeout=STOPPED_WITHIN_S)
    mine = [f"{process.pid} {process.name()}" for process in alive]
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        if str(state) in " ".join(process.info["cmdline"] or []):
            mine.append(f"{process.pid} {process.info['name']}")
    return mine


def show(state: Path, stop: signal.Signals) -> None:
    """Start the demo on a state folder, look at its pages, stop it by a signal, and see who stays."""
    port = free_port()
    environment = os.environ | {"GONGBAO_STATE_DIR": str(state)}
    demo = subprocess.Popen([str(ROOT / "run"), "demo", "--port", str(port)], env=environment)
    children: list[psutil.Process] = []
    try:
        wait_ready(demo, f"http://127.0.0.1:{port}")
        for page in ("/", "/healthz", "/version", "/api/openapi.json"):
            status, body = get(f"http://127.0.0.1:{port}{page}")
            sys.stdout.write(f"{page}: {status}, {len(body)} bytes\n")
            if status != 200:
                raise SystemExit(f"{page} answered {status}")
        children = psutil.Process(demo.pid).children(recursive=True)
    finally:
        demo.send_signal(stop)
        code = demo.wait(STOPPED_WITHIN_S)
    stayed = left_behind(state, children)
    if code or stayed:
        raise SystemExit(f"stopped by {stop.name} with exit code {code}; still running: {stayed}")
    sys.stdout.write(f"stopped by {stop.name}; no child is left\n")


def main() -> None:
    """Run the demo twice on one new state folder: the first start tells the story, the second finds it told."""
    with tempfile.TemporaryDirectory(prefix="gongbao-demo-", ignore_cleanup_errors=True) as folder:
        show(Path(folder) / "var", signal.SIGTERM)
        show(Path(folder) / "var", signal.SIGINT)


if __name__ == "__main__":
    main()
