#!/usr/bin/env python3
"""Runs the blocks of a page that are marked `sh run`, in order, in one bash, and ends with 1 where a command fails.

    scripts/run-page.py docs/operations.md --tidings target/release/tidings

It happens in a fresh folder that holds a copy of deploy/, with the program first on the PATH and the tools of .tools/
behind it. Where the machine allows it the blocks have a network and a process tree of their own: every port is free,
nothing outside is touched, and what they start ends with them. Elsewhere their ports must be free.
"""

import argparse
import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = [ROOT / ".tools/debian/usr/bin", ROOT / ".tools/venv/bin"]
NEEDED = ["nats-server", "prometheus", "promtool", "curl"]
ALONE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
INSIDE = "--inside"
LINES_SHOWN = 20


def blocks(page):
    """The blocks of a page, each with the line on which it begins."""
    found = re.finditer(r"^```sh run\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [(page.count("\n", 0, block.start(1)) + 1, block[1]) for block in found]


def alone():
    """How to run something in namespaces of its own, or nothing where that is not allowed."""
    for way in (ALONE, [*ALONE, "--map-root-user"]):
        with contextlib.suppress(OSError):
            if subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0:
                return way
    return None


def bring_loopback_up():
    """A network of its own begins with a loopback that is down."""
    up_and_running, set_flags = 0x1 | 0x40, 0x8914
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", up_and_running))


def taken_ports(text):
    """The ports of this machine that the blocks name and something listens on."""

    def listens(port):
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("127.0.0.1", port)) == 0

    ports = {int(port) for port in re.findall(r"(?:localhost|127\.0\.0\.1)[:/](\d+)", text)}
    return sorted(filter(listens, ports))


def script(found, tell):
    """All blocks as one program, which says on a descriptor which of them begins."""
    parts = ["set -euo pipefail"]
    for number, (_, text) in enumerate(found):
        parts += [f"echo {number} >&{tell}", text]
    return "\n".join([*parts, f"echo end >&{tell}", ""])


def run(found, folder, limit):
    """Runs the blocks; returns the number of the block that failed and why, or nothing."""
    told, tell = os.pipe()
    with (folder / "output.txt").open("wb") as output:
        shell = subprocess.Popen(
            ["bash", "-c", script(found, tell)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[tell],
            start_new_session=True,
        )
    try:
        return watch(shell, told, limit)
    finally:
        # What a block left running is in the group of its shell.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()


def watch(shell, told, limit):
    at, heard, deadline = 0, "", time.monotonic() + limit
    while time.monotonic() < deadline:
        if select.select([told], [], [], 0.1)[0]:
            heard += os.read(told, 4096).decode()
            *lines, heard = heard.split("\n")
            if "end" in lines:
                return None
            if lines:
                at, deadline = int(lines[-1]), time.monotonic() + limit
        elif shell.poll() is not None:
            return at, f"a command failed ({shell.returncode})"
    return at, f"it took longer than {limit} s"


def last_lines(path):
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    return "\n".join(["    " + line for line in lines[-LINES_SHOWN:]])


def run_page(page, tidings, limit):
    found = blocks(page.read_text())
    if not found:
        sys.exit(f"run-page: {page} has no block that is marked `sh run`")
    path = os.pathsep.join([*map(str, TOOLS), os.environ["PATH"]])
    missing = [name for name in NEEDED if not shutil.which(name, path=path)]
    if missing:
        sys.exit(f"run-page: not on the PATH: {', '.join(missing)}; scripts/tools.sh brings all but curl")
    folder = Path(tempfile.mkdtemp(prefix="run-page-"))
    (folder / "bin").mkdir()
    (folder / "bin/tidings").symlink_to(tidings.resolve())
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    os.environ["PATH"] = os.pathsep.join([str(folder / "bin"), path])
    begun = time.monotonic()
    failure = run(found, folder, limit)
    took = time.monotonic() - begun
    if failure is None:
        shutil.rmtree(folder)
        print(f"run-page: {page}: {len(found)} blocks ran in {took:.0f} s")
        return
    number, why = failure
    line, text = found[number]
    print(f"run-page: {page}:{line}: {why}\n{text}", file=sys.stderr)
    for log in sorted(folder.glob("*.txt")) + sorted(folder.glob("*.log")):
        print(f"{log}:\n{last_lines(log)}", file=sys.stderr)
    sys.exit(1)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("page", type=Path)
    options.add_argument("--tidings", type=Path, required=True, help="the program")
    options.add_argument("--limit", type=int, default=60, help="seconds that one block may take (60)")
    options.add_argument(INSIDE, action="store_true", help=argparse.SUPPRESS)
    wanted = options.parse_args()
    way = None if wanted.inside else alone()
    if way:
        os.execvp(way[0], [*way, sys.executable, "-B", *sys.argv, INSIDE])
    if wanted.inside:
        bring_loopback_up()
    taken = taken_ports("".join(text for _, text in blocks(wanted.page.read_text())))
    if taken:
        sys.exit(f"run-page: something listens already on {', '.join(map(str, taken))}")
    run_page(wanted.page, wanted.tidings, wanted.limit)


if __name__ == "__main__":
    main()
