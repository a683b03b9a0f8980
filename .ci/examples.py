#!/usr/bin/env python3
"""Checks the examples, which must be built, with curl: the responses are those in their docs, and Ctrl-C stops them."""

import json
import re
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

FIRST_VISIT, SECOND_VISIT = "Welcome to my website!", "Welcome back!"
COOKIE = "visited=True; Path=/"


def target():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version=1"], stdout=subprocess.PIPE, check=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"])


EXAMPLES = target() / "debug/examples"


@contextmanager
def running(example):
    """Runs the example on a free port, and yields its URL."""
    server = subprocess.Popen([EXAMPLES / example, "0"], stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0, f"{example} exits with code {server.returncode} after Ctrl-C"
        print(f"{example}: Ctrl-C stops it")
    finally:
        server.kill()
        server.wait()


class Response:
    def __init__(self, url, *options):
        curl = "curl --silent --show-error --include --max-time 10 --noproxy *"
        ran = subprocess.run([*curl.split(), *options, url], stdout=subprocess.PIPE, text=True, check=True)
        headers, self.body = ran.stdout.replace("\r\n", "\n").split("\n\n", 1)
        self.version, self.status = headers.split()[:2]
        self.set_cookie = re.findall(r"^set-cookie: (.*)$", headers, re.MULTILINE)
        print("curl", *options, url, "→", self.version, self.status, self.set_cookie, re.sub(r"\s+", " ", self.body)[:150])

    def contains(self, *texts):
        assert all(text in self.body for text in texts), f"not all of {texts} are in {self.body}"


def check_greeting(url, *options):
    first = Response(url, *options)
    assert (first.status, first.set_cookie, first.body) == ("200", [COOKIE], FIRST_VISIT)
    again = Response(url, *options, "--cookie", "visited=True")
    assert (again.status, again.set_cookie, again.body) == ("200", [], SECOND_VISIT)
    return first.version


def check_logout(app, jar):
    def visit(path=""):
        return Response(app + path, "--cookie", jar, "--cookie-jar", jar)

    visit().contains("You are logged out.")
    visit("/login").contains("Logged in.")
    visit().contains("You are logged in.")

    wrong = visit("/wrong-logout")
    assert wrong.status == "500" and not wrong.set_cookie
    wrong.contains("declared with Domain=localhost; Path=/app, but given Domain=localhost; Path=/;")
    visit().contains("You are logged in.")

    visit("/logout").contains("Logged out.")
    visit().contains("You are logged out.")


with running("visited") as url:
    check_greeting(url)
with running("hyper") as url:
    assert check_greeting(url, "--http1.1") == "HTTP/1.1"
    assert check_greeting(url, "--http2-prior-knowledge") == "HTTP/2"
with running("logout") as url, tempfile.TemporaryDirectory() as directory:
    check_logout(url, f"{directory}/jar")
with running("playground") as url:
    Response(url).contains("No cookies.")
    page = Response(f"{url}set", "--data", "name=theme&value=dark&path=/app")
    assert page.set_cookie == ["theme=dark; Path=/app"]
    page.contains("<li><code>theme=dark; Path=/app</code></li>")
for example in ("visited", "hyper", "logout", "playground", "signed"):
    ran = subprocess.run([EXAMPLES / example, "abc"], stderr=subprocess.PIPE, text=True, timeout=10)
    assert ran.returncode == 1 and "invalid port" in ran.stderr, f"{example}: {ran.stderr}"
