"""The two servers, the browsers that send requests to both, and the counts of exchanges and checks."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from http.client import HTTPException
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS, RESPONSE_SECONDS, STOP_SECONDS = 60, 20, 10
KEY = "the first key"


class CheckFailed(Exception):
    pass


counts = {"exchanges": 0, "checks": 0}
counts_lock = threading.Lock()


def count(kind):
    with counts_lock:
        counts[kind] += 1


def check(subject, found, expected):
    count("checks")
    if found != expected:
        raise CheckFailed(f"{subject}:\n    found    {found!r}\n    expected {expected!r}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, so that the client makes and counts each exchange itself."""

    def redirect_request(self, *_):
        return None


class Browser:
    """A cookie store that both servers share, and a client.

    For a Set-Cookie header without Version the store follows Netscape's rules, as browsers do: it keeps values unchanged,
    including quotes and escapes, and ignores ports.
    """

    current = None

    def __init__(self):
        self.store = CookieJar()
        handlers = urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPCookieProcessor(self.store)
        self.client = urllib.request.build_opener(*handlers)

    @contextmanager
    def used(self):
        previous, Browser.current = Browser.current, self
        try:
            yield self
        finally:
            Browser.current = previous

    def cookie(self, name):
        return next((cookie.value for cookie in self.store if cookie.name == name), None)

    def set_cookie(self, name, value):
        """Changes the value of a cookie that the store has, or adds one with Path=/."""
        domain, always = "127.0.0.1", {"version": 0, "port": None, "port_specified": False, "rest": {}, "secure": False}
        always |= {"domain": domain, "domain_specified": False, "domain_initial_dot": False, "path_specified": True}
        always |= {"expires": None, "discard": True, "comment": None, "comment_url": None}
        self.store.set_cookie(Cookie(name=name, value=value, path="/", **always))

    def copy(self):
        copy = Browser()
        for cookie in self.store:
            copy.store.set_cookie(cookie)
        return copy


Browser.current = Browser()


class Response(NamedTuple):
    status: int
    text: str
    location: str
    set_cookie: list


class Server:
    """One of the two servers, and the requests to it. Each start uses a new environment."""

    # The environment of both servers, in addition to the keys.
    environment = {}

    def __init__(self, name, command, rejections):
        self.name, self.command, self.rejections = name, command, rejections
        self.process = self.url = self.log = None

    def __repr__(self):
        return self.name

    def start(self, key, fallbacks=()):
        self.stop()
        # As behind a proxy, the links have no host. The output must not be buffered.
        environment = os.environ | {"DJANGO_URL": "", "BASKET_URL": "", "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {"COOKIE_VIEWS": "", "SECRET_KEY": key, "SECRET_KEY_FALLBACKS": ",".join(fallbacks)}
        self.log = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                self.command,
                env=environment | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            raise CheckFailed(f"{self} does not start: {error}") from error
        self.url = self.wait_for_url()
        check(f"{self} with key {key!r}, fallbacks {fallbacks!r}: /cookies/", self.request("/cookies/").status, 200)

    def wait_for_url(self):
        """Returns the URL that the server prints once it listens on a free port."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if printed := re.search(r"http://127\.0\.0\.1:[1-9][0-9]*(?=/)", self.printed()):
                return printed[0]
            if self.process.poll() is not None:
                raise CheckFailed(f"{self} exits with code {self.process.returncode} before it listens")
            time.sleep(0.01)
        raise CheckFailed(f"{self} does not listen after {START_SECONDS} s")

    def printed(self):
        """The output so far. The server shares the position of this file, so this does not move it."""
        descriptor = self.log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def stop(self, stop_signal=signal.SIGTERM):
        """Returns the exit code, or None if the server does not run."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(stop_signal)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def request(self, path, form=None, browser=None, origin=None, /, **query):
        """Sends the browser's cookies and stores those of the response. The method is POST if there is a form, else GET."""
        if query:
            path = f"{path}?{urllib.parse.urlencode(query)}"
        data = None if form is None else urllib.parse.urlencode(form).encode()
        url_request = urllib.request.Request(self.url + path, data)
        if data is not None:
            # As behind a proxy, the page with the form and its target have the same origin.
            url_request.add_header("Origin", origin or self.url)
        count("exchanges")
        try:
            try:
                response = (browser or Browser.current).client.open(url_request, timeout=RESPONSE_SECONDS)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                # Headers are decoded as Latin-1, so equal strings are equal bytes.
                set_cookie = response.headers.get_all("Set-Cookie", [])
                return Response(response.status, response.read().decode(), response.headers["Location"], set_cookie)
        except (OSError, HTTPException) as error:
            raise CheckFailed(f"{self}, {path}: {error}") from error

    def write(self, operation, **query):
        """Returns the Set-Cookie header of set, set_signed or delete."""
        response = self.request(f"/cookies/{operation}", **query)
        check(f"{self} responds to {operation} {query}", (response.status, len(response.set_cookie)), (200, 1))
        return response.set_cookie[0]

    def reads(self, value, subject, operation="get", **query):
        response = self.request(f"/cookies/{operation}", **query)
        check(f"{self} reads {subject}, {operation} {query}", (response.status, response.text), (200, value))

    def rejects(self, reason, subject, operation="get_signed", **query):
        response = self.request(f"/cookies/{operation}", **query)
        found = next((name for name, text in self.rejections.items() if re.search(text, response.text)), response.text)
        check(f"{self} rejects {subject}, {operation} {query}", (response.status, found), (400, reason))


def service():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"]) / "debug/beside_django"


DJANGO = Server(
    "Django",
    [sys.executable, ROOT / "examples/beside_django/manage.py", "runserver", "--noreload", "--skip-checks", "127.0.0.1:0"],
    {"missing": "is missing$", "expired": "^Signature age", "forged": r'^(Signature ".*" does not match|No ":" found in value)$'},
)
RUST = Server(
    "Rust",
    [service(), "0"],
    {"missing": "is not in the request", "expired": "ago, and the maximum age is", "forged": "the signature does not match"},
)
SERVERS = (DJANGO, RUST)
PAIRS = ((DJANGO, RUST), (RUST, DJANGO))
