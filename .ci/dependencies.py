#!/usr/bin/env python3
"""Fails unless each feature has the direct dependencies below, and brings nothing of weight that it doesn't need."""

import json
import subprocess
import sys

PACKAGE = "tower-django-cookies"
ALWAYS = {"cookie", "http", "memchr", "pin-project-lite", "thiserror", "tower-layer", "tower-service"}
SIGNED = {"base64", "hmac", "sha2", "subtle", "zeroize"}

# Feature: what the crate itself depends on besides.
DIRECT = {
    "": set(),
    "axum-core": {"axum-core"},
    "signed": SIGNED,
    "dumps": SIGNED | {"flate2", "serde", "serde_json"},
    "private": {"percent-encoding"},
    "tracing": {"tracing"},
    "test-util": {"bytes", "cookie_store", "http-body", "url"},
}

# Feature: what of weight these bring in turn.
BELOW = {
    "axum-core": {"http-body", "http-body-util"},
    "signed": {"digest"},
    "dumps": {"digest"},
    "private": {"aes-gcm", "base64", "subtle"},
    "test-util": {"percent-encoding"},
}

# What no feature brings but those that say so; `http` brings `bytes` anyway.
WEIGHTY = set.union(*DIRECT.values(), *BELOW.values()) - {"bytes"}

# All that signing brings, the dependencies of its dependencies too, on any machine.
SIGNING = SIGNED | BELOW["signed"]
SIGNING |= {"block-buffer", "cfg-if", "cpufeatures", "crypto-common", "generic-array", "libc", "typenum"}


def tree(feature, *options):
    command = "cargo tree --edges normal --target all --no-default-features --prefix none --no-dedupe".split()
    # Under `--cfg loom` alone, which only tests/models sets.
    command += ["--prune", "loom"]
    command += ["--package", PACKAGE, "--features", feature, "--format", "{p}", *options]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return {line.split()[0] for line in ran.stdout.splitlines()} - {PACKAGE}


def features():
    command = "cargo metadata --no-deps --format-version=1".split()
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return next(p["features"].keys() for p in json.loads(ran.stdout)["packages"] if p["name"] == PACKAGE) - {"default"}


def main():
    problems = []

    def expect_none(crates, problem):
        if crates:
            problems.append(f"{problem}: {', '.join(sorted(crates))}")

    expect_none({""} ^ features() ^ DIRECT.keys(), "features without a row here, or rows without a feature")
    trees = {feature: tree(feature) for feature in DIRECT}
    for feature, allowed in DIRECT.items():
        direct, below, name = tree(feature, "--depth=1"), trees[feature], feature or "no feature"
        print(f"{name}: {len(below)} crates; {', '.join(sorted(direct))}")
        expect_none(direct - ALWAYS - allowed, f"{name}: direct dependencies that aren't allowed")
        expect_none((ALWAYS | allowed) - direct, f"{name}: allowed, but no longer a dependency")
        expect_none(below & WEIGHTY - allowed - BELOW.get(feature, set()), f"{name}: brought in turn, but not needed")
    expect_none(trees["signed"] - trees[""] - SIGNING, "signed: not needed to sign")
    if problems:
        sys.exit("\n".join(problems))


main()
