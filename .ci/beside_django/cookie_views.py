"""Checks that the Rust service and Django read, delete and reject each other's plain and signed cookies in the same way."""

import re
import time
from email.utils import parsedate_to_datetime
from itertools import product

from django.core import signing

from client import DJANGO, KEY, PAIRS, RUST, SERVERS, check

# Attempts to send two requests within the same second.
MAX_ATTEMPTS = 20

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


PARTS = (plain_cookies, all_at_once, scopes, signed_cookies, forgeries, ages, rotations)
