#!/usr/bin/env python3
"""Fails unless the examples, built before, answer to curl as their docs say and end at Ctrl-C."""

import json
import re
import signal
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

FIRST, AGAIN = "Welcome to my website!", "Welcome back!"
COOKIE = "visited=True; Path=/"


def target():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version=1"], stdout=subprocess.PIPE, check=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"])


EXAMPLES = target() / "debug/examples"


@contextmanager
def served(example):
    """Its URL, while it runs on a free port."""
    server = subprocess.Popen([EXAMPLES / example, "0"], stdout=subprocess.PIPE, text=True)
    try:
        yield server.stdout.readline().strip()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0, f"{example} ends with {server.returncode}"
        print(f"{example}: Ctrl-C ends it")
    finally:
        server.kill()
        server.wait()


class Answer:
    def __init__(self, url, *options):
        curl = "curl --silent --show-error --include --max-time 10 --noproxy *"
        ran = subprocess.run([*curl.split(), *options, url], stdout=subprocess.PIPE, text=True, check=True)
        head, self.body = ran.stdout.replace("\r\n", "\n").split("\n\n", 1)
        self.version, self.status = head.split()[:2]
        self.set_cookie = re.findall(r"^set-cookie: (.*)$", head, re.MULTILINE)
        print("curl", *options, url, "→", self.version, self.status, self.set_cookie, re.sub(r"\s+", " ", self.body)[:150])

    def shows(self, *texts):
        assert all(text in self.body for text in texts), f"no {texts} in {self.body}"


def check_visited(url, *options):
    first = Answer(url, *options)
    assert (first.status, first.set_cookie, first.body) == ("200", [COOKIE], FIRST)
    again = Answer(url, *options, "--cookie", "visited=True")
    assert (again.status, again.set_cookie, again.body) == ("200", [], AGAIN)
    return first.version


def check_logout(app, jar):
    def visit(path=""):
        return Answer(app + path, "--cookie", jar, "--cookie-jar", jar)

    visit().shows("You are logged out.")
    visit("/login").shows("Logged in.")
    visit().shows("You are logged in.")

    wrong = visit("/wrong-logout")
    assert wrong.status == "500" and not wrong.set_cookie
    wrong.shows("declared with Domain=localhost; Path=/app,", "given with Domain=localhost; Path=/;")
    visit().shows("You are logged in.")

    visit("/logout").shows("Logged out.")
    visit().shows("You are logged out.")


with served("visited") as url:
    check_visited(url)
with served("hyper") as url:
    assert check_visited(url, "--http1.1") == "HTTP/1.1"
    assert check_visited(url, "--http2-prior-knowledge") == "HTTP/2"
with served("logout") as url, tempfile.TemporaryDirectory() as directory:
    check_logout(url, f"{directory}/jar")
with served("playground") as url:
    Answer(url).shows("No cookies.")
    page = Answer(f"{url}set", "--data", "name=theme&value=dark&path=/app")
    assert page.set_cookie == ["theme=dark; Path=/app"]
    page.shows("<li><code>theme=dark; Path=/app</code></li>")
for example in ("visited", "hyper", "logout", "playground", "signed", "beside_django"):
    ran = subprocess.run([EXAMPLES / example, "abc"], stderr=subprocess.PIPE, text=True, timeout=10)
    assert ran.returncode == 1 and "the argument is a port" in ran.stderr, f"{example}: {ran.stderr}"
