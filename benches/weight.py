#!/usr/bin/env python3
"""How many crates this crate and its peers bring with default features, and how long a clean build of each takes."""

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
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
    for name, wanted in LIBRARIES.items():
        directory = directories[name] = Path(scratch, name.split(",")[0])
        (directory / "src").mkdir(parents=True)
        (directory / "src/lib.rs").touch()
        manifest = f'[package]\nname = "weighs"\nedition = "2024"\n[dependencies]\nlibrary = {wanted}\n[workspace]\n'
        package = name.split(",")[0]
        (directory / "Cargo.toml").write_text(manifest.replace("library =", f"{package} ="))
        cargo(directory, "fetch")
    times = {name: [] for name in LIBRARIES}
    for _ in range(ROUNDS):
        for name, directory in directories.items():
            times[name].append(seconds(directory))
    print("| default features | crates | clean release build |")
    print("|---|--:|--:|")
    for name, directory in directories.items():
        print(f"| {name} | {crates(directory)} | {statistics.median(times[name]):.1f} s |")
