#!/usr/bin/env python3
"""Fails if a feature has other direct dependencies than those in DIRECT, or a heavy indirect one that it does not need."""

import json
import subprocess
import sys

PACKAGE = "tower-django-cookies"
ALWAYS = {"cookie", "http", "memchr", "percent-encoding", "pin-project-lite", "thiserror", "tower-layer", "tower-service"}
SIGNED = {"base64", "hmac", "sha2", "subtle", "zeroize"}

# The direct dependencies of each feature, in addition to ALWAYS.
DIRECT = {
    "": set(),
    "axum-core": {"axum-core"},
    "signed": SIGNED,
    "dumps": SIGNED | {"flate2", "serde", "serde_json"},
    "sessions": SIGNED | {"flate2", "getrandom", "serde", "serde_json"},
    "csrf": {"getrandom", "subtle"},
    "messages": SIGNED | {"flate2", "serde", "serde_json"},
    "private": set(),
    "tracing": {"tracing"},
    "test-util": {"bytes", "cookie_store", "http-body", "url"},
    "wasm-bindgen": {"time"},
}

# The heavy indirect dependencies that each feature needs.
INDIRECT = {
    "axum-core": {"http-body", "http-body-util"},
    "signed": {"digest"},
    "dumps": {"digest"},
    "sessions": {"digest"},
    "messages": {"digest"},
    "private": {"aes-gcm", "base64", "getrandom", "subtle"},
    "wasm-bindgen": {"js-sys", "wasm-bindgen"},
}

# The crates that only the features above may depend on. Every feature has `bytes` and `time`, because `http`
# and `cookie` depend on them.
HEAVY = set.union(*DIRECT.values(), *INDIRECT.values()) - {"bytes", "time"}

# All dependencies of signing, direct and indirect, on all platforms.
SIGNING = SIGNED | INDIRECT["signed"]
SIGNING |= {"block-buffer", "cfg-if", "cpufeatures", "crypto-common", "generic-array", "libc", "typenum"}


def tree(feature, *options):
    command = "cargo tree --edges normal --target all --no-default-features --prefix none --no-dedupe".split()
    command += ["--package", PACKAGE, "--features", feature, "--format", "{p}", *options]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {line.split()[0] for line in ran.stdout.splitlines()} - {PACKAGE}


def features():
    command = "cargo metadata --no-deps --format-version=1".split()
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    names = next(p["features"].keys() for p in json.loads(ran.stdout)["packages"] if p["name"] == PACKAGE)
    return {name for name in names if name != "default" and not name.startswith("__")}


def main():
    problems = []

    def expect_none(crates, problem):
        if crates:
            problems.append(f"{problem}: {', '.join(sorted(crates))}")

    expect_none({""} ^ features() ^ DIRECT.keys(), "features without a row in DIRECT, or rows without a feature")
    trees = {feature: tree(feature) for feature in DIRECT}
    for feature, allowed in DIRECT.items():
        direct, all_crates, name = tree(feature, "--depth=1"), trees[feature], feature or "no feature"
        print(f"{name}: {len(all_crates)} crates; {', '.join(sorted(direct))}")
        expect_none(direct - ALWAYS - allowed, f"{name}: direct dependencies that are not allowed")
        expect_none((ALWAYS | allowed) - direct, f"{name}: allowed, but no longer dependencies")
        expect_none(all_crates & HEAVY - allowed - INDIRECT.get(feature, set()), f"{name}: indirect dependencies that are not allowed")
    expect_none(trees["signed"] - trees[""] - SIGNING, "signed: dependencies that signing does not need")
    if problems:
        sys.exit("\n".join(problems))


main()
