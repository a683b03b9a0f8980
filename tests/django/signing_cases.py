"""Cases of signing.json for Signer and TimestampSigner, and helpers for the other kinds of cases.

"now" is the time of the frozen clock of a case, in seconds. Keys and headers are in hex. A null salt is Django's default.
Django's result is "signed", "safe", "value", "object" or "raises", the name of an exception. "differs" is the crate's
result where it is another, and the reason.
"""

import base64
import itertools
import random
from types import SimpleNamespace

from django.core import signing

NOW = 1790000000
SECRET = "a secret that nobody guesses"
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
HIGH = "".join(map(chr, range(0x80, 0x100)))
TIMESTAMP_SALT = "django.core.signing.TimestampSigner"
UNTIMED = "Django lets a timestamp that is none, or beyond a float, through as another error"

KEYS = {"text": "django-insecure-#1", "other text": "s\u00e9cret \u20ac \U0001f600", "one letter": "k", "zero byte": b"\0",
        "0xff byte": b"\xff", "white space": " \n", "not UTF-8": b"\xc3(\xa0\xff\0", "64 bytes": b"k" * 64, "65 bytes": b"k" * 65,
        "200 bytes": bytes(range(56, 256)), "200 zero bytes": b"\0" * 200}
SALTS = {"empty": "", "word": "login", "space": " ", "the separator": ":", "Latin-1": "caf\u00e9", "CJK": "\u5bc6\u94a5",
         "emoji": "\U0001f511", "combining": "e\u0301", "NUL": "\0", "newline": "a\n", "signer": "signer",
         "Signer's default": "django.core.signing.Signer", "TimestampSigner's default": TIMESTAMP_SALT,
         "long": "salt " * 200}
SEPARATORS = ["::", "|", ".", "!", "/", " ", "<", ";", "\u00e9", "\u20ac", "\U0001f600", "a:", ":a", "a:a", "\0", "\n\n", "a\nb",
              "<sep>", ":" * 10]
VALUES = {"empty": "", "a word": "hello", "a number": "-42", "the separator alone": ":", "separators": ":a::b:",
          "double quotes": '"a"', "single quotes": "'a'", "backslashes": "\\a\\\\012\\", "Python's format": "%s %(a)s {} {0}",
          "percent": "%41%3A", "JSON": '{"a": [1, "b;c"]}', "white space around": " \ta\u00a0\u2003 ", "controls": CONTROLS,
          "NUL alone": "\0", "newlines": "\r\na\nb\n", "ASCII": PRINTABLE, "Latin-1": HIGH, "composed": "\u00e9\u1e69",
          "combining": "e\u0301s\u0323\u0307", "Greek": "\u03ba\u03cc\u03c3\u03bc\u03b5", "CJK": "\u4f60\u597d\u3001\u4e16\u754c",
          "Arabic": "\u0645\u0631\u062d\u0628\u0627 \u200f\u0663",
          "emoji": "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467", "line separators": "\u0085\u2028\u2029",
          "byte order mark": "\ufeffa", "replacement character": "\ufffd", "non-characters": "\uffff\U0010ffff",
          "signed already": "hello:1vIzIm:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "4 KB": "0123456789abcdef" * 256,
          "long UTF-8": "\u20ac\u00e9\U0001f600x" * 100}
TIMES = [0, 1, 10, 35, 36, 61, 62, 3843, 3844, *(62**power - less for power in (3, 4, 5, 6, 7, 8) for less in (1, 0)), 0.25, 0.5,
         0.75, 61.75, NOW + 0.25, NOW + 0.5, NOW + 0.75, 2**31 - 1, 2**31, 2**32, 253402300799.75, 253402300800, -0.25, -0.75, -1,
         -1.25, -1.75, -61, -61.5, -62, -62.5, -3843, -3844, -2208988800, -(62**5), -(62**8), -377705116800]


def freeze(now):
    signing.time = SimpleNamespace(time=lambda: float(now))


def as_bytes(key):
    return key.encode() if isinstance(key, str) else key


def exception_name(error):
    """Returns the name of an exception, with its package unless it is Django's or a builtin."""
    package, name = type(error).__module__.split(".")[0], type(error).__name__
    return name if package in ("builtins", "django") else f"{package}.{name}"


def result_of(call, untimed):
    """Returns what `call` returns or raises; `untimed` is the crate's error if the signed text has no timestamp."""
    try:
        return {"value": call()}
    except (signing.BadSignature, KeyError) as error:
        return {"raises": exception_name(error)}
    except (ValueError, IndexError, OverflowError) as error:
        return {"raises": exception_name(error), "differs": {"why": UNTIMED, "error": untimed}}


def key_entry(case, key, fallbacks=None):
    entry = {"case": case, "key": as_bytes(key).hex()}
    return entry if fallbacks is None else entry | {"fallbacks": [as_bytes(fallback).hex() for fallback in fallbacks]}


def signer(kind="signer", key=SECRET, salt=None, sep=":", fallbacks=()):
    signer_class = {"signer": signing.Signer, "timestamp": signing.TimestampSigner}[kind]
    return signer_class(key=key, salt=salt, sep=sep, fallback_keys=list(fallbacks))


def signed_at(now, value, **options):
    freeze(now)
    return signer("timestamp", **options).sign(value)


def sign(case, value, key=SECRET, salt=None, sep=":"):
    entry = key_entry(case, key) | {"salt": salt, "sep": sep, "value": value}
    return entry | {"signed": signer(key=key, salt=salt, sep=sep).sign(value)}


def sign_cases():
    for c in map(chr, range(0x80)):
        yield sign(f"value U+{ord(c):04X}", c)
    for name, value in VALUES.items():
        yield sign(f"value {name}", value, salt="a salt")
    for name, key in KEYS.items():
        for value in ("hello", "", "\u00e9:\U0001f600"):
            yield sign(f"key {name}, value {value}", value, key)
    for name, salt in SALTS.items():
        yield sign(f"salt {name}", "hello", salt=salt)
        yield sign(f"salt {name}, binary key", "hello", b"\0\xff", salt)
    for sep in SEPARATORS:
        for value in ("hello", sep, f"{sep}a{sep}{sep}b{sep}", f"a{sep[:1]}"):
            yield sign(f"separator {sep!r}, value {value!r}", value, sep=sep)
    rng = random.Random(30)
    letters, seps = PRINTABLE * 2 + CONTROLS + HIGH + "\u0100\u20ac\u4f60\U0001f600", [":", *SEPARATORS]
    for i in range(1, 61):
        value, salt = ("".join(letters[int(rng.random() * len(letters))] for _ in range(length)) for length in (i, i % 7))
        key = bytes(int(rng.random() * 256) for _ in range(1 + i * 2))
        yield sign(f"random mix {i}", value, key, salt, seps[i % len(seps)])


def timestamp(case, now, value, key=SECRET, salt=None, sep=":"):
    entry = key_entry(case, key) | {"salt": salt, "sep": sep, "value": value, "now": now}
    return entry | {"signed": signed_at(now, value, key=key, salt=salt, sep=sep)}


def timestamp_cases():
    for now in TIMES:
        yield timestamp(f"at {now}", now, "hello")
    for name, value in VALUES.items():
        yield timestamp(f"value {name}", NOW, value)
    for name, key in KEYS.items():
        yield timestamp(f"key {name}", NOW, "hello", key)
    for name, salt in SALTS.items():
        yield timestamp(f"salt {name}", NOW + 0.5, "hello", salt=salt)
    for sep, now in itertools.product(SEPARATORS, (NOW, -1.5)):
        yield timestamp(f"separator {sep!r} at {now}", now, f"a{sep}b", sep=sep)


def separator_cases():
    pieces = ["a", "Z", "9", "-", "_", "=", "^", ":", "/", "\n", " ", "\u00e9"]
    beyond = ["\x80", "\u00aa", "\u00e9", "\u0100", "\u0131", "\u017f", "\u0663", "\u20ac", "\u2028", "\u212a", "\uff21",
              "\U0001f600"]
    longer = ["a\n\n", "\n\n\n", "a-_=Z9", "a-_=Z9:", "[\\]^_`", "az\n", "=\r\n", ":::"]
    for sep in ["", *map(chr, range(0x80)), *map("".join, itertools.product(pieces, repeat=2)), *beyond, *longer]:
        try:
            signing.Signer(key=SECRET, sep=sep)
            safe = True
        except ValueError:
            safe = False
        yield {"case": f"separator {sep!r}", "sep": sep, "safe": safe}


def unsign(kind, case, signed, key=SECRET, salt=None, sep=":", fallbacks=(), max_age=None, now=NOW):
    entry = key_entry(f"{kind}: {case}", key, fallbacks) | {"kind": kind, "salt": salt, "sep": sep, "signed": signed, "now": now}
    unsigner, arguments = signer(kind, key, salt, sep, fallbacks), {} if max_age is None else {"max_age": max_age}
    freeze(now)
    return entry | {"max_age": max_age} | result_of(lambda: unsigner.unsign(signed, **arguments), "BadTimestamp")


def unsign_cases():
    yield from unsign_cases_of("signer")
    yield from unsign_cases_of("timestamp")
    signed = signed_at(NOW, "hello", salt="one")
    yield unsign("signer", "TimestampSigner's, with its salt", signed, salt="one")
    yield unsign("signer", "signed twice", signer().sign(signer().sign("hello")))
    yield from odd_timestamps()
    yield from ages()


def unsign_cases_of(kind):
    """Yields the cases that Signer and TimestampSigner have in common."""
    freeze(NOW)
    right = signer(kind).sign("hello")
    for name, value in VALUES.items():
        yield unsign(kind, f"value {name}", signer(kind).sign(value))
    for name, key in KEYS.items():
        yield unsign(kind, f"key {name}", signer(kind, key).sign("hello"), key)
        yield unsign(kind, f"key {name}, wrong", signer(kind, key).sign("hello"), as_bytes(key) + b"k")
    for name, salt in SALTS.items():
        yield unsign(kind, f"salt {name}", signer(kind, salt=salt).sign("hello"), salt=salt)
        yield unsign(kind, f"salt {name} for another", signer(kind, salt=salt).sign("hello"), salt="another")
    for sep in SEPARATORS:
        yield unsign(kind, f"separator {sep!r}", signer(kind, sep=sep).sign(f"{sep}a{sep}"), sep=sep)
        yield unsign(kind, f"separator {sep!r} for another", signer(kind, sep=sep).sign("hello"), sep="!!")
        yield unsign(kind, f"separators {sep!r} alone", sep * 3, sep=sep)
    yield unsign(kind, "separator ':' read with '::'", right, sep="::")
    yield unsign(kind, "separator '::' read with ':'", signer(kind, sep="::").sign("hello"))
    keys = ["new", b"\xffformer", "oldest"]
    for key, tried in itertools.product([*keys, "none of them"], [keys, keys[:2], keys[:1], keys[::-1], keys + keys]):
        case = f"signed by {key}, read by {' then '.join(map(str, tried))}"
        yield unsign(kind, case, signer(kind, key).sign("hello"), tried[0], fallbacks=tried[1:])
    yield unsign(kind, "fallback key, wrong salt", signer(kind, "former", "a").sign("hello"), salt="b", fallbacks=["former"])
    for i in range(len(right)):
        yield unsign(kind, f"the first {i} characters", right[:i])
        other = "b" if right[i] == "a" else "a"
        yield unsign(kind, f"character {i} is another", right[:i] + other + right[i + 1:])
    value, signature = right.rsplit(":", 1)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    dashed = next(text for text in (signer(kind).sign(str(i)) for i in range(1000)) if {"-", "_"} <= {*text.rsplit(":", 1)[1]})
    for case, signed in {
        "padding after": right + "=", "two paddings after": right + "==", "space after": right + " ",
        "newline after": right + "\n", "NUL after": right + "\0", "separator after": right + ":", "space before": " " + right,
        "separator before": ":" + right, "signature only": signature, "no value": ":" + signature, "no signature": value + ":",
        "signature twice": f"{right}:{signature}", "signature of zeros": value + ":" + "A" * 43,
        "signature in upper case": f"{value}:{signature.upper()}", "signature backwards": f"{value}:{signature[::-1]}",
        "signature in hex": f"{value}:{base64.urlsafe_b64decode(signature + '=').hex()}",
        "last character that decodes to the same bytes": right[:-1] + alphabet[alphabet.index(right[-1]) + 1],
        "signature with - and _": dashed, "signature with + and /": dashed.replace("-", "+").replace("_", "/"),
        "signature with a full-width letter": right[:-1] + "\uff21", "signature of the length of SHA-1": value + ":" + "A" * 27,
        "one separator": ":", "two separators": "::", "many separators": ":" * 200, "NUL alone": "\0",
        "long without separator": "a" * 5000, "non-ASCII signature": "a:\u00e9",
        "the other kind's": signer("timestamp" if kind == "signer" else "signer").sign("hello"),
    }.items():
        yield unsign(kind, case, signed)
    yield unsign(kind, "composed, signed decomposed", signer(kind).sign("e\u0301").replace("e\u0301", "\u00e9"))


DIGITS = ["", "-", "--1", "-0", "0", "00", "-00", "01", "0z", "1", "-1", "z", "Z", "zz", "-zz", "+1", " 1", "1 ", "\t1", "1\n",
          "1.5", "1e5", "_", "1_0", "1-", "1-1", "=", "A=", "!", "\0", "\u00e9", "\u0663", "\uff11", "\u2212", "\u22121",
          "\U0001f600", "zzzzzz", "-zzzzzz", "zzzzzzz", *map(signing.b62_encode, (2**63 - 1, 2**63, -(2**63), 2**127, -(2**127))),
          "z" * 60, "-" + "z" * 60, "1" + "0" * 170, "-1" + "0" * 170, "z" * 170, "-" + "z" * 170,
          "0" * 200 + "1", "-" + "0" * 200, "z" * 171, "1" + "0" * 171,
          "1" + "0" * 172, "-1" + "0" * 172, "0" * 40 + "1" + "0" * 172]


def odd_timestamps():
    """Yields texts with a correct signature that TimestampSigner hardly makes. Only the owner of the key can make them."""
    salt = TIMESTAMP_SALT  # The default salt of Signer, which signs them, is another.
    for digits in DIGITS:
        for max_age in (None, 60):
            name = repr(digits) if len(digits) < 50 else f"{digits[:3]}... of {len(digits)}"
            signed = signer(salt=salt).sign(f"hello:{digits}")
            yield unsign("timestamp", f"digits {name}, max_age {max_age}", signed, max_age=max_age)
    for value in ("", "hello", ":", "::", ":1", "1:", "1", "hello:1:"):
        yield unsign("timestamp", f"not by TimestampSigner: {value!r}", signer(salt=salt).sign(value))
    yield unsign("timestamp", "not by TimestampSigner, separator '::'", signer(salt=salt, sep="::").sign("a:1"), sep="::")
    yield unsign("timestamp", "no timestamp, wrong key", signer(key="other", salt=salt).sign("hello"))
    yield unsign("timestamp", "no timestamp, fallback key", signer(key="former", salt=salt).sign("hello"), fallbacks=["former"])


def ages():
    def aged(case, then, now, max_age, **options):
        signed = signed_at(then, "hello", **options)
        return unsign("timestamp", case, signed, max_age=max_age, now=now, **options)

    for max_age, more in itertools.product([0, 0.25, 0.5, 1, 1.5, 10, 10.75, 3600, 31536000], [-0.5, -0.25, 0, 0.25, 0.5, 1]):
        yield aged(f"max_age {max_age}, {more} s more than that", NOW, NOW + max_age + more, max_age)
    for then, later in itertools.product([NOW + 0.25, NOW + 0.75, -0.75, -1.75, -10], [0, 0.25, 1, 1.25]):
        yield aged(f"max_age 1, signed at {then}, {later} s ago", then, then + later, 1)
    for ahead, max_age in itertools.product([0.25, 1, 3600, 10**9, 10**12], [None, 0, 60]):
        yield aged(f"max_age {max_age}, signed {ahead} s in the future", NOW + ahead, NOW, max_age)
    for then, now in [(0, NOW), (-100, NOW), (NOW, -100), (-100, -90), (-100, -89.75), (-0.25, 10), (-0.25, 10.25),
                      (10**11, 10**11 + 10), (10**11, 10**11 + 10.25)]:
        yield aged(f"max_age 10, signed at {then}, read at {now}", then, now, 10)
    for max_age, age in itertools.product([-0.25, -1, -31536000], [0, 0.25, 10]):
        yield aged(f"max_age {max_age}, signed {age} s ago", NOW, NOW + age, max_age)
    for max_age in (None, NOW - 1, NOW, NOW + 1, 10**15):
        yield aged(f"max_age {max_age}, signed in 1970", 0, NOW, max_age)
    for case, signing_key in {"fallback key": "former", "wrong key": "wrong"}.items():
        for max_age in (9, 10):
            signed = signed_at(NOW - 10, "hello", key=signing_key)
            yield unsign("timestamp", f"{case}, 10 s old, max_age {max_age}", signed, fallbacks=["former"], max_age=max_age)
    yield aged("expired, separator '::'", NOW - 10, NOW, 9, sep="::")


CASES = {"sign": sign_cases, "timestamp": timestamp_cases, "separators": separator_cases, "unsign": unsign_cases}
