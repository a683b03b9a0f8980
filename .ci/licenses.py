#!/usr/bin/env python3
"""Fails if the crate brings a dependency into a user's program whose license deny.toml does not allow.

This takes a second and no tools. cargo-deny checks the same list, and more, in a longer step.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "tower-django-cookies"
ALLOWED = set(tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"])


def is_allowed(expression):
    """Evaluates an SPDX expression. `AND` binds more tightly than `OR`; older crates write `/` for `OR`."""
    while inner := re.search(r"\(([^()]*)\)", expression):
        # A license that is in every list, or one that is in none.
        replacement = next(iter(ALLOWED)) if is_allowed(inner[1]) else "not-allowed"
        expression = expression.replace(inner[0], replacement)
    choices = re.split(r" OR |/", expression)
    return any(all(license.strip() in ALLOWED for license in choice.split(" AND ")) for choice in choices)


def main():
    command = ["cargo", "metadata", "--all-features", "--format-version=1"]
    doc = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    packages = {package["id"]: package for package in doc["packages"]}
    nodes = {node["id"]: node for node in doc["resolve"]["nodes"]}
    root = next(id for id, package in packages.items() if package["name"] == NAME)
    found, open_ids = set(), [root]
    while open_ids:
        id = open_ids.pop()
        if id not in found:
            found.add(id)
            dependencies = nodes[id]["deps"]
            open_ids += [dep["pkg"] for dep in dependencies if any(kind["kind"] != "dev" for kind in dep["dep_kinds"])]
    licenses = {f"{packages[id]['name']} {packages[id]['version']}": packages[id]["license"] or "none" for id in found}
    refused = sorted(f"{name}: {license}" for name, license in licenses.items() if not is_allowed(license))
    print(f"{len(licenses)} packages:", *sorted(set(licenses.values())), sep="\n  ")
    if refused:
        sys.exit("\n".join(["not allowed:", *refused]))


main()
