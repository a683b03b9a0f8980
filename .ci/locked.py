#!/usr/bin/env python3
"""Fails if the `Cargo.lock` of a fresh app that depends on the crate has more packages than MAXIMUM allows."""

import subprocess
import sys
import tempfile
from pathlib import Path

# The app's own package is not counted. Optional dependencies that only this repository's tests use must not appear.
MAXIMUM = {
    "default": 31,
    "signed,dumps,sessions,csrf,messages,private,tracing,test-util": 110,
}

MANIFEST = """
[package]
name = "app"
edition = "2024"

[dependencies]
tower-django-cookies = {{ path = "{crate}", features = [{features}] }}

[workspace]
"""


def locked(features):
    crate = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as directory:
        app = Path(directory)
        quoted = ", ".join(f'"{feature}"' for feature in features.split(","))
        (app / "Cargo.toml").write_text(MANIFEST.format(crate=crate, features=quoted))
        (app / "src").mkdir()
        (app / "src/main.rs").write_text("fn main() {}\n")
        subprocess.run(["cargo", "generate-lockfile", "--quiet"], cwd=app, check=True)
        lines = (app / "Cargo.lock").read_text().splitlines()
        return [line.split('"')[1] for line in lines if line.startswith("name = ") and line != 'name = "app"']


def main():
    too_many = False
    for features, maximum in MAXIMUM.items():
        names = locked(features)
        print(f"{features}: {len(names)} packages, at most {maximum}")
        if len(names) > maximum:
            too_many = True
            print(*names)
    return too_many


sys.exit(main())
