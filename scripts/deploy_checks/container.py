"""The image: pinned bases, a user that is not root, no step that needs a shell, and sources that are there."""

import re
import subprocess

from deploy_checks.tree import PINNED

FILE = "deploy/container/Containerfile"


def check(tree, hadolint):
    text = tree.text(FILE)
    # A line that goes on counts as one; comments do not count.
    lines = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    steps = [line.split(None, 1) for line in lines if line.strip()]
    arguments = dict(each.split("=", 1) for word, each in steps if word == "ARG" and "=" in each)
    _bases(tree, steps, arguments)
    _stages(tree, steps)
    _sources(tree, steps)
    tree.demand(arguments.get("VERSION") == tree.version, FILE, f"VERSION is not {tree.version}, that of Cargo.toml")
    rust = re.search(r"rust:(\d+)\.(\d+)", arguments.get("BUILD_BASE", ""))
    needed = tuple(map(int, tree.toml("Cargo.toml")["package"]["rust-version"].split(".")))
    tree.demand(rust and tuple(map(int, rust.groups())) >= needed, FILE, "the build base is older than rust-version")
    debian = {name: re.search(r"bookworm|debian12", arguments.get(name, "")) for name in ("BUILD_BASE", "RUNTIME_BASE")}
    tree.demand(all(debian.values()), FILE, "the bases are not of the same Debian: the C library would not fit")
    if hadolint:
        ran = subprocess.run([hadolint, "--no-color", tree.root / FILE], capture_output=True, text=True)
        tree.demand(ran.returncode == 0, FILE, f"hadolint: {ran.stdout.strip()}")


def _bases(tree, steps, arguments):
    stages = set()
    for base in (each for word, each in steps if word == "FROM"):
        name, _, stage = base.partition(" AS ")
        name = re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], ""), name)
        tree.demand(name in stages or PINNED.search(name), FILE, f"the base {name or base} is not pinned")
        stages.add(stage)
    for name in ("CARGO_AUDITABLE", "CARGO_CYCLONEDX"):
        tree.demand(re.fullmatch(r"\d+\.\d+\.\d+", arguments.get(name, "")), FILE, f"{name} is not pinned")


def _stages(tree, steps):
    """What ends up in the image: the stages that stand on the runtime base."""
    of = {}
    stage = ""
    for word, rest in steps:
        if word == "FROM":
            stage = rest.partition(" AS ")[2]
        of.setdefault(stage, []).append((word, rest))
    shipped = [step for name in ("runtime", "given", "image") for step in of.get(name, [])]
    words = {word: rest for word, rest in shipped}
    tree.demand("RUN" not in words, FILE, "a step of the image itself needs a shell, and there is none")
    tree.demand(words.get("USER") == "65532:65532", FILE, "the user is not 65532:65532")
    healthy = re.search(r'CMD \["/usr/bin/tidings", "healthy"\]$', words.get("HEALTHCHECK", ""))
    tree.demand(healthy, FILE, "HEALTHCHECK does not ask `tidings healthy`")
    tree.demand(words.get("ENTRYPOINT") == '["/usr/bin/tidings"]', FILE, "ENTRYPOINT is not the binary alone")
    owned = any("--chown=65532:65532" in rest and rest.endswith("/var/lib/tidings/") for _, rest in shipped)
    tree.demand(owned, FILE, "the data folder does not belong to the user")
    labels = words.get("LABEL", "")
    for label in ("title", "description", "licenses", "version", "revision", "created", "source"):
        tree.demand(f"org.opencontainers.image.{label}=" in labels, FILE, f"there is no label {label}")
    built = " ".join(rest for word, rest in of.get("built", []) if word == "RUN")
    for tool in ("cargo auditable build --release --locked", "cargo cyclonedx"):
        tree.demand(tool in built, FILE, f"nothing runs `{tool}`")


def _sources(tree, steps):
    """What is copied from the context is there, and .dockerignore lets it in."""
    let_in = [line[1:] for line in tree.text(".dockerignore").splitlines() if line.startswith("!")]
    for rest in (rest for word, rest in steps if word == "COPY" and "--from=" not in rest):
        names = [name.rstrip("/") for name in rest.split()[:-1] if not name.startswith("--")]
        # `given` is laid there by build.sh.
        for name in names:
            there = name == "given" or (tree.root / name).exists()
            tree.demand(there, FILE, f"{name} is copied and not there")
            allowed = any(name == each or name.startswith(each + "/") for each in let_in)
            tree.demand(allowed, FILE, f"{name} is copied, and .dockerignore keeps it out")
