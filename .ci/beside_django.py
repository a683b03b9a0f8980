#!/usr/bin/env python3
"""Fails unless the example beside_django and its Django site read, delete and refuse each other's cookies alike.

Both run on ports of one host, with one cookie store between them. It needs Django, and the example built before.
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
START_SECONDS, ANSWER_SECONDS, STOP_SECONDS = 60, 20, 10
# Times that a second may end between two requests.
TRIES = 20
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
# Django's servers raise on writing these; it does read them.
BEYOND_LATIN_1 = ["\u0100", "\u20ac 5", "\u5bc6\u94a5", "\U0001f36a", "a\u2028b", "\ufffd"]
NAMES = ["a", "A", "a.b-c_d", "$Version", "__Host-a", "__Secure-a", "!#$%&'*+-.^_`|~:", "n" * 64]
SALTS = ["", "login", "a salt: \"with\" ; everything", "caf\u00e9", "\u5bc6\u94a5", ":", "0:"]


class Failed(Exception):
    pass


counted = {"exchanges": 0, "checks": 0}


def check(what, found, expected):
    counted["checks"] += 1
    if found != expected:
        raise Failed(f"{what}:\n    found    {found!r}\n    expected {expected!r}")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Each exchange is asked for and counted, and a refusal is an answer."""

    def redirect_request(self, *_):
        return None


# The one store. To a Set-Cookie field without Version it is a browser of Netscape's kind: it keeps values as they are, quotes
# and escapes and all, and knows no ports.
store = CookieJar()
client = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPCookieProcessor(store))


class Answer(NamedTuple):
    status: int
    text: str
    location: str
    set_cookie: list


class Server:
    """One of the two, and what can be asked of it; started anew with each environment."""

    def __init__(self, name, command, refusals):
        self.name, self.command, self.refusals = name, command, refusals
        self.process = self.url = self.log = None

    def __repr__(self):
        return self.name

    def start(self, key, fallbacks=()):
        self.stop()
        # Links without a host, as behind a proxy; and what is printed shall come at once.
        environment = os.environ | {"DJANGO_URL": "", "BASKET_URL": "", "PYTHONUNBUFFERED": "1"}
        environment |= {"COOKIE_VIEWS": "", "SECRET_KEY": key, "SECRET_KEY_FALLBACKS": ",".join(fallbacks)}
        self.log = tempfile.TemporaryFile()
        try:
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise Failed(f"{self} doesn't start: {error}") from error
        self.url = self.wait_for_url()
        check(f"{self} with key {key!r}, fallbacks {fallbacks!r}: /cookies/", self.ask("/cookies/").status, 200)

    def wait_for_url(self):
        """It takes whichever port is free, and prints it once it listens there."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if printed := re.search(r"http://127\.0\.0\.1:[1-9][0-9]*(?=/)", self.printed()):
                return printed[0]
            if self.process.poll() is not None:
                raise Failed(f"{self} ends with {self.process.returncode} before it listens")
            time.sleep(0.01)
        raise Failed(f"{self} doesn't listen after {START_SECONDS} s")

    def printed(self):
        """All that it printed so far. It shares the file's place with us, so that is left alone."""
        descriptor = self.log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def stop(self, how=signal.SIGTERM):
        """Returns its exit code."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def ask(self, path, form=None, /, **query):
        """What it answers to the store's cookies; the store takes the answer's. With a form it is a POST."""
        if query:
            path = f"{path}?{urllib.parse.urlencode(query)}"
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(self.url + path, data)
        counted["exchanges"] += 1
        try:
            try:
                response = client.open(request, timeout=ANSWER_SECONDS)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                # Headers are bytes read as Latin-1, so that equal text is equal bytes.
                fields = response.headers.get_all("Set-Cookie", [])
                return Answer(response.status, response.read().decode(), response.headers["Location"], fields)
        except (OSError, HTTPException) as error:
            raise Failed(f"{self}, {path}: {error}") from error

    def write(self, operation, **query):
        """The Set-Cookie field of set, set_signed or delete."""
        answer = self.ask(f"/cookies/{operation}", **query)
        check(f"{self} answers {operation} {query}", (answer.status, len(answer.set_cookie)), (200, 1))
        return answer.set_cookie[0]

    def reads(self, value, what, operation="get", **query):
        answer = self.ask(f"/cookies/{operation}", **query)
        check(f"{self} reads {what}, {operation} {query}", (answer.status, answer.text), (200, value))

    def refuses(self, why, what, operation="get_signed", **query):
        answer = self.ask(f"/cookies/{operation}", **query)
        reason = next((why for why, text in self.refusals.items() if re.search(text, answer.text)), answer.text)
        check(f"{self} refuses {what}, {operation} {query}", (answer.status, reason), (400, why))


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
    {"missing": "is missing from the request", "expired": "ago, longer than", "forged": "the seal doesn't match"},
)
SERVERS = (DJANGO, RUST)
PAIRS = ((DJANGO, RUST), (RUST, DJANGO))


def both_read(value, what, **query):
    for reader in SERVERS:
        reader.reads(value, what, **query)


def both_refuse(why, what, operation="get_signed", **query):
    for reader in SERVERS:
        reader.refuses(why, what, operation, **query)


def both_write(operation, **query):
    """One operation leads to one field, byte for byte, in the same second: times and signatures hang on it."""
    for _ in range(TRIES):
        start = int(time.time())
        django_field, rust_field = (server.write(operation, **query) for server in SERVERS)
        end = int(time.time())
        if start == end or django_field == rust_field:
            break
    check(f"Rust's and Django's field of {operation} {query}", rust_field, django_field)
    if operation != "delete" and "max_age" in query:
        expires = int(parsedate_to_datetime(re.search("expires=([^;]*)", rust_field)[1]).timestamp())
        check(f"expires is {query['max_age']} s from now: {rust_field}", start <= expires - query["max_age"] <= end, True)


def plain_cookies():
    for what, value in AWKWARD.items():
        for setter, other in PAIRS:
            setter.write("set", name="plain", value=value)
            both_read(value, f"{what}, set by {setter}", name="plain")
            other.write("delete", name="plain")
            both_refuse("missing", f"{what}, set by {setter}, deleted by {other}", "get", name="plain")
        both_write("set", name="plain", value=value)
    for name in NAMES:
        for setter, other in PAIRS:
            if name.startswith("__"):
                # Django leaves it to its user to say Secure, and the store keeps such cookies from http.
                continue
            setter.write("set", name=name, value="a;b")
            both_read("a;b", f"{name}, set by {setter}", name=name)
            other.write("delete", name=name)
            both_refuse("missing", f"{name}, set by {setter}, deleted by {other}", "get", name=name)
            both_write("set", name=name, value="a;b")
        both_write("delete", name=name)
    for value in BEYOND_LATIN_1:
        RUST.write("set", name="plain", value=value)
        both_read(value, "a value beyond Latin-1, set by Rust", name="plain")
        # Its server's status line has left by then.
        check(f"Django can't write {value!r}", DJANGO.ask("/cookies/set", name="plain", value=value).set_cookie, [])


def all_at_once():
    """The whole Cookie field, in its order."""
    for number, value in enumerate(AWKWARD.values()):
        SERVERS[number % 2].write("set", name=f"n{number}", value=value)
    listed = RUST.ask("/cookies/").text
    check("Rust's and Django's list of cookies", listed, DJANGO.ask("/cookies/").text)
    for number, value in enumerate(AWKWARD.values()):
        check(f"n{number} is in the list", f"n{number}={value}\n" in listed, True)
        SERVERS[(number + 1) % 2].write("delete", name=f"n{number}")
    for server in SERVERS:
        check(f"{server}'s list when all are deleted", re.findall("^n[0-9]+=", server.ask("/cookies/").text, re.MULTILINE), [])


def scopes():
    for setter, other in PAIRS:
        setter.write("set", name="scoped", value="a;b", path="/cookies/", max_age=600)
        other.write("delete", name="scoped")
        both_read("a;b", f"what {setter} set at /cookies/ and {other} deleted at /", name="scoped")
        other.write("delete", name="scoped", path="/cookies/")
        both_refuse("missing", f"what {setter} set and {other} deleted at /cookies/", "get", name="scoped")
    for path, max_age in product(["/", "", "/cookies/", "/a b/%3B,"], [0, 1, 600, 1209600, 1000000000]):
        both_write("set", name="scoped", value="a;b", path=path, max_age=max_age)
        both_write("set_signed", name="scoped", value="a;b", salt="login", path=path, max_age=max_age)
        both_write("delete", name="scoped", path=path)


def signed_cookies():
    for what, value in AWKWARD.items():
        for setter, other in PAIRS:
            setter.write("set_signed", name="user", value=value, salt="login")
            both_read(value, f"{what}, signed by {setter}", operation="get_signed", name="user", salt="login", max_age=600)
            both_refuse("forged", f"{what}, signed by {setter} with another salt", name="user", salt="logout")
            other.write("delete", name="user")
            both_refuse("missing", f"{what}, signed by {setter}, deleted by {other}", name="user", salt="login")
        both_write("set_signed", name="user", value=value, salt="login")
    for setter, salt in product(SERVERS, SALTS):
        setter.write("set_signed", name="user", value="42", salt=salt)
        both_read("42", f"what {setter} signed with salt {salt!r}", operation="get_signed", name="user", salt=salt)
        for wrong in SALTS:
            if wrong != salt:
                both_refuse("forged", f"what {setter} signed with salt {salt!r}", name="user", salt=wrong)
        both_write("set_signed", name="user", value="42", salt=salt)
    # CVE-2026-6873: the same letters, parted otherwise.
    for setter, (name, salt), (other_name, other_salt) in product(SERVERS, *[[("a", "bc"), ("ab", "c"), ("abc", "")]] * 2):
        setter.write("set_signed", name=name, value="42", salt=salt)
        setter.write("set", name=other_name, value=setter.ask("/cookies/get", name=name).text)
        query = {"operation": "get_signed", "name": other_name, "salt": other_salt}
        if name == other_name:
            both_read("42", f"what {setter} signed", **query)
        else:
            both_refuse("forged", f"what {setter} signed for {name!r} with salt {salt!r}", **query)


def forgeries():
    for setter, other in PAIRS:
        setter.write("set_signed", name="user", value="42;", salt="login")
        signed = other.ask("/cookies/get", name="user").text
        forged = [signed[:place] + ("A" if letter != "A" else "B") + signed[place + 1 :] for place, letter in enumerate(signed)]
        # The last letter of the signature stands for four bits; as text it isn't the same with another that has these.
        forged += [signed[:-1] + letter for letter in "ABCDwxyz0189-_".replace(signed[-1], "")][:13]
        forged += [signed[:length] for length in range(len(signed))]
        forged += [signed + "=", signed + " ", " " + signed, signed.replace(":", ""), signed.replace(":", "%3A"), ":", "::"]
        for number, text in enumerate(forged):
            SERVERS[number % 2].write("set", name="user", value=text)
            both_refuse("forged", f"{text!r} for {signed!r} by {setter}", name="user", salt="login")
        SERVERS[1].write("set", name="user", value=signed)
        both_read("42;", f"what {setter} signed and Rust copied", operation="get_signed", name="user", salt="login")


class EarlierSigner(signing.TimestampSigner):
    """Django's, at a time before now; afterwards, if `age` is negative."""

    age = 0

    def timestamp(self):
        return signing.b62_encode(int(time.time()) - self.age)


def ages():
    for setter in SERVERS:
        setter.write("set_signed", name="user", value="42", salt="login")
        # Whole seconds are signed, so some part of one has gone by.
        both_refuse("expired", f"what {setter} signed just now", name="user", salt="login", max_age=0)
        both_read("42", f"what {setter} signed just now", operation="get_signed", name="user", salt="login", max_age=600)
    signer = EarlierSigner(
        key=signing._cookie_signer_key(KEY), salt=signing._cookie_signer_salt("user", "login"), fallback_keys=[]
    )
    for carrier, signer.age in product(SERVERS, [60, 3600, 1209600, 10**9, -3600]):
        carrier.write("set", name="user", value=signer.sign("42"))
        query = {"name": "user", "salt": "login"}
        both_read("42", f"what is {signer.age} s old", operation="get_signed", **query)
        both_read("42", f"what is {signer.age} s old", operation="get_signed", max_age=max(0, signer.age + 600), **query)
        if signer.age > 0:
            both_refuse("expired", f"what is {signer.age} s old", max_age=signer.age - 1, **query)
            both_refuse("expired", f"what is {signer.age} s old", max_age=0, **query)
            both_refuse("forged", f"what is {signer.age} s old, with another salt", name="user", salt="x", max_age=0)


def site():
    """A login at Django's, a basket at Rust's, and a logout at Django's."""

    def shows(server, path, text):
        answer = server.ask(path)
        check(f"{server}'s {path}", (answer.status, *re.findall("<h1>(.*)</h1>", answer.text)), (200, text))
        return answer

    def both_show(basket):
        shows(RUST, "/basket/", f"User 42, in your basket: {basket}")
        return shows(DJANGO, "/", f"User 42, in your basket: {basket}")

    def leads_to(where, names, server, path, form=None, **query):
        answer = server.ask(path, form, **query)
        written = [field.split("=")[0] for field in answer.set_cookie]
        check(f"{server}'s {path} {query}", (answer.status in (302, 303), answer.location, written), (True, where, names))

    def token(answer):
        return dict(re.findall('name="(csrfmiddlewaretoken)" value="(.*?)"', answer.text))

    store.clear()
    leads_to("/", [], RUST, "/basket/")
    for _ in range(2):
        form = token(shows(DJANGO, "/", "Who are you?"))
        check("a basket without a login", RUST.ask("/basket/add", {}, item="tea").status, 400)
        leads_to("/", ["user"], DJANGO, "/login", form=form | {"user": "42"})
        both_show("nothing")
        for item in ("tea", "cocoa", "tea"):
            leads_to("/basket/", ["basket"], RUST, "/basket/add", form={}, item=item)
        check("what isn't on the shelf", RUST.ask("/basket/add", {}, item="<b>").status, 404)
        both_show("tea, cocoa")
        leads_to("/basket/", ["basket"], RUST, "/basket/empty", form={})
        both_show("nothing")
        leads_to("/basket/", ["basket"], RUST, "/basket/add", form={}, item="coffee")
        form = token(both_show("coffee"))
        leads_to("/", ["user", "basket"], DJANGO, "/logout", form=form)
        leads_to("/", [], RUST, "/basket/")
        both_refuse("missing", "the user after the logout", name="user", salt="login")
        both_refuse("missing", "the basket after the logout", name="basket", salt="basket")

    DJANGO.write("set", name="user", value="42:1vNxyz:forged")
    leads_to("/", [], RUST, "/basket/")
    check("a basket of a forged user", RUST.ask("/basket/add", {}, item="tea").status, 400)
    shows(DJANGO, "/", "Who are you?")
    DJANGO.write("set_signed", name="user", value="<b>&", salt="login")
    for server, path in ((DJANGO, "/"), (RUST, "/basket/")):
        check(f"{server} escapes", "<h1>User &lt;b" in server.ask(path).text, True)


def rotations():
    rotate(KEY, "the second key", first=RUST, second=DJANGO)
    rotate("the second key", "\u00e9\u20ac third key; \"=", first=DJANGO, second=RUST)


def rotate(former, new, first, second):
    """One side after the other, each of which must stand as long as it takes to start the other anew."""

    def sign(signer, name="now"):
        signer.write("set_signed", name=name, value="a;b", salt="login")
        return name

    def reads(reader, name, when):
        reader.reads("a;b", f"{name}, {when}", "get_signed", name=name, salt="login", max_age=600)

    def refuses(reader, name, when):
        reader.refuses("forged", f"{name}, {when}", name=name, salt="login", max_age=600)

    def all_read(names, when):
        for reader, name in product(SERVERS, names):
            reads(reader, name, when)
        for reader, signer in product(SERVERS, SERVERS):
            reads(reader, sign(signer), f"signed by {signer}, {when}")

    old = [sign(first, "old_by_first"), sign(second, "old_by_second")]
    all_read(old, "before the rotation")

    first.start(new, [former])
    when = f"{first} rotated before {second} knows the key"
    for reader, name in product(SERVERS, old):
        reads(reader, name, when)
    reads(first, sign(second), when)
    # Which is why the README says to add the new key to the other side's fallbacks first.
    refuses(second, sign(first), when)

    second.start(former, [new])
    all_read(old, f"{first} rotated, {second} knows the key")

    second.start(new, [former])
    fresh = [sign(first, "new_by_first"), sign(second, "new_by_second")]
    all_read([*old, *fresh], "both rotated")
    both_write("set_signed", name="now", value="a;b", salt="login")

    first.start(new)
    for name in old:
        refuses(first, name, f"{first} dropped the former key")
        reads(second, name, f"{first} dropped the former key, {second} didn't")
    all_read(fresh, f"{first} dropped the former key")

    second.start(new)
    for reader, name in product(SERVERS, old):
        refuses(reader, name, "both dropped the former key")
    all_read(fresh, "both dropped the former key")


def ends_at_ctrl_c():
    check("Rust's exit code at Ctrl-C", RUST.stop(signal.SIGINT), 0)


def run():
    for server in SERVERS:
        server.start(KEY)
    for part in (plain_cookies, all_at_once, scopes, signed_cookies, forgeries, ages, site, rotations, ends_at_ctrl_c):
        before = counted["exchanges"]
        part()
        print(f"{part.__name__.replace('_', ' ')}: {counted['exchanges'] - before} exchanges", flush=True)


def main():
    # So that the servers end when this is told to.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    start = time.monotonic()
    try:
        run()
    except Failed as failed:
        for server in SERVERS:
            if server.log:
                print(f"---- the last that {server} printed", server.printed()[-2000:], sep="\n", file=sys.stderr)
        sys.exit(f"---- after {counted['exchanges']} exchanges\n{failed}")
    finally:
        for server in SERVERS:
            server.stop()
    seconds = time.monotonic() - start
    print(f"Django {django.__version__}: {counted['exchanges']} exchanges, {counted['checks']} checks, {seconds:.1f} s")


if __name__ == "__main__":
    main()
