"""Cases of signing.json for set_signed_cookie and get_signed_cookie, made with Django's own requests and responses."""

import itertools
from io import BytesIO

from django.conf import settings
from django.core import signing
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from signing_cases import (
    CONTROLS, HIGH, KEYS, NOW, PRINTABLE, SALTS, SECRET, TIMES, VALUES, exception_name, freeze, key_entry, result_of, signed_at
)
from signed_object_cases import FLOATS, NESTED, NUMBERS

NAMES = ["a", "A", "n:a", ":", "a.b-c_d", "!#$%&'*+-.^_`|~:", "0", "django.http.cookies.v2", "n" * 64]
COOKIES = {name: value for name, value in VALUES.items() if not {*CONTROLS} & {*value} and "4 KB" not in name}
COOKIES |= {"2 KB": "0123456789abcdef" * 128, "500 escapes": "\u00e9" * 500, "spaces": " a b ", "e-mail": "user@example.com",
            "comma": "a,b", "semicolon": "a;b; Path=/evil", "equals": "a=b", "octal": "\\303\\251", "quote": '"',
            "empty quotes": '""'}
SALT_OF_A = "django.http.cookies.v2:0:a"


def configure(key, fallbacks=(), legacy=False):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(fallbacks)
    settings.SIGNED_COOKIE_LEGACY_SALT_FALLBACK = legacy


def respond(name, value, salt, key, now):
    configure(key)
    freeze(now)
    response = HttpResponse()
    response.set_signed_cookie(name, value, salt=salt)
    return response.cookies[name]


def cookie(case, value, name="visited", salt="", key=SECRET, now=NOW):
    assert not {*CONTROLS} & {*value}, f"{case}: CPython versions differ for control characters"
    morsel = respond(name, value, salt, key, now)
    text = morsel.output(header="").lstrip()
    entry = key_entry(case, key) | {"name": name, "salt": salt, "value": value, "now": now, "signed": morsel.value}
    try:
        text.encode("latin-1")  # WSGI servers do this
        return entry | {"set_cookie": text}
    except UnicodeEncodeError as error:
        return entry | {"raises": exception_name(error), "differs": {"why": "values above U+00FF", "set_cookie": text}}


def cookie_cases():
    for c in PRINTABLE + HIGH + "\u0100\u20ac\u2028\ufffd\U0001f600":
        yield cookie(f"value U+{ord(c):04X}", c)
    for name, value in COOKIES.items():
        yield cookie(f"value {name}", value, salt="a salt")
    for name in NAMES:
        yield cookie(f"name {name}", "hello", name)
        yield cookie(f"name {name}, salted", "hello", name, "1:")
    for name, salt in SALTS.items():
        yield cookie(f"salt {name}", "hello", salt=salt)
    for name, key in KEYS.items():
        yield cookie(f"key {name}", "hello", key=key)
        yield cookie(f"key {name}, needs quotes", "hello world", key=key, salt="caf\u00e9")
    for now in TIMES:
        yield cookie(f"at {now}", "hello", now=now)


def cookie_header(name, value="hello", salt="", key=SECRET, now=NOW, legacy=False):
    """Returns the Cookie header of a browser that has Django's cookie; if `legacy`, one of Django before 5.2.15."""
    morsel = respond(name, value, salt, key, now)
    if legacy:
        signer = signing.get_cookie_signer(salt=signing._cookie_signer_legacy_salt(name, salt))
        response = HttpResponse()
        response.set_cookie(name, signer.sign(value))
        morsel = response.cookies[name]
    return f"{name}={morsel.coded_value}".encode()


def signed_value(value="hello"):
    return respond("a", value, "", SECRET, NOW).value


def header_of_signed(text, salt=SALT_OF_A):
    """Returns a Cookie header for `a` with any text, which may lack a timestamp, correctly signed with the salt."""
    configure(SECRET)
    return f"a={signing.Signer(key=signing._cookie_signer_key(SECRET), salt=salt).sign(text)}".encode()


def json_cookie(case, thing, name="cart", salt="", key=SECRET, now=NOW):
    """A cookie with signed JSON, from Django's own signer for cookies."""
    configure(key)
    freeze(now)
    signed = signing.get_cookie_signer(salt=signing._cookie_signer_salt(name, salt)).sign_object(thing)
    response = HttpResponse()
    response.set_cookie(name, signed)
    text = response.cookies[name].output(header="").lstrip()
    return key_entry(case, key) | {"name": name, "salt": salt, "object": thing, "now": now, "signed": signed, "set_cookie": text}


def json_cookie_cases():
    for name, thing in NESTED.items():
        yield json_cookie(name, thing)
    for thing in [None, True, "", "Bj\u00f6rk", *NUMBERS, *FLOATS]:
        yield json_cookie(f"value {thing!r}", thing)
    for name, salt in SALTS.items():
        yield json_cookie(f"salt {name}", ["hello"], salt=salt)
    for name, key in KEYS.items():
        yield json_cookie(f"key {name}", ["hello"], key=key)
    for now in TIMES:
        yield json_cookie(f"at {now}", ["hello"], now=now)


def get_cookie(case, header, name="a", salt="", max_age=None, now=NOW, key=SECRET, fallbacks=(), legacy=False, differs=None):
    assert all(byte == 9 or 0x20 <= byte != 0x7F for byte in header), case
    configure(key, fallbacks, legacy)
    freeze(now)
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), "HTTP_COOKIE": header.decode("latin-1")})
    entry = key_entry(case, key, fallbacks) | {"legacy": legacy, "header": header.hex(), "name": name, "salt": salt}
    result = result_of(lambda: request.get_signed_cookie(name, salt=salt, max_age=max_age), "BadSignature")
    if differs is not None:
        result["differs"] = {"why": "the last of several cookies that verifies", "value": differs}
    return entry | {"max_age": max_age, "now": now} | result


def get_cookie_cases():
    for name, value in COOKIES.items():
        yield get_cookie(f"value {name}", cookie_header("a", value))
    for name in NAMES:
        yield get_cookie(f"name {name}", cookie_header(name, salt="s"), name, "s")
        yield get_cookie(f"name {name}, signed for x{name}", cookie_header(f"x{name}").removeprefix(b"x"), name)
    for name, salt in SALTS.items():
        yield get_cookie(f"salt {name}", cookie_header("a", salt=salt), salt=salt)
        yield get_cookie(f"salt {name} for another", cookie_header("a", salt=salt), salt="another")
        yield get_cookie(f"salt {name}, legacy", cookie_header("a", salt=salt, legacy=True), salt=salt, legacy=True)
    for name, key in KEYS.items():
        yield get_cookie(f"key {name}", cookie_header("a", key=key), key=key)
        yield get_cookie(f"key {name}, wrong", cookie_header("a", key=key))
        yield get_cookie(f"key {name} as fallback", cookie_header("a", key=key), fallbacks=["former", key])
    yield from cookie_scopes()
    yield from legacy_cookies()
    yield from cookie_ages()
    yield from cookie_headers()


def cookie_scopes():
    """A signature for one name and salt is invalid for another."""
    def renamed(new_name, *signed_for, **options):
        return new_name.encode() + b"=" + cookie_header(*signed_for, **options).split(b"=", 1)[1]

    pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("bc", "a"), ("c", "ab"), ("a", "b:c"), ("c", "1:a"), ("1:a", ""),
             ("a", "0:a"), ("a:", "bc")]
    for (name, salt), (other, other_salt) in itertools.product(pairs, repeat=2):
        case = f"signed for {name!r} with salt {salt!r}, read as {other!r} with salt {other_salt!r}"
        yield get_cookie(case, renamed(other, name, salt=salt), other, other_salt)
    for legacy in (False, True):
        case = f"CVE-2026-6873: legacy signature of 'a' with salt 'bc' read as 'ab' with salt 'c', legacy {legacy}"
        yield get_cookie(case, renamed("ab", "a", salt="bc", legacy=True), "ab", "c", legacy=legacy)
        case = f"CVE-2026-6873: signature of 'a' with salt 'bc' read as 'ab' with salt 'c', legacy {legacy}"
        yield get_cookie(case, renamed("ab", "a", salt="bc"), "ab", "c", legacy=legacy)
        case = f"a name that is the salt of 'a', legacy {legacy}"
        yield get_cookie(case, renamed(SALT_OF_A, "a"), SALT_OF_A, legacy=legacy)
    for salt in ("caf\u00e9", "\u20ac", "\U0001f511", "e\u0301", "\u5bc6\u94a5"):
        for unit, encoded in {"code points": salt, "bytes": salt.encode(), "UTF-16 units": salt.encode("utf-16-le")[::2]}.items():
            header = header_of_signed(f"hello:{signing.b62_encode(NOW)}", f"django.http.cookies.v2:{len(encoded)}:{salt}a")
            yield get_cookie(f"salt {salt!r} with its length in {unit}", header, salt=salt)


def legacy_cookies():
    for is_legacy, allowed, age, key in itertools.product([False, True], [False, True], [0, 61], [SECRET, "former", "wrong"]):
        name = {SECRET: "key", "former": "fallback key"}.get(key, "wrong key")
        case = f"{'legacy' if is_legacy else 'v2'} signature by the {name}, {age} s old, legacy {allowed}"
        header = cookie_header("a", salt="s", key=key, now=NOW - age, legacy=is_legacy)
        yield get_cookie(case, header, salt="s", max_age=60, fallbacks=["former"], legacy=allowed)
    for allowed in (False, True):
        for text in ("hello", "hello:", "hello:!"):
            yield get_cookie(f"legacy signature of {text!r}, legacy {allowed}", header_of_signed(text, "a"), legacy=allowed)
        yield get_cookie(f"legacy signature without salt, legacy {allowed}", cookie_header("a", legacy=True), legacy=allowed)
        header = cookie_header("a", salt="s", legacy=True)
        yield get_cookie(f"legacy signature, wrong salt, legacy {allowed}", header, salt="t", legacy=allowed)
        header = cookie_header("a", '\u00e9;"\\', legacy=True)
        yield get_cookie(f"legacy signature, awkward value, legacy {allowed}", header, legacy=allowed)


def cookie_ages():
    for max_age, more in itertools.product([0, 0.5, 1, 60, 1209600], [-0.25, 0, 0.25, 1]):
        yield get_cookie(f"max_age {max_age}, {more} s more than that", cookie_header("a"), max_age=max_age, now=NOW + max_age + more)
    for then, now, max_age in [(NOW + 3600, NOW, 0), (NOW + 0.75, NOW + 0.75, 0), (-1.5, 9, 10), (-1.5, 9.25, 10),
                               (-100, NOW, None), (0, NOW, NOW)]:
        yield get_cookie(f"max_age {max_age}, set at {then}, read at {now}", cookie_header("a", now=then), max_age=max_age, now=now)
    for digits in ("", "-", "--1", "!", "\u00e9", "z" * 22, "z" * 170):
        for max_age in (None, 60):
            header = header_of_signed(f"hello:{digits}")
            yield get_cookie(f"digits {digits[:22]!r} of {len(digits)}, max_age {max_age}", header, max_age=max_age)
    yield get_cookie("signed rightly without timestamp", header_of_signed("hello"))


def cookie_headers():
    right, good = cookie_header("a"), signed_value()
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    for case, header in {
        "no cookies": "", "only others": f"b={good}; c=1", "other case": f"A={good}", "no value": "a=", "no equals": "a",
        "unsigned": "a=hello", "separator": "a=:", "separators": "a=::", "many separators": "a=" + ":" * 100,
        "forged": f"a={forged}", "truncated": f"a={good[:-1]}", "padding": f"a={good}=", "among others": f"x=1; a={good}; y=2",
        "spaces around": f" a = {good} ", "tabs around": f"\ta\t=\t{good}\t", "no spaces": f"x=1;a={good};y=2",
        "the right one last": f"a={forged}; a={good}", "the right one first": f"a={good}; a={forged}",
        "an empty one last": f"a={good}; a=", "the right one twice": f"a={good}; a={good}", "quoted without need": f'a="{good}"',
        "one quote": f'a="{good}', "quoted twice": f'a=""{good}""', "single quotes": f"a='{good}'",
        "separators as percent": "a=" + good.replace(":", "%3A"), "letter as percent": f"a=%68{good[1:]}",
        "name as percent": f"%61={good}", "letter as octal": f'a="\\150{good[1:]}"',
        "separators as octal": 'a="' + good.replace(":", "\\072") + '"',
        "needless backslashes": 'a="' + good.replace(":", "\\:") + '"', "octal without quotes": f"a=\\150{good[1:]}",
        "comma after": f"a={good},b=1", "space within": f"a={good[:9]} {good[9:]}", "more before it": f"a=x{good}",
        "more after it": f"a={good}x",
    }.items():
        differs = "hello" if case in ("the right one first", "an empty one last") else None
        yield get_cookie(case, header.encode(), differs=differs)
    awkward = signed_at(NOW, "x\ny\0z", key=signing._cookie_signer_key(SECRET), salt=SALT_OF_A)
    quoted = awkward.replace("\n", "\\012").replace("\0", "\\000")
    yield get_cookie("controls, as octal", f'a="{quoted}"'.encode())
    for code, text in {"e9": "\u00e9", "c3a9": "\u00e9", "ff": "\ufffd", "efbfbd": "\ufffd", "f09f9880": "\U0001f600",
                       "e282": "\ufffd"}.items():
        signed = signed_value(f"x{text}y").encode().replace(text.encode(), bytes.fromhex(code))
        yield get_cookie(f"signed U+{ord(text):04X}, sent as bytes {code}", b"a=" + signed)
    yield get_cookie("invalid byte in the signature", right[:-1] + b"\xff")
    yield get_cookie("non-ASCII in the signature", right[:-1] + b"\xc3\xa9")
    yield get_cookie("replacement character for the separator", b"a=hello\xff\xff")


CASES = {"cookie": cookie_cases, "json_cookie": json_cookie_cases, "get_cookie": get_cookie_cases}
