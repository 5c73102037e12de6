#!/usr/bin/env python3
"""Checks that what lies in deploy/ is valid, complete and agrees with itself; ends with 1 if something does not.

    scripts/check-deploy.py                every check
    scripts/check-deploy.py --write        writes the PrometheusRule from deploy/prometheus/rules.yml, then checks
    scripts/check-deploy.py --self-test    breaks a copy of the files in every way, and demands that it is found

It needs kubectl 1.21 or newer (not Debian's), the packages of deploy/requirements.txt, and a built `tidings`. It pulls
no image, starts no container and asks no cluster: whether tags and digests exist in registries is not checked.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from deploy_checks import compose, container, kubernetes, mutations
from deploy_checks.tree import Tree

ROOT = Path(__file__).resolve().parent.parent


def check(tree, parts=("container", "compose", "kubernetes"), hadolint=None, write=False, only=None):
    """What is wrong; a file so broken that it cannot be read is wrong too."""
    for part in parts:
        try:
            if part == "container":
                container.check(tree, hadolint)
            elif part == "compose":
                compose.check(tree)
            else:
                kubernetes.check(tree, write, only)
        except (KeyError, IndexError, TypeError, ValueError, StopIteration, OSError) as error:
            tree.wrong(part, f"cannot be read as what it should be: {type(error).__name__}: {error}")
    return tree.problems


def tool(name):
    """A program beside this Python, as in a virtual environment, or on PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tidings", type=Path, default=ROOT / "target/release/tidings", help="the binary to use")
    arguments.add_argument("--write", action="store_true", help="write what is generated")
    arguments.add_argument("--self-test", action="store_true", help="show that each check can fail")
    given = arguments.parse_args()
    if not given.tidings.is_file():
        sys.exit(f"check-deploy: there is no {given.tidings}: build it, or name one with --tidings")
    for needed in ("kubectl", "hadolint"):
        if not tool(needed):
            sys.exit(f"check-deploy: {needed} is missing")
    kustomize = subprocess.run(["kubectl", "kustomize", "--help"], capture_output=True)
    if kustomize.returncode != 0:
        sys.exit("check-deploy: this kubectl has no kustomize")
    tree = Tree(ROOT, given.tidings.resolve())
    problems = check(tree, hadolint=tool("hadolint"), write=given.write)
    for problem in problems:
        print(f"check-deploy: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"check-deploy: {tree.seen} checks hold")
    if given.self_test:
        mutations.test(ROOT, tree.tidings, check, tool("hadolint"))


if __name__ == "__main__":
    main()
