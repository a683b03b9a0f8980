#!/usr/bin/env python3
"""Fails unless the package has what a user needs, and nothing that isn't in the repository."""

import re
import subprocess
import sys

NEEDED = {"Cargo.toml", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"}
GENERATED = {".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"}
WELCOME = re.compile(r"(src|examples|tests(?!/(models|peers)/))/.+")


def lines(*command):
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return set(ran.stdout.splitlines())


packaged = lines("cargo", "package", "--allow-dirty", "--list")
welcome = NEEDED | GENERATED | {file for file in lines("git", "ls-files") if WELCOME.fullmatch(file)}
missing, unwelcome = NEEDED - packaged, packaged - welcome
print(*sorted(packaged), sep="\n")
if missing or unwelcome:
    sys.exit(f"missing: {sorted(missing)}, not in the repository or no use: {sorted(unwelcome)}")
