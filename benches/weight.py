#!/usr/bin/env python3
"""Prints the number of crates that this crate and its peers depend on, and the time of a clean build of each."""

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Each library with its default features, as a dependency in Cargo.toml.
LIBRARIES = {
    "tower-django-cookies": f'{{ path = "{ROOT}" }}',
    "tower-cookies": '"0.11"',
    "axum-extra, feature cookie": '{ version = "0.12", features = ["cookie"] }',
}
ROUNDS = 3


def cargo(directory, *arguments):
    command = ["cargo", *arguments]
    return subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


def crates(directory):
    metadata = json.loads(cargo(directory, "metadata", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"))
    return len(metadata["resolve"]["nodes"]) - 1


def seconds(directory):
    cargo(directory, "clean")
    start = time.monotonic()
    cargo(directory, "build", "--release", "--offline")
    return time.monotonic() - start


with tempfile.TemporaryDirectory() as scratch:
    directories = {}
    for name, requirement in LIBRARIES.items():
        package = name.split(",")[0]
        directory = directories[name] = Path(scratch, package)
        (directory / "src").mkdir(parents=True)
        (directory / "src/lib.rs").touch()
        manifest = f'[package]\nname = "user"\nedition = "2024"\n[dependencies]\n{package} = {requirement}\n[workspace]\n'
        (directory / "Cargo.toml").write_text(manifest)
        cargo(directory, "fetch")
    times = {name: [] for name in LIBRARIES}
    for _ in range(ROUNDS):
        for name, directory in directories.items():
            times[name].append(seconds(directory))
    print("| default features | crates | clean release build |")
    print("|---|--:|--:|")
    for name, directory in directories.items():
        print(f"| {name} | {crates(directory)} | {statistics.median(times[name]):.1f} s |")
