"""Makes the test vectors: the results of real Django for many cookies.

Install requirements.txt, then run `python3 vectors.py`. It runs every case in Django and writes vectors.json, signing.json
and the files of CONTRIB beside this file. `python3 vectors.py --check` writes nothing: it prints the differences to the
committed files, and exits with 1 if there are any. Both print the number of cases of each kind. With `--contrib`, they do so
only for the files of CONTRIB, for which every Django of requirements.txt and requirements-6.1.txt gives the same results.
The cases of vectors.json are in this file, those of signing.json in signing_cases.py, signed_cookie_cases.py and
signed_object_cases.py, and those of CONTRIB in the files named after them.

The files need no Rust: they can test any implementation of Django's cookies. The docstring of each file says what the keys of
its cases mean.

"cookies", "set_cookie" and "raises" of a case are Django's result. "differs" is the crate's result where it is another, and
the reason: a row of the README's table of differences, or an attribute that Django lacks. "host" is the request's host, if
the crate knows it. Cases that depend on the version of CPython are left out: control characters in values that are set, and
the name `partitioned`.
"""

import argparse
import datetime
import difflib
import itertools
import json
import random
import sys
from http import cookies
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import django
import django.http.response
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest

import csrf_cases
import messages_cases
import sessions_cases
import signed_cookie_cases
import signed_object_cases
import signing_cases

HERE = Path(__file__).resolve().parent
CONTRIB = {"sessions.json": sessions_cases.CASES, "csrf.json": csrf_cases.CASES, "messages.json": messages_cases.CASES}
NOW = 1790000000.25
LAST_SECOND = 253402300799
PRINTABLE = [chr(c) for c in range(0x20, 0x7F)]
HIGH = [chr(c) for c in range(0x80, 0x100)]
LEGAL = [c for c in PRINTABLE if c.isalnum() or c in "!#$%&'*+-.^_`|~:"]
ABOVE = ["\u0100", "\u20ac", "\u2028", "\ufffd", "\U0001f600", "\U0010ffff"]
WHITE = [chr(c) for c in (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)]
RESERVED = "expires path comment domain max-age secure httponly version samesite".split()
CHIPS = "made by hand from the CHIPS draft, Django 5.2 has no Partitioned"
FLAGS = "made by hand, Django's delete_cookie has no secure and no httponly"
NEVER_SENT = "Paths that browsers never send are errors"
ANY_NAME = "a delete takes any name that browsers store"
LONG_NAME = "a long name is deleted without quotes, which would make it too long"
SINGLE_LABEL = "Domains of a single label that is not the host are errors"


class Clock(datetime.datetime):
    @classmethod
    def at(cls, seconds):
        return cls(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)

    @classmethod
    def now(cls, tz=None):
        return cls.at(NOW)


settings.configure(
    INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes", "messages", "sessions")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.http.response.time = SimpleNamespace(time=lambda: NOW)
django.http.response.datetime = SimpleNamespace(
    datetime=Clock, timedelta=datetime.timedelta, timezone=datetime.timezone
)


def parse(case, header):
    assert all(b == 9 or 0x20 <= b != 0x7F for b in header), case
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "HTTP_COOKIE": header.decode("latin-1")}
    found = WSGIRequest(environ).COOKIES
    entry = {"case": case, "header": header.hex(), "cookies": list(found.items())}
    ours = parse_trimming_space_and_tab(header.decode(errors="replace"))
    if list(ours.items()) != list(found.items()):
        entry["differs"] = {"why": "only space and tab trimmed", "cookies": list(ours.items())}
    return entry


def parse_trimming_space_and_tab(text):
    found = {}
    for chunk in text.split(";"):
        name, value = chunk.split("=", 1) if "=" in chunk else ("", chunk)
        name, value = name.strip(" \t"), value.strip(" \t")
        if name or value:
            found[name] = cookies._unquote(value)
    return found


def respond(kind, name, value, given):
    """Returns the cookie of Django's response."""
    arguments = {key: argument for key, argument in given.items() if not key.startswith("expires_")}
    if "expires_in" in given:
        arguments["expires"] = Clock.at(NOW + given["expires_in"])
    if "expires_at" in given:
        arguments["expires"] = Clock.at(given["expires_at"])
    response = django.http.HttpResponse()
    if kind == "delete":
        response.delete_cookie(name, **arguments)
    else:
        response.set_cookie(name, value, **arguments)
    return response.cookies[name]


def cookie(kind, case, name, value="", given={}, differs=None, host=None):
    assert not any(c < " " or c == "\x7f" for text in (value, *given.values()) for c in str(text)), case
    entry = {"case": case, "name": name} | ({"value": value} if kind == "set" else {}) | {"attributes": given}
    entry |= {"host": host} if host else {}
    if differs and differs["why"] in (CHIPS, FLAGS):
        return entry | {"differs": differs}
    try:
        text = respond(kind, name, value, given).output(header="").lstrip()
        text.encode("latin-1")  # WSGI servers do this, so characters above U+00FF are an error
        entry["set_cookie"] = text
    except (cookies.CookieError, ValueError) as error:
        entry["raises"] = type(error).__name__
    differs = differs or difference(kind, name, value, given, host)
    return entry | ({"differs": differs} if differs else {})


def is_stored(name):
    """Whether browsers store a cookie of this name, so that it can be deleted."""
    controls = {chr(c) for c in (*range(0x20), 0x7F)} - {"\t"}
    return name != "" and name.strip(" \t") == name and controls.union(";=\ufffd").isdisjoint(name)


def is_never_sent(path):
    """Whether browsers never send this path: they encode characters of it, end the path there, or resolve dot segments."""
    segments = path.lower().replace("%2e", ".").split("/")
    return not set(' "#<>?\\^`{|}').isdisjoint(path) or not {".", ".."}.isdisjoint(segments)


def difference(kind, name, value, given, host=None):
    """Applies the README's differences to one cookie.

    The result is an error, or the header that Django writes with the arguments adjusted to what the crate infers.
    """
    prefix, adjusted, why = name.lower(), dict(given), []
    takes_name = name and set(name) <= set(LEGAL) and prefix not in RESERVED
    if not (takes_name or kind == "delete" and is_stored(name)):
        return None
    path, domain = given.get("path", "/") or "", given.get("domain", "")
    same_site = given.get("samesite", "").capitalize()
    for_host, for_http = prefix.startswith("__host-"), prefix.startswith(("__http-", "__host-http-"))
    needed = {"secure": for_host or for_http or prefix.startswith("__secure-") or same_site == "None", "httponly": for_http}
    errors = {
        "size": kind == "set" and len((name + respond("set", name, value, {}).coded_value).encode()) > 4096
        or max(len(path), len(domain)) > 1024,
        "path": path and (path[0] != "/" or path.strip() != path or ";" in path or not path.isascii()),
        "domain": domain.startswith("..") or domain.strip() != domain or not {*";:"}.isdisjoint(domain) or not domain.isascii(),
        "prefix": for_host and (domain or path != "/"),
        **{flag: needed[flag] and given.get(flag) is False for flag in needed},
    }
    if wrong := [kind for kind, applies in errors.items() if applies]:
        assert len(wrong) == 1, (name, given, wrong)
        return {"why": "unstorable cookies are errors", "error": wrong[0]}
    if kind == "set" and is_never_sent(path):
        return {"why": NEVER_SENT, "error": "path"}
    if host and domain and "." not in domain.strip(".") and domain.removeprefix(".").lower() != host:
        return {"why": SINGLE_LABEL, "error": "domain"}
    if same_site != given.get("samesite", ""):
        adjusted["samesite"] = same_site
        why.append("SameSite in canonical case")
    if domain.startswith("."):
        adjusted["domain"] = domain[1:]
        why.append("leading dot of Domain dropped")
    if "max_age" in adjusted and {"expires_in", "expires_at"} & adjusted.keys():
        adjusted = {key: argument for key, argument in adjusted.items() if not key.startswith("expires_")}
        why.append("both expiries given")
    if not takes_name:
        why.append(ANY_NAME)
    # Django writes a name that it takes, and then the name is replaced.
    morsel = respond(kind, name if takes_name else "visited", value, adjusted)
    if missing := [flag for flag in needed if needed[flag] and not morsel[flag]]:
        dict.update(morsel, dict.fromkeys(missing, True))
        why.append("Secure (and HttpOnly) added where required")
    text = morsel.output(header="").lstrip()
    text = name + text.removeprefix(morsel.key)
    if kind == "delete" and len(f'{name}=""'.encode()) - 1 > 4096:
        text = name + text.removeprefix(name).replace('=""', "=", 1)
        why.append(LONG_NAME)
    if any(c > "\u00ff" for c in text):
        why.append("characters above U+00FF")
    return {"why": "; ".join(why), "set_cookie": text} if why else None


HEADERS = {
    "plain": r"a=1|a=1; b=2|a=1;b=2|A=1; a=2|a=|a=1,b=2|a=1+2|a=<b>&amp;</b>|a={'b':[1,2]}|a='x'|(c)=3; @=4; b/c=5; d[e]=6",
    "duplicates": "a=1; a=2|a=1; b=2; a=3|a=1; a=|x; y; =z|a=1; b; a=2; =c; b=3",
    "nameless": "foo|=foo| = foo|a=1; foo; b=2|=|==|==a|a=b=c==|= =",
    "empty chunks": "|;|;;|a=1;; ;b=2;|;a=1|=;a=1;=;=| ; <tab>;",
    "white space": "  a  =  1  ;  b<tab>=<tab>2<tab>|<tab>a=1;<tab>b=2| <tab> |a b=c d|a<tab>b=c<tab>d|a= |a=<tab>; b= 1",
    "white space at quotes": 'a="  x<tab>"|a= "x" <tab>; b=2|a=" "|a= ""|a=" "x"',
    "percent": "a=%41%3B%22%C3%A9|%61=1; a=2|__%48ost-id=evil; __Host-id=good|__%48ost-id=x|a%3Bb=1|a%20=1|%20a=1|a=%",
    "dollar": '$Version=1; a="1"; $Path="/"; $Domain=x|$Version="1"|$=1',
    "attribute names": "Path=/; secure; expires=Thu, 01 Jan 1970 00:00:00 GMT|a=1; HttpOnly; Max-Age=0; partitioned",
    "prefixes": "__Host-id=x|__Secure-id=x; __Host-id=y|__host-id=x; __Host-id=y|__Host-=x; __Host=y",
    "quotes": r'''a='"x"'|a="x"|a=""|a="|a="""|a=""""|a="x|a=x"|a="x"y|a="x" "y"|a=x"y|a="x;y"|a="x,y"|a="b=c"|a="x"; b="y"''',
    "quoted names": r'"a"=1|"a\142"=1|"x\"y"|="x\"y"|"a=1"|"a\"=1',
    "backslashes": r'a="x\""|a="x\"|a="\"|a="\\"|a="\\\"|a="\\\\"|a="x\\"y"|a="x\;y"|a=x\|a=\"x\"|a=x\012y|a\=1|a="\""',
    "escapes": r'a="\\012"|a="\\\\012"|a="\\\012"|a="\134012"|a="\042x\042"|a=\042x\042|a="\303\251"|a="\141\142\143"|a="{\"b\":[1\054 2]}"',
}
OCTALS = """000 001 010 011 012 015 033 037 040 042 054 073 075 101 134 176 177 200 237 240 251 300 377
400 412 477 777 378 387 380 398 08 09 0 1 3 00 12 37 1x2 12x x12 0128 3777 +12 1_2""".split()
UTF8 = """80 e9 ff 100 7ff 800 180e 200b 20ac d7ff e000 feff fffd ffff 10000 1f600 10ffff""".split()
BROKEN = """80 bf a9 c2 c3 df e0 e2 ef f0 f4 c080 c1bf e08080 e09fbf f0808080 f08fbfbf eda080 edbfbf eda0bdedb880
e282 e0a0 efbf f09f f09f98 f48f f48fbf f4908080 f5808080 f888808080 fc8480808080 fe ff feff fffe
c328 c35c e228a1 e282283a f0288cbc f09f2898 c3c3a9 e282e282ac f09f98c3a9 a9c3a9 c3a9a9""".split()


def parse_cases():
    for kind, headers in HEADERS.items():
        for header in headers.split("|"):
            yield f"{kind}: {header}", header.replace("<tab>", "\t").encode()
    for c in PRINTABLE:
        yield f"backslash before {c}", f'a="x\\{c}y"'.encode()
    for digits in OCTALS:
        yield f"escape {digits} alone", f'a="\\{digits}"'.encode()
        yield f"escape {digits} in a word", f'a="x\\{digits}y"; b=2'.encode()
    for code in UTF8:
        c = chr(int(code, 16))
        yield f"U+{code} in name and value", f"n{c}={c}v".encode()
        yield f"U+{code} after a backslash", f'a="\\{c}"'.encode()
    for c in WHITE:
        yield f"U+{ord(c):x} before a name", f"{c}__Host-id=evil; __Host-id=good".encode()
        yield f"U+{ord(c):x} after a name", f"__Host-id=good; __Host-id{c}=evil".encode()
        yield f"U+{ord(c):x} around a value", f"a={c}x{c}".encode()
        yield f"U+{ord(c):x} around quotes", f'a={c}"x"{c}'.encode()
        yield f"U+{ord(c):x} alone", f"a=1;{c}; b=2".encode()
    for code in BROKEN:
        bad = bytes.fromhex(code)
        yield f"bytes {code} as value", b"a=" + bad + b"; b=2"
        yield f"bytes {code} as name", bad + b"=1; a=" + bad + b"x"
        yield f"bytes {code} after a backslash", b'a="x\\' + bad + b'y"'
    for c in '"\\;= %':
        yield f"bytes c3 and a9 around {c}", b'a="x\xc3' + c.encode() + b'\xa9y"; b=2'
    yield "names alike but for an invalid byte", b"a\x80=1; a\x81=2; a\xef\xbf\xbd=3"
    yield "every byte that a field may hold", b"a=" + bytes({9, *range(0x20, 0x100)} - {0x3B, 0x7F})
    yield "long value", b"a=" + b"x" * 1500
    yield "long value of escapes", b'a="' + b'\\"\\101\\' * 200 + b'"'
    yield "long value of invalid bytes", b"a=" + b"\xc3" * 300
    yield "long name", b"n" * 1500 + b"=1"
    yield "many names", b"; ".join(b"c%d=%d" % (i, i) for i in range(100))
    yield "one name many times", b";".join(b"a=%d" % i for i in range(100))
    pieces = [*"ab12=====;;;;,%$ \t\"\"\"\"\\\\\\", "\\101", "\\42", '\\"', '="', '";', "\u2000", "\u00a0", "\u20ac"]
    pieces = [piece.encode() for piece in pieces] + [b"\xc3\xa9", b"\xc3", b"\xe2\x82", b"\xff", b"\xf0\x9f\x98\x80"]
    rng = random.Random(20)
    for i in range(1, 151):
        length = 3 + int(rng.random() * 22)
        yield f"random mix {i}", b"".join(pieces[int(rng.random() * len(pieces))] for _ in range(length))


VALUES = ["", "42", "Hello, world!", "a;b; Path=/", '"a"', '""', "\\a\\", "\\012", '{"a": [1, "b;c"]}', "a=b", "user@example.com",
          "https://example.com/?a=b&c=d#e", "aGVsbG8/Pz8+Pg==", " a ", "caf\u00e9 cr\u00e8me", "\u00e9\u20ac;\U0001f600", "e\u0301",
          "".join(LEGAL), "".join(PRINTABLE), "".join(HIGH), "v" * 500]
SIZES = ["v" * 4095, "v" * 4096, "," * 1023 + "a", "," * 1023 + "aa", "\u20ac" * 1364 + "a", "\u20ac" * 1364 + "aa"]
DAY = 86400
MAX_AGES = [0, 1, -1, 0.25, 0.5, 0.75, 1.5, -0.25, -0.5, -1.5, 59, -3600, 365 * DAY, 2**31, 2**32, -(2**31), -1790000000,
            -1790000001, LAST_SECOND - 1790000000, *(30 * DAY * i for i in range(1, 12)), *(DAY * i for i in range(1, 7))]
EXPIRES_IN = [0, 0.25, 0.5, 0.75, 1, 1.5, 2, 60, 365 * DAY, -0.25, -0.5, -0.75, -1, -1.25, -1.5, -2, -3600, -(10**9)]
EXPIRES_AT = [0, 1, -1, 951782400, 1790000000, 1790000000.25, 1790000000.5, 1790000001, 1835395200, 4107456000, LAST_SECOND,
              -62135596800]
PATHS = [{"path": path} for path in (
    "/app/", "//", "/a b", "/a=b,c", '/"a"', "/%3B", "app", " /app", "/app ", "/a;b", "/a; Domain=example.org", "/\u00e9",
    "/\u20ac", "/" + "p" * 1023, "/" + "p" * 1024, "/.", "/..", "/./", "/../app", "/app/..", "/app/.", "/a/./b", "/a/../b", "/%2e",
    "/%2E/a", "/%2e%2E", "/.%2e/a", "/a/%2e.", "/...", "/.a", "/a.", "/..a", "/a..b", "/%2ea", "/%2e%2e%2e", "/a%20b", "/%", "/%2",
    "/%zz", "//..", "/a/ /b", "/\\app")]
PATHS += [{"path": f"/a{c}b"} for c in PRINTABLE if not c.isalnum() and c not in " /;%"]
DOMAINS = [{"domain": domain} for domain in (
    "Example.COM", ".example.com", ".Example.com", "localhost", "127.0.0.1", "xn--exmple-cua.com", ".", "..example.com",
    "example.com:8000", "example.com; Path=/", " example.com", "example.com ", "ex\u00e4mple.com", ".".join(["d" * 63] * 16), "d" * 1025)]
SAME_SITES = [{"samesite": same_site} for same_site in ("Lax", "Strict", "None")]
ODD_SAME_SITES = [{"samesite": same_site} for same_site in ("lax", "lAx", "STRICT", "none", "nONE")]
ATTRIBUTES = [{"max_age": 3600}, {"expires_in": 60.5}, {"expires_at": 1800000000}, {"path": "/"}, {"path": "/app"}, {"path": None},
              {"path": ""}, {"domain": "example.com"}, {"domain": ""}, {"secure": True}, {"secure": False}, {"httponly": True},
              {"httponly": False}, *SAME_SITES]
HOSTS = [("www.example.com", "com"), ("www.example.com", "COM"), ("www.example.com", ".com"), ("www.example.com.", "com."),
         ("www.example.com", "example.com"), ("com", "com"), ("localhost", "localhost"), ("localhost", "LOCALHOST"),
         ("localhost", ".localhost"), ("app.localhost", "localhost")]
# Names that browsers store, although Django writes none of them, and names that they do not store.
DELETED_NAMES = ["user[id]", "\u00e9", "c d", "a\tb", "a , b", "caf\u00e9=", "\u2000a", "a\u00a0", "\u3000", "__Host-\u00e9", "__secure-c d",
                 "__HTTP-[a]", "__Host-Http-(a)", "\u2000__Host-a", "a\ufffdb", "\U0001f600", " a", "a ", "\ta", "a\t", " ", "\t", "a\nb", "a\rb",
                 "a\x00b", "\x1f", "a\x7fb", "a\u0085b", "n" * 5000]
EVERY = {"max_age": 3600, "path": "/app", "domain": "example.com", "secure": True, "httponly": True, "samesite": "Lax"}
PREFIXED = ["__Secure-x", "__Host-x", "__Http-x", "__Host-Http-x", "__secure-x", "__HOST-x", "__hTTP-x", "__host-HTTP-x"]
HOUR = "expires=Mon, 21 Sep 2026 15:13:20 GMT"
LATEST, EARLIEST = "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"
CLAMPED = [("max_age", LAST_SECOND - 1789999999, LATEST), ("max_age", 10**15, LATEST), ("expires_at", LAST_SECOND + 0.5, LATEST),
           ("max_age", -62135596801 - 1790000000, EARLIEST), ("max_age", -(10**15), EARLIEST)]
PARTITIONED = [({}, "Partitioned; Path=/; Secure"), ({"secure": True}, "Partitioned; Path=/; Secure"),
               ({"path": None}, "Partitioned; Secure"), ({"httponly": True}, "HttpOnly; Partitioned; Path=/; Secure"),
               ({"domain": "example.com"}, "Domain=example.com; Partitioned; Path=/; Secure"),
               ({"samesite": "None"}, "Partitioned; Path=/; SameSite=None; Secure"),
               ({"max_age": 3600}, f"{HOUR}; Max-Age=3600; Partitioned; Path=/; Secure"),
               (EVERY, f"Domain=example.com; {HOUR}; HttpOnly; Max-Age=3600; Partitioned; Path=/app; SameSite=Lax; Secure")]
DELETED_BY_HAND = [({"partitioned": True}, "Max-Age=0; Partitioned; Path=/; Secure", CHIPS),
                   ({"partitioned": True, "path": "/app", "samesite": "None"},
                    "Max-Age=0; Partitioned; Path=/app; SameSite=None; Secure", CHIPS),
                   ({"secure": True}, "Max-Age=0; Path=/; Secure", FLAGS), ({"httponly": True}, "HttpOnly; Max-Age=0; Path=/", FLAGS),
                   ({"secure": True, "httponly": True, "path": None}, "HttpOnly; Max-Age=0; Secure", FLAGS)]


def describe(given):
    parts = (f"{k} {json.dumps(v) if len(str(v)) < 50 else f'of {len(v)} characters'}" for k, v in given.items())
    return ", ".join(parts) or "nothing set"


def set_cases():
    for c in PRINTABLE + HIGH + ABOVE:
        yield f"value U+{ord(c):04X} alone", "visited", c
        yield f"value U+{ord(c):04X} in a word", "visited", f"ab{c}cd"
    for i, value in enumerate(VALUES, 1):
        yield f"value {i}", "visited", value
    for i, value in enumerate(SIZES, 1):
        yield f"size {i}", "n", value
    rng = random.Random(21)
    for i in range(1, 41):
        letters = LEGAL if i <= 5 else PRINTABLE * 2 + HIGH
        yield f"random value {i}", "visited", "".join(letters[int(rng.random() * len(letters))] for _ in range(30))
    for c in [*PRINTABLE, "\u00aa", "\u00e9", "\u0663", "\uff41", *ABOVE]:
        yield f"name U+{ord(c):04X} alone", c, "1"
        if c not in LEGAL:
            yield f"name U+{ord(c):04X} in a word", f"a{c}b", "1"
    for name in ["", *RESERVED, *map(str.upper, RESERVED), "Max-Age", "HttpOnly", "SameSite", "paths", "x-path", "priority",
                 "__Secure", "__Hostess", "_Host-x", "x__Host-x", "Secure-x"]:
        yield f"name '{name}'", name, "1"
    yield "nothing set", "visited", "True"
    yield "everything set, in another order", "visited", "True", {k: EVERY[k] for k in reversed(EVERY)}
    lifetimes = [{"max_age": v} for v in MAX_AGES] + [{"expires_in": v} for v in EXPIRES_IN] + [{"expires_at": v} for v in EXPIRES_AT]
    pairs = [a | b for a, b in itertools.combinations(ATTRIBUTES, 2)
             if not a.keys() & b.keys() and not {"expires_in", "expires_at"} <= {*a, *b}]
    dated = {"expires_in": 60} | {k: v for k, v in EVERY.items() if k != "max_age"}
    every = [EVERY, EVERY | {"samesite": "None"}, EVERY | {"path": None}, EVERY | {"expires_in": 60}, dated]
    for given in [*ATTRIBUTES, *lifetimes, *PATHS, *DOMAINS, *ODD_SAME_SITES, *pairs, *every]:
        yield f"attributes: {describe(given)}", "visited", "True", given
    for name in PREFIXED:
        for given in [{}, *ATTRIBUTES[3:13], {"samesite": "None"}]:
            yield f"prefix {name}: {describe(given)}", name, "1", given
    for host, domain in HOSTS:
        yield f"Domain {domain} at {host}", "visited", "True", {"domain": domain}, None, host
    for key, number, date in CLAMPED:
        age = number if key == "max_age" else int(number - NOW + 1)
        text = f"visited=True; expires={date}; Max-Age={age}; Path=/"
        yield f"clamped: {key} {number}", "visited", "True", {key: number}, {"why": "dates beyond year 9999", "set_cookie": text}
    for given, text in PARTITIONED:
        given = given | {"partitioned": True}
        yield f"by hand: {describe(given)}", "visited", "True", given, {"why": CHIPS, "set_cookie": f"visited=True; {text}"}
    given = {"partitioned": True, "secure": False}
    yield f"by hand: {describe(given)}", "visited", "True", given, {"why": CHIPS, "error": "secure"}


def delete_cases():
    paths, domains, same_sites = [{}, *ATTRIBUTES[3:6]], [{}, {"domain": "example.com"}], [{}, *SAME_SITES]
    for name, path, domain, same_site in itertools.product(["visited", "__Secure-x", "__Host-x"], paths, domains, same_sites):
        given = path | domain | same_site
        if name != "__Host-x" or not same_site or not (domain or path.get("path", "/") != "/"):
            yield f"{name}: {describe(given)}", name, "", given
    for name, given in itertools.product(PREFIXED[2:], same_sites):
        yield f"{name}: {describe(given)}", name, "", given
    for given in [{"path": ""}, {"domain": ""}, *PATHS, *DOMAINS, *ODD_SAME_SITES]:
        yield f"visited: {describe(given)}", "visited", "", given
    for name in ["", *RESERVED, "Path", "a b", "a;b", "a=b", '"a"', "n\u00e9", "\u20ac", "a:b", "n" * 4094, "n" * 4095, *DELETED_NAMES,
                 *(f"a{c}b" for c in PRINTABLE if c not in [*LEGAL, *' ;=']), *(c for c in PRINTABLE if c not in LEGAL and c != " ")]:
        yield f"name {ascii(name[:20])} of {len(name)}", name
    for name, given in itertools.product(["user[id]", "path", "__Host-\u00e9"], [*paths, *domains[1:], *same_sites[1:]]):
        yield f"{ascii(name)}: {describe(given)}", name, "", given
    for host, domain in HOSTS:
        yield f"Domain {domain} at {host}", "visited", "", {"domain": domain}, None, host
    for given, text, why in DELETED_BY_HAND:
        text = f'visited=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; {text}'
        yield f"by hand: {describe(given)}", "visited", "", given, {"why": why, "set_cookie": text}
    given = {"samesite": "None", "secure": False}
    yield f"by hand: {describe(given)}", "visited", "", given, {"why": FLAGS, "error": "secure"}


def rendered(vectors, **header):
    parts = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in header.items()]
    for kind, entries in vectors.items():
        assert len({entry["case"] for entry in entries}) == len(entries), kind
        parts.append(f'"{kind}": [\n' + ",\n".join(map(json.dumps, entries)) + "\n]")
        print(f"{kind}: {len(entries)} cases, {sum('differs' in entry for entry in entries)} of them differ")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description="Make the files of test vectors with the installed Django.")
    parser.add_argument("--check", action="store_true", help="only compare with the committed files")
    parser.add_argument("--contrib", action="store_true", help="only the files of CONTRIB")
    arguments = parser.parse_args()
    pinned = [HERE / name for name in ("requirements.txt", "requirements-6.1.txt")]
    versions = [line.removeprefix("Django==") for file in pinned for line in file.read_text().split()]
    if django.__version__ not in versions[: 2 if arguments.contrib else 1]:
        sys.exit(f"the requirements do not pin the installed Django {django.__version__}")
    texts = {} if arguments.contrib else basic_texts()
    sessions_cases.prepare()
    for name, cases in CONTRIB.items():
        made = {kind: list(make_cases()) for kind, make_cases in cases.items()}
        texts[name] = rendered(made, django=versions)
    sys.exit(not write_or_compare(texts, arguments.check))


def basic_texts():
    vectors = {"parse": [parse(*case) for case in parse_cases()]}
    vectors["set"] = [cookie("set", *case) for case in set_cases()]
    vectors["delete"] = [cookie("delete", *case) for case in delete_cases()]
    cases = signing_cases.CASES | signed_cookie_cases.CASES | signed_object_cases.CASES
    signing = {kind: list(make_cases()) for kind, make_cases in cases.items()}
    return {"vectors.json": rendered(vectors, django=django.__version__, now=NOW),
            "signing.json": rendered(signing, django=django.__version__)}


def write_or_compare(texts, check):
    same = True
    for name, text in texts.items():
        path = HERE / name
        if not check:
            path.write_text(text, newline="\n")
            continue
        committed = path.read_text() if path.exists() else ""
        same = same and committed == text
        sys.stdout.writelines(difflib.unified_diff(committed.splitlines(True), text.splitlines(True), f"committed {name}", "Django", n=0))
    return same


if __name__ == "__main__":
    main()
