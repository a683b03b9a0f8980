#!/usr/bin/env python3
"""Checks that the example beside_django and its Django site read, delete and reject each other's cookies in the same way.

Both servers run on one host, on different ports, and one client with one cookie store talks to both. Django must be
installed, and the example must be built.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from http.cookiejar import CookieJar
from itertools import product
from pathlib import Path
from typing import NamedTuple

import django
from django.core import signing

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS, RESPONSE_SECONDS, STOP_SECONDS = 60, 20, 10
# Attempts to send two requests within the same second.
MAX_ATTEMPTS = 20
KEY = "the first key"

AWKWARD = {
    "plain": "True",
    "empty": "",
    "a space": " ",
    "spaces": "  a  b  ",
    "quotes": 'say "hello"',
    "a quote": '"',
    "empty quotes": '""',
    "quoted": '"quoted"',
    "a backslash": "\\",
    "backslashes": "C:\\temp\\",
    "escaped quote": '\\"',
    "looks like octal": "\\073 \\303\\251 \\400 \\08",
    "semicolon": "a;b",
    "attribute": "a; Path=/evil; Domain=example.com",
    "comma": "a, b,c",
    "equals": "a=b==c=",
    "percent": "100% %3B %22 %00 %",
    "plus": "a+b +",
    "colons": "a:b::c:",
    "JSON": '{"a": [1, "b;c", "\\n"]}',
    "e-mail": '"A. B." <user@example.com>',
    "printable ASCII": "".join(map(chr, range(0x20, 0x7F))),
    "Latin-1": "caf\u00e9 \u00bfse\u00f1or? Stra\u00dfe \u00ff",
    "all of Latin-1": "".join(map(chr, range(0xA0, 0x100))),
    "C1 controls": "".join(map(chr, range(0x80, 0xA0))),
    "no-break spaces": "\u00a0a\u00a0",
    "looks like UTF-8": "\u00c3\u00a9",
    "2 KB": "0123456789abcdef" * 128,
    "500 escapes": ";" * 500,
}
# Django's servers fail to write these characters, but Django reads them.
ABOVE_LATIN_1 = ["\u0100", "\u20ac 5", "\u5bc6\u94a5", "\U0001f36a", "a\u2028b", "\ufffd"]
NAMES = ["a", "A", "a.b-c_d", "$Version", "__Host-a", "__Secure-a", "!#$%&'*+-.^_`|~:", "n" * 64]
SALTS = ["", "login", "a salt: \"with\" ; everything", "caf\u00e9", "\u5bc6\u94a5", ":", "0:"]


class CheckFailed(Exception):
    pass


counts = {"exchanges": 0, "checks": 0}


def check(subject, found, expected):
    counts["checks"] += 1
    if found != expected:
        raise CheckFailed(f"{subject}:\n    found    {found!r}\n    expected {expected!r}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, so that the client makes and counts each exchange itself."""

    def redirect_request(self, *_):
        return None


# Both servers share this store. For a Set-Cookie header without Version it follows Netscape's rules, as browsers do: it
# keeps values unchanged, including quotes and escapes, and ignores ports.
store = CookieJar()
client = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPCookieProcessor(store))


class Response(NamedTuple):
    status: int
    text: str
    location: str
    set_cookie: list


class Server:
    """One of the two servers, and the requests to it. Each start has a new environment."""

    def __init__(self, name, command, rejections):
        self.name, self.command, self.rejections = name, command, rejections
        self.process = self.url = self.log = None

    def __repr__(self):
        return self.name

    def start(self, key, fallbacks=()):
        self.stop()
        # The links have no host, as behind a proxy, and the output is not buffered.
        environment = os.environ | {"DJANGO_URL": "", "BASKET_URL": "", "PYTHONUNBUFFERED": "1"}
        environment |= {"COOKIE_VIEWS": "", "SECRET_KEY": key, "SECRET_KEY_FALLBACKS": ",".join(fallbacks)}
        self.log = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
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

    def request(self, path, form=None, /, **query):
        """Sends the store's cookies and stores those of the response. The method is POST if there is a form, else GET."""
        if query:
            path = f"{path}?{urllib.parse.urlencode(query)}"
        data = None if form is None else urllib.parse.urlencode(form).encode()
        url_request = urllib.request.Request(self.url + path, data)
        counts["exchanges"] += 1
        try:
            try:
                response = client.open(url_request, timeout=RESPONSE_SECONDS)
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


def example():
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return Path(json.loads(metadata.stdout)["target_directory"]) / "debug/examples/beside_django"


DJANGO = Server(
    "Django",
    [sys.executable, ROOT / "examples/beside_django/manage.py", "runserver", "--noreload", "--skip-checks", "127.0.0.1:0"],
    {"missing": "is missing$", "expired": "^Signature age", "forged": r'^(Signature ".*" does not match|No ":" found in value)$'},
)
RUST = Server(
    "Rust",
    [example(), "0"],
    {"missing": "is not in the request", "expired": "ago, and the maximum age is", "forged": "the signature does not match"},
)
SERVERS = (DJANGO, RUST)
PAIRS = ((DJANGO, RUST), (RUST, DJANGO))


def both_read(value, subject, **query):
    for reader in SERVERS:
        reader.reads(value, subject, **query)


def both_reject(reason, subject, operation="get_signed", **query):
    for reader in SERVERS:
        reader.rejects(reason, subject, operation, **query)


def both_write(operation, **query):
    """Checks that both send the same Set-Cookie header within the same second, on which times and signatures depend."""
    for _ in range(MAX_ATTEMPTS):
        start = int(time.time())
        django_header, rust_header = (server.write(operation, **query) for server in SERVERS)
        end = int(time.time())
        if start == end or django_header == rust_header:
            break
    check(f"Rust's and Django's header of {operation} {query}", rust_header, django_header)
    if operation != "delete" and "max_age" in query:
        expires = int(parsedate_to_datetime(re.search("expires=([^;]*)", rust_header)[1]).timestamp())
        check(f"expires is {query['max_age']} s from now: {rust_header}", start <= expires - query["max_age"] <= end, True)


def plain_cookies():
    for description, value in AWKWARD.items():
        for setter, other in PAIRS:
            setter.write("set", name="plain", value=value)
            both_read(value, f"{description}, set by {setter}", name="plain")
            other.write("delete", name="plain")
            both_reject("missing", f"{description}, set by {setter}, deleted by {other}", "get", name="plain")
        both_write("set", name="plain", value=value)
    for name in NAMES:
        for setter, other in PAIRS:
            if name.startswith("__"):
                # Django does not add Secure, and the store does not send Secure cookies over http.
                continue
            setter.write("set", name=name, value="a;b")
            both_read("a;b", f"{name}, set by {setter}", name=name)
            other.write("delete", name=name)
            both_reject("missing", f"{name}, set by {setter}, deleted by {other}", "get", name=name)
            both_write("set", name=name, value="a;b")
        both_write("delete", name=name)
    for value in ABOVE_LATIN_1:
        RUST.write("set", name="plain", value=value)
        both_read(value, "a value above Latin-1, set by Rust", name="plain")
        # The server fails after it has sent the status line.
        check(f"Django cannot write {value!r}", DJANGO.request("/cookies/set", name="plain", value=value).set_cookie, [])


def all_at_once():
    """Checks the order of the Cookie header."""
    for number, value in enumerate(AWKWARD.values()):
        SERVERS[number % 2].write("set", name=f"n{number}", value=value)
    listed = RUST.request("/cookies/").text
    check("Rust's and Django's list of cookies", listed, DJANGO.request("/cookies/").text)
    for number, value in enumerate(AWKWARD.values()):
        check(f"n{number} is in the list", f"n{number}={value}\n" in listed, True)
        SERVERS[(number + 1) % 2].write("delete", name=f"n{number}")
    for server in SERVERS:
        check(f"{server}'s list after all are deleted", re.findall("^n[0-9]+=", server.request("/cookies/").text, re.MULTILINE), [])


def scopes():
    for setter, other in PAIRS:
        setter.write("set", name="scoped", value="a;b", path="/cookies/", max_age=600)
        other.write("delete", name="scoped")
        both_read("a;b", f"a cookie that {setter} set at /cookies/ and {other} deleted at /", name="scoped")
        other.write("delete", name="scoped", path="/cookies/")
        both_reject("missing", f"a cookie that {setter} set and {other} deleted at /cookies/", "get", name="scoped")
    for path, max_age in product(["/", "", "/cookies/", "/a%20b/%3B,"], [0, 1, 600, 1209600, 1000000000]):
        both_write("set", name="scoped", value="a;b", path=path, max_age=max_age)
        both_write("set_signed", name="scoped", value="a;b", salt="login", path=path, max_age=max_age)
        both_write("delete", name="scoped", path=path)


def signed_cookies():
    for description, value in AWKWARD.items():
        for setter, other in PAIRS:
            setter.write("set_signed", name="user", value=value, salt="login")
            both_read(value, f"{description}, signed by {setter}", operation="get_signed", name="user", salt="login", max_age=600)
            both_reject("forged", f"{description}, signed by {setter} with another salt", name="user", salt="logout")
            other.write("delete", name="user")
            both_reject("missing", f"{description}, signed by {setter}, deleted by {other}", name="user", salt="login")
        both_write("set_signed", name="user", value=value, salt="login")
    for setter, salt in product(SERVERS, SALTS):
        setter.write("set_signed", name="user", value="42", salt=salt)
        both_read("42", f"a cookie that {setter} signed with salt {salt!r}", operation="get_signed", name="user", salt=salt)
        for wrong in SALTS:
            if wrong != salt:
                both_reject("forged", f"a cookie that {setter} signed with salt {salt!r}", name="user", salt=wrong)
        both_write("set_signed", name="user", value="42", salt=salt)
    # CVE-2026-6873: the same letters, split differently between name and salt.
    for setter, (name, salt), (other_name, other_salt) in product(SERVERS, *[[("a", "bc"), ("ab", "c"), ("abc", "")]] * 2):
        setter.write("set_signed", name=name, value="42", salt=salt)
        setter.write("set", name=other_name, value=setter.request("/cookies/get", name=name).text)
        query = {"operation": "get_signed", "name": other_name, "salt": other_salt}
        if name == other_name:
            both_read("42", f"a cookie that {setter} signed", **query)
        else:
            both_reject("forged", f"a cookie that {setter} signed for {name!r} with salt {salt!r}", **query)


def forgeries():
    for setter, other in PAIRS:
        setter.write("set_signed", name="user", value="42;", salt="login")
        signed = other.request("/cookies/get", name="user").text
        forged = [signed[:index] + ("A" if letter != "A" else "B") + signed[index + 1 :] for index, letter in enumerate(signed)]
        # Only four bits of the signature's last letter count, but another letter with the same bits is rejected too.
        forged += [signed[:-1] + letter for letter in "ABCDwxyz0189-_".replace(signed[-1], "")][:13]
        forged += [signed[:length] for length in range(len(signed))]
        forged += [signed + "=", signed + " ", " " + signed, signed.replace(":", ""), signed.replace(":", "%3A"), ":", "::"]
        for number, text in enumerate(forged):
            SERVERS[number % 2].write("set", name="user", value=text)
            both_reject("forged", f"{text!r} for {signed!r} by {setter}", name="user", salt="login")
        SERVERS[1].write("set", name="user", value=signed)
        both_read("42;", f"a cookie that {setter} signed and Rust copied", operation="get_signed", name="user", salt="login")


class EarlierSigner(signing.TimestampSigner):
    """Django's signer with a clock that is `age` seconds slow, or fast if `age` is negative."""

    age = 0

    def timestamp(self):
        return signing.b62_encode(int(time.time()) - self.age)


def ages():
    for setter in SERVERS:
        setter.write("set_signed", name="user", value="42", salt="login")
        # The signature has whole seconds, so the cookie is always a fraction of a second old.
        both_reject("expired", f"a cookie that {setter} signed just now", name="user", salt="login", max_age=0)
        both_read("42", f"a cookie that {setter} signed just now", operation="get_signed", name="user", salt="login", max_age=600)
    signer = EarlierSigner(
        key=signing._cookie_signer_key(KEY), salt=signing._cookie_signer_salt("user", "login"), fallback_keys=[]
    )
    for carrier, signer.age in product(SERVERS, [60, 3600, 1209600, 10**9, -3600]):
        carrier.write("set", name="user", value=signer.sign("42"))
        query = {"name": "user", "salt": "login"}
        both_read("42", f"a signature that is {signer.age} s old", operation="get_signed", **query)
        both_read("42", f"a signature that is {signer.age} s old", operation="get_signed", max_age=max(0, signer.age + 600), **query)
        if signer.age > 0:
            both_reject("expired", f"a signature that is {signer.age} s old", max_age=signer.age - 1, **query)
            both_reject("expired", f"a signature that is {signer.age} s old", max_age=0, **query)
            both_reject("forged", f"a signature that is {signer.age} s old, with another salt", name="user", salt="x", max_age=0)


def site():
    """A login at Django's site, a basket at Rust's, and a logout at Django's."""

    def shows(server, path, text):
        response = server.request(path)
        check(f"{server}'s {path}", (response.status, *re.findall("<h1>(.*)</h1>", response.text)), (200, text))
        return response

    def both_show(basket):
        shows(RUST, "/basket/", f"User 42, in your basket: {basket}")
        return shows(DJANGO, "/", f"User 42, in your basket: {basket}")

    def redirects(location, names, server, path, form=None, **query):
        response = server.request(path, form, **query)
        written = [header.split("=")[0] for header in response.set_cookie]
        found = (response.status in (302, 303), response.location, written)
        check(f"{server}'s {path} {query}", found, (True, location, names))

    def token(response):
        return dict(re.findall('name="(csrfmiddlewaretoken)" value="(.*?)"', response.text))

    store.clear()
    redirects("/", [], RUST, "/basket/")
    for _ in range(2):
        form = token(shows(DJANGO, "/", "Who are you?"))
        check("a basket without a login", RUST.request("/basket/add", {}, item="tea").status, 400)
        redirects("/", ["user"], DJANGO, "/login", form=form | {"user": "42"})
        both_show("nothing")
        for item in ("tea", "cocoa", "tea"):
            redirects("/basket/", ["basket"], RUST, "/basket/add", form={}, item=item)
        check("an item that does not exist", RUST.request("/basket/add", {}, item="<b>").status, 404)
        both_show("tea, cocoa")
        redirects("/basket/", ["basket"], RUST, "/basket/empty", form={})
        both_show("nothing")
        redirects("/basket/", ["basket"], RUST, "/basket/add", form={}, item="coffee")
        form = token(both_show("coffee"))
        redirects("/", ["user", "basket"], DJANGO, "/logout", form=form)
        redirects("/", [], RUST, "/basket/")
        both_reject("missing", "the user after the logout", name="user", salt="login")
        both_reject("missing", "the basket after the logout", name="basket", salt="basket")

    DJANGO.write("set", name="user", value="42:1vNxyz:forged")
    redirects("/", [], RUST, "/basket/")
    check("a basket of a forged user", RUST.request("/basket/add", {}, item="tea").status, 400)
    shows(DJANGO, "/", "Who are you?")
    DJANGO.write("set_signed", name="user", value="<b>&", salt="login")
    for server, path in ((DJANGO, "/"), (RUST, "/basket/")):
        check(f"{server} escapes", "<h1>User &lt;b" in server.request(path).text, True)


def rotations():
    rotate(KEY, "the second key", first=RUST, second=DJANGO)
    rotate("the second key", "\u00e9\u20ac third key; \"=", first=DJANGO, second=RUST)


def rotate(old_key, new_key, first, second):
    """Rotates the key of one server and then of the other, and checks the state after each restart."""

    def sign(signer, name="now"):
        signer.write("set_signed", name=name, value="a;b", salt="login")
        return name

    def reads(reader, name, when):
        reader.reads("a;b", f"{name}, {when}", "get_signed", name=name, salt="login", max_age=600)

    def rejects(reader, name, when):
        reader.rejects("forged", f"{name}, {when}", name=name, salt="login", max_age=600)

    def all_read(names, when):
        for reader, name in product(SERVERS, names):
            reads(reader, name, when)
        for reader, signer in product(SERVERS, SERVERS):
            reads(reader, sign(signer), f"signed by {signer}, {when}")

    old_cookies = [sign(first, "old_by_first"), sign(second, "old_by_second")]
    all_read(old_cookies, "before the rotation")

    first.start(new_key, [old_key])
    when = f"{first} rotated before {second} knows the key"
    for reader, name in product(SERVERS, old_cookies):
        reads(reader, name, when)
    reads(first, sign(second), when)
    # For this reason the README tells users to add the new key to the fallbacks of the other server first.
    rejects(second, sign(first), when)

    second.start(old_key, [new_key])
    all_read(old_cookies, f"{first} rotated, {second} knows the key")

    second.start(new_key, [old_key])
    new_cookies = [sign(first, "new_by_first"), sign(second, "new_by_second")]
    all_read([*old_cookies, *new_cookies], "both rotated")
    both_write("set_signed", name="now", value="a;b", salt="login")

    first.start(new_key)
    for name in old_cookies:
        rejects(first, name, f"{first} dropped the old key")
        reads(second, name, f"{first} dropped the old key, {second} did not")
    all_read(new_cookies, f"{first} dropped the old key")

    second.start(new_key)
    for reader, name in product(SERVERS, old_cookies):
        rejects(reader, name, "both dropped the old key")
    all_read(new_cookies, "both dropped the old key")


def ctrl_c():
    check("Rust's exit code after Ctrl-C", RUST.stop(signal.SIGINT), 0)


def run():
    for server in SERVERS:
        server.start(KEY)
    for part in (plain_cookies, all_at_once, scopes, signed_cookies, forgeries, ages, site, rotations, ctrl_c):
        before = counts["exchanges"]
        part()
        print(f"{part.__name__.replace('_', ' ')}: {counts['exchanges'] - before} exchanges", flush=True)


def main():
    # SIGTERM must stop the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    start = time.monotonic()
    try:
        run()
    except CheckFailed as failure:
        for server in SERVERS:
            if server.log:
                print(f"---- the last output of {server}", server.printed()[-2000:], sep="\n", file=sys.stderr)
        sys.exit(f"---- after {counts['exchanges']} exchanges\n{failure}")
    finally:
        for server in SERVERS:
            server.stop()
    seconds = time.monotonic() - start
    print(f"Django {django.__version__}: {counts['exchanges']} exchanges, {counts['checks']} checks, {seconds:.1f} s")


if __name__ == "__main__":
    main()
