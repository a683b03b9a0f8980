#!/usr/bin/env python3
"""Uses the package as somebody would who has only crates.io and docs.rs.

Unpacks the package in an empty directory. Builds an app there with the first commands and the first example of README.md, and
sends it two requests. Builds the documentation of the package as docs.rs does. Last, checks the warnings of
`cargo publish --dry-run`.
"""

import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "tower-django-cookies"
ADDRESS = "127.0.0.1:3000"

# The tests are left out of the package on purpose.
EXPECTED_WARNING = re.compile(
    r"warning: ignoring test `(\w+)` as `tests/\1\.rs` is not included in the published package"
    r"|warning: aborting upload due to dry run"
)


def run(*command, cwd=ROOT, **environment):
    print("+", *command, flush=True)
    subprocess.run(command, cwd=cwd, env=os.environ | environment, check=True)


def metadata():
    """The package in `cargo metadata`, and the target directory."""
    command = ["cargo", "metadata", "--no-deps", "--format-version=1"]
    doc = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return next(package for package in doc["packages"] if package["name"] == NAME), Path(doc["target_directory"])


def unpack(version, target, directory):
    run("cargo", "package", "--quiet", "--allow-dirty", "--no-verify", "--package", NAME)
    with tarfile.open(target / f"package/{NAME}-{version}.crate") as crate:
        crate.extractall(directory)
    return directory / f"{NAME}-{version}"


def code_block(language, text):
    """The first code block of the language. `rust` finds `rust,no_run` too."""
    return re.search(rf"^```{language}\b[^\n]*\n(.*?)^```$", text, re.M | re.S)[1]


def build_app(package, target, directory):
    """Builds the app that the README describes, and returns its program and its address."""
    app, readme = directory / "app", (package / "README.md").read_text()
    run("cargo", "new", "--quiet", "--vcs=none", app, cwd=directory)
    for command in code_block("sh", readme).splitlines():
        words = shlex.split(command, comments=True)
        assert words[:2] == ["cargo", "add"], f"not a command to add dependencies: {command}"
        if NAME in words:
            words.remove(NAME)
            run("cargo", "add", "--quiet", "--path", package, cwd=app)
        run(*words, "--quiet", cwd=app)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    example = code_block("rust", readme)
    assert example.count(ADDRESS) == 1, f"the example does not listen at {ADDRESS}"
    (app / "src/main.rs").write_text(example.replace(ADDRESS, address))
    run("cargo", "build", "--quiet", cwd=app, CARGO_TARGET_DIR=str(target), RUSTFLAGS="-Dwarnings")
    return target / "debug/app", address


def get(address, **headers):
    """The status, the `Set-Cookie` headers and the body of a response. Waits up to ten seconds for the server to start."""
    for attempt in range(100):
        try:
            connection = http.client.HTTPConnection(address, timeout=10)
            connection.request("GET", "/", headers=headers)
            break
        except ConnectionRefusedError:
            if attempt == 99:
                raise
            time.sleep(0.1)
    response = connection.getresponse()
    answer = response.status, response.headers.get_all("set-cookie") or [], response.read().decode()
    print("GET", headers, "→", *answer)
    return answer


def check_app(program, address):
    server = subprocess.Popen([program])
    try:
        first = get(address)
        assert first == (200, ["visited=True; Path=/"], "Welcome to my website!"), first
        second = get(address, Cookie="visited=True")
        assert second == (200, [], "Welcome back!"), second
    finally:
        server.kill()
        server.wait()


def check_docs(package, target, docs_rs):
    assert docs_rs["all-features"] is True
    flags = " ".join(["-Dwarnings", *docs_rs["rustdoc-args"]])
    run("cargo", "doc", "--quiet", "--no-deps", "--all-features", cwd=package,
        CARGO_TARGET_DIR=str(target / "stranger"), RUSTC_BOOTSTRAP="1", RUSTDOCFLAGS=flags)
    pages = target / "stranger/doc/tower_django_cookies"
    for page in ("struct.CookieLayer", "guide/where_it_runs/index", "signing/index", "test/struct.Client"):
        assert (pages / f"{page}.html").stat().st_size > 1000, page


def check_publish():
    command = ["cargo", "publish", "--dry-run", "--no-verify", "--allow-dirty", "--package", NAME]
    ran = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    warnings = [line for line in ran.stderr.splitlines() if line.startswith(("warning", "error"))]
    unexpected = [line for line in warnings if not EXPECTED_WARNING.fullmatch(line)]
    if ran.returncode or unexpected or not warnings:
        sys.exit(f"{ran.stderr}\ncargo publish --dry-run: unexpected: {unexpected}")
    print(f"cargo publish --dry-run: {len(warnings)} warnings, as expected")


def main():
    package, target = metadata()
    with tempfile.TemporaryDirectory() as directory:
        unpacked = unpack(package["version"], target, Path(directory))
        check_app(*build_app(unpacked, target / "stranger", Path(directory)))
        check_docs(unpacked, target, package["metadata"]["docs"]["rs"])
    check_publish()


main()
