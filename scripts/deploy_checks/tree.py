"""The files of the repository as the checks read them, and the list of what is wrong with them."""

import json
import re
import subprocess
import sys
import tomllib
from functools import cached_property
from pathlib import Path

import yaml

# Where an image may not be left to chance: a version with at least two numbers, or a digest.
PINNED = re.compile(r":v?\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$|@sha256:[0-9a-f]{64}$")


class Tree:
    """A copy of the repository, or the repository itself."""

    def __init__(self, root, tidings):
        self.root = Path(root)
        self.tidings = tidings
        self.problems = []
        self.seen = 0
        # The checks that failed, as (file, line): for the test that each of them can.
        self.failed = set()

    def wrong(self, where, what):
        self.problems.append(f"{where}: {what}")
        frame = sys._getframe(1)
        while frame.f_code.co_name == "demand":
            frame = frame.f_back
        self.failed.add((Path(frame.f_code.co_filename).name, frame.f_lineno))

    def demand(self, holds, where, what):
        """One check: what must hold, where, and what is wrong if it does not."""
        self.seen += 1
        if not holds:
            self.wrong(where, what)
        return bool(holds)

    def text(self, path):
        return (self.root / path).read_text()

    def yaml(self, path):
        return yaml.safe_load(self.text(path))

    def toml(self, path):
        return tomllib.loads(self.text(path))

    @cached_property
    def version(self):
        return self.toml("Cargo.toml")["package"]["version"]

    @cached_property
    def open_paths(self):
        """What docs/api.md says may be asked for without a token."""
        rows = re.findall(r"^\| (.+?) \| none \|", self.text("docs/api.md"), re.MULTILINE)
        return {path for row in rows for path in re.findall(r"`GET ([^`]+)`", row)}

    @cached_property
    def stops_within_seconds(self):
        """How long the daemon may take to stop, by its source."""
        found = re.search(r"STOP_WITHIN: Duration = Duration::from_secs\((\d+)\)", self.text("src/daemon/task.rs"))
        return int(found[1])

    def check_configuration(self, where, file):
        """`tidings check` must have nothing to say, not even a warning; returns the file as a table."""
        ran = subprocess.run([self.tidings, "check", "--json", "--config", file], capture_output=True, text=True)
        self.seen += 1
        for remark in json.loads(ran.stdout):
            place = f"{Path(remark['file'] or file).name}:{remark['line']}"
            self.wrong(where, f"tidings check, {place}: {remark['message']}")
        try:
            return tomllib.loads(Path(file).read_text())
        except tomllib.TOMLDecodeError:
            return {}


def secrets(value, key=""):
    """Every reference to a secret in a configuration: (key, "file" or "env", where it lies)."""
    if isinstance(value, list):
        for item in value:
            yield from secrets(item, key)
    elif isinstance(value, dict):
        for kind in ("file", "env"):
            if list(value) == [kind]:
                yield key, kind, value[kind]
                return
        for name, item in value.items():
            yield from secrets(item, f"{key}.{name}" if key else name)


def listens_on(configuration):
    """The port of `[ingest.http] listen`."""
    return int(configuration.get("ingest", {}).get("http", {}).get("listen", ":8085").rsplit(":", 1)[1])


def nats_servers(configuration):
    """(host, port) of each NATS server."""
    servers = configuration.get("ingest", {}).get("nats", {}).get("servers", [])
    found = (re.fullmatch(r"\w+://([^:/]+):(\d+)", server) for server in servers)
    return [(match[1], int(match[2])) for match in found if match]


def relays(configuration):
    """(host, port) of each mail relay."""
    channels = configuration.get("channel", {}).values()
    found = (re.fullmatch(r"(smtps?)://(?:[^@]+@)?([^:/]+)(?::(\d+))?", each.get("relay", "")) for each in channels)
    return [(match[2], int(match[3] or {"smtp": 587, "smtps": 465}[match[1]])) for match in found if match]
