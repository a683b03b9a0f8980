#!/usr/bin/env python3
"""Fails if the package lacks a file that users need, or contains a file that does not belong in it."""

import re
import subprocess
import sys

NEEDED = {"Cargo.toml", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"}
GENERATED = {".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"}
ALLOWED = re.compile(r"src/.+|examples/.+\.(css|rs)")


def lines(*command):
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return set(ran.stdout.splitlines())


packaged = lines("cargo", "package", "--allow-dirty", "--list")
allowed = NEEDED | GENERATED | {file for file in lines("git", "ls-files") if ALLOWED.fullmatch(file)}
missing, unexpected = NEEDED - packaged, packaged - allowed
print(*sorted(packaged), sep="\n")
if missing or unexpected:
    sys.exit(f"missing: {sorted(missing)}, not in the repository or not allowed: {sorted(unexpected)}")
