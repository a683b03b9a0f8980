"""Cases of signing.json for signed JSON: dumps and loads, and Signer.sign_object.

Where the crate reads something else than Django, "json" is Django's result as text, because not every reader of JSON can
hold it, or "json_length" is the length of a long one. Cases with "compressed" are for reading only, because other versions
of zlib write other bytes. For the same reason Django signs the compressed payloads below, not those of the installed zlib.
"""

import json
import random
import zlib

from django.core import signing

from signing_cases import CONTROLS, KEYS, NOW, SALTS, SECRET, VALUES, exception_name, freeze, key_entry, signed_at, signer

SALT = "django.core.signing"
LENIENT = "what dumps never writes is BadPayload"
NUMBERS_OF_SERDE = "numbers as serde_json's Value has them"
COMPRESSED = {
    "the docs' example": (list(range(1, 20)), "eJwFwcERACAIwLCF-rCiILN47r-GyZVJsNgkxaFxoDgxcOHGxMKD_T7vhAml"),
    "the shortest that compression shortens": ("a" * 12, "eJxTSkQCSgAkJgTR"),
    "one letter": ("a" * 500, "eJxTShwFIw4oAQBvIL25"),
    "one escape": ("\u00e9" * 100, "eJxTiik1MEi1HCVHSeqSSgCLk7Uh"),
    "records": ([{"id": i % 4, "name": "user", "mail": None} for i in range(20)],
                "eJyLrlbKTFGyMtBRykvMTVWyUiotTi1S0lHKTczMUbLKK83JqdWBKDEkrMSIsBJjwkpG3TLqFqLcEgsAgwXbzw"),
    "words and surrogate pairs": ({"text": "The quick brown fox \U0001f98a jumps. " * 12},
                                  "eJyrVipJrShRslIKyUhVKCzNTM5WSCrKL89TSMuvUIgpTbEwTgWSKRaJClmluQXFegqj6oamOqVaAEYQq9Q"),
    "empty arrays": ([[]] * 60, "eJyLjo7VGWooFgAxdjX9"),
    "floats": ([0.5] * 50, "eJyLNtAz1RkGOBYA7tsl2w"),
}
STRINGS = {name: value for name, value in VALUES.items() if "4 KB" not in name}
STRINGS |= {"slashes": "</script>", "around surrogates": "\ud7ff\ue000", "beyond the BMP": "\U00010000\U0001f98a\U0010ffff",
            "long": "abc" * 100}
NUMBERS = [0, 1, -1, 10, 255, -32768, 2**31, 2**32, 2**53, 2**53 + 1, -(2**53), 2**63 - 1, -(2**63), 2**63, 2**64 - 1]
FLOATS = [0.0, -0.0, 0.1, 0.1 + 0.2, 0.5, 1.0, -1.0, 1.5, -2.5, 1 / 3, 4.35, 3.141592653589793, 12.0, 12345.678, 100000.0, 1e15,
          9.5e15, 9007199254740992.0, 9999999999999998.0, 1e16, 1.5e16, -1e16, 1e17, 123456789012345680.0, 1e21, 1e22, 1e23,
          1e100, 1.7976931348623157e308, 0.001, 1e-4, 0.00012345, 1e-5, 1.5e-5, -1e-5, 1e-7, 1.5e-7, 1e-10, 1e-100,
          2.2250738585072014e-308, 2.225073858507201e-308, 5e-324, -5e-324,
          # These have two shortest decimal forms. Python writes the one that ends in an even digit.
          989530810815889.25, 175022868056836.625, -562949953421312.375]
NESTED = {
    "empty array": [], "empty object": {}, "empty ones": [[], {}, [[]], [{}], {"": {}}, {"a": []}],
    "array": [1, "a", None, True, 0.5], "object": {"a": 1, "b": "c"},
    "order of keys": {"b": 1, "a": 2, "": 3, "B": 4, "10": 5, "9": 6},
    "session": {"_auth_user_id": "1", "cart": [{"id": 7, "n": 2}]},
    "awkward keys": {"\u00e9": 1, '"': 2, "\\": 3, "\n": 4, "\U0001f98a": 5, " ": 6, "\0": 7},
    "colons and commas": [":", ",", {":": ","}, "[", "{"],
}


def dump(kind, case, thing, key=SECRET, salt=None, compress=False, now=NOW, payload=None):
    """Makes a case of signing.dumps or Signer.sign_object; if it compresses, Django signs `payload` instead of zlib's output."""
    freeze(now)
    text = json.dumps(thing, separators=(",", ":"))
    entry = key_entry(case, key) | {"salt": salt, "compress": compress, "object": thing, "json": text}
    if kind == "dumps":
        entry["now"] = now
        made = signer("timestamp", key, SALT if salt is None else salt)
        signed = signing.dumps(thing, key=key, compress=compress, **salt_argument(salt))
    else:
        made = signer("signer", key, salt)
        signed = made.sign_object(thing, compress=compress)
    assert signed.startswith(".") == bool(payload), case
    if not payload:
        assert signed.split(":")[0] == plain(text.encode()), case
        return entry | {"signed": signed}
    assert zlib.decompress(signing.b64_decode(payload.encode())) == text.encode(), case
    return entry | {"compressed": True, "signed": made.sign(f".{payload}")}


def salt_argument(salt):
    """Omits a null salt, because dumps and loads have their own default. An empty salt means TimestampSigner's default."""
    return {} if salt is None else {"salt": salt}


def dumps_cases():
    for thing in (None, True, False, *NUMBERS, *FLOATS):
        yield dump("dumps", json.dumps(thing), thing)
    for c in CONTROLS + '"\\/\u0080\u00ff\u0100\u2028\ufffd\uffff\U0001f98a':
        yield dump("dumps", f"string U+{ord(c):04X}", f"a{c}b")
    for name, value in STRINGS.items():
        yield dump("dumps", f"string {name}", value)
    for name, thing in NESTED.items():
        yield dump("dumps", name, thing)
    yield dump("dumps", "nested a hundred deep", json.loads("[" * 100 + "]" * 100))
    rng = random.Random(31)
    for i in range(1, 11):
        digits = [int(rng.random() * 10 ** (1 + n)) for n in range(17)]
        some = [float(f"{number}e{int(rng.random() * 600) - 320}") for number in digits]
        yield dump("dumps", f"random floats {i}", some)
        some = [float(f"{number}e{int(rng.random() * 24) - 20}") for number in digits]
        yield dump("dumps", f"random floats of everyday size {i}", some)
    for name, key in KEYS.items():
        yield dump("dumps", f"key {name}", {"a": 1}, key)
    for name, salt in SALTS.items():
        yield dump("dumps", f"salt {name}", {"a": 1}, salt=salt)
    for now in (0, 61.75, NOW + 0.5, -0.25, -1.5, -62, 253402300800):
        yield dump("dumps", f"at {now}", {"a": 1}, now=now)
    yield from compressing("dumps")


def sign_object_cases():
    for thing in (None, True, -1, 0.1, 1e16, "caf\u00e9", *NESTED.values()):
        yield dump("sign_object", json.dumps(thing), thing)
    yield dump("sign_object", "salted", {"a": 1}, b"\xff\0", "caf\u00e9")
    yield dump("sign_object", "empty salt", {"a": 1}, salt="")
    yield from compressing("sign_object")


def compressing(kind):
    for name, (thing, payload) in COMPRESSED.items():
        yield dump(kind, f"compressed, {name}", thing, compress=True, payload=payload)
        yield dump(kind, f"not compressed, {name}", thing)
    for thing in (None, 0, "", "a", [], {}, {"a": 1}, "hello", "a" * 11, "abcdefghijklmnopqrstuvwxyz", [1, 2, 3, 4, 5]):
        yield dump(kind, f"compression doesn't shorten {json.dumps(thing)}", thing, compress=True)
    thing, payload = COMPRESSED["one letter"]
    yield dump(kind, "compressed, salted", thing, b"\xff\0", "caf\u00e9", True, payload=payload)


def load(case, signed, error=None, serde=None, key=SECRET, salt=None, max_age=None, now=NOW, fallbacks=()):
    """Makes a case of signing.loads.

    `error` is the crate's error if Django reads the text or raises another one; `serde` is what the crate reads if it differs.
    """
    freeze(now)
    entry = key_entry(case, key, fallbacks) | {"salt": salt, "signed": signed, "max_age": max_age, "now": now}
    try:
        thing = signing.loads(signed, key=key, max_age=max_age, fallback_keys=list(fallbacks), **salt_argument(salt))
    except signing.BadSignature as raised:
        assert error is None, case
        return entry | {"raises": exception_name(raised)}
    except Exception as raised:
        assert error, case
        entry["raises"] = exception_name(raised)
    else:
        if error is None and serde is None:
            return entry | {"object": thing}
        text = json.dumps(thing)
        entry |= {"json": text} if len(text) < 1000 else {"json_length": len(text)}
    return entry | {"differs": {"why": LENIENT, "error": error} if error else {"why": NUMBERS_OF_SERDE, "object": serde}}


def loads_cases():
    def token(payload, **options):
        return signed_at(NOW, payload, salt=SALT, **options)

    def dumped(key=SECRET, salt=None):
        freeze(NOW)
        return signing.dumps({"a": 1}, key=key, **salt_argument(salt))

    for name, (_, payload) in COMPRESSED.items():
        yield load(f"compressed, {name}", token(f".{payload}"))
    for name, key in KEYS.items():
        yield load(f"key {name}", dumped(key), key=key)
        yield load(f"key {name} as fallback", dumped(key), fallbacks=["former", key])
        yield load(f"key {name}, wrong", dumped(key))
    for name, salt in SALTS.items():
        yield load(f"salt {name}", dumped(salt=salt), salt=salt)
        yield load(f"salt {name} for the default", dumped(salt=salt))
    for max_age, age in [(None, 10**9), (0, 0), (0, 0.25), (60, 59.75), (60, 60), (60, 60.25), (0.5, 0.5), (0.5, 0.75), (9, -9)]:
        yield load(f"max_age {max_age}, {age} s old", dumped(), max_age=max_age, now=NOW + age)
    signed = dumped()
    for case, text in {
        "empty": "", "separators": "::", "truncated": signed[:-1], "padding": signed + "=", "a dot before": "." + signed,
        "another payload": "x" + signed, "no timestamp": signed.split(":")[0], "no signature": signed.rsplit(":", 1)[0],
    }.items():
        yield load(f"signature: {case}", text)
    for case, text in {"none": plain(b"1"), "empty": plain(b"1") + ":", "no digit": plain(b"1") + ":!"}.items():
        yield load(f"timestamp: {case}", signer(salt=SALT).sign(text), "BadTimestamp")
    yield load("compressed, expired", token("." + COMPRESSED["one letter"][1]), max_age=60, now=NOW + 61)
    yield load("no payload, expired", token("!"), max_age=60, now=NOW + 61)
    yield load("no payload, wrong key", token("!", key="wrong"))
    for problem, payloads in PAYLOADS.items():
        for case, payload in payloads.items():
            yield load(case, token(payload), problem and f"BadPayload:{problem}")
    for problem, texts in TEXTS.items():
        for text in texts:
            yield load(json_case(text), token(plain(text)), problem and f"BadPayload:{problem}")
    for text, serde in {b"-0": -0.0, b"18446744073709551616": 2.0**64, b"-9223372036854775809": -(2.0**63)}.items():
        yield load(json_case(text), token(plain(text)), serde=serde)


def json_case(text):
    return f"JSON {text[:30]!r} of {len(text)} bytes"


def plain(data):
    return signing.b64_encode(data).decode()


def dotted(data):
    return "." + plain(data)


def stored(data, is_last=1):
    """Returns a zlib stream without compression."""
    size = len(data).to_bytes(2, "little")
    return bytes([0x78, 1, is_last]) + size + bytes(b ^ 0xFF for b in size) + data + zlib.adler32(data).to_bytes(4, "big")


def repeated(start, zeros, end):
    """Returns a zlib stream of one repeated byte, which zlib writes as zeros."""
    return dotted(bytes.fromhex(start) + bytes(zeros) + bytes.fromhex(end))


HELLO = stored(b'"hello"')
GZIP = bytes.fromhex("1f8b08000000000000ff010100feff31b7efdc8301000000")
MEBIBYTE_OF_SPACES = "789cedc1b10000000002309514f2970ba2775b03"
# Grouped by the crate's error. None: the crate reads them as Django does.
PAYLOADS = {
    None: {
        "base64: right": "MTIz", "base64: of the URL alphabet": plain(b'"\xfb\xff\xbf"'),
        "zlib: stored": dotted(HELLO), "zlib: more after": dotted(HELLO + b"more"), "zlib: twice": dotted(HELLO * 2),
        "zlib: small window": dotted(b"\x18\x19" + HELLO[2:]), "zlib: Latin-1": dotted(stored(b'"caf\xe9"')),
        "zip bomb: 1 and white space, 1 MiB in all": repeated(MEBIBYTE_OF_SPACES, 1015, "f01930b21e12"),
    },
    "Base64": {
        "base64: one letter": "A", "base64: five letters": "MTIzN", "base64: only !": "!!!!", "base64: space within": "MT Iz",
        "base64: newline after": "MTIz\n", "base64: junk within": "MT!I?z@", "base64: separator within": "MT:Iz",
        "base64: non-ASCII": "MTIz\u00e9", "base64: full-width": "MTIz\uff21", "base64: NUL within": "MT\0Iz",
        "base64: a dot within": "MT.Iz", "base64: padding": "MQ==", "base64: one padding of two": "MQ=",
        "base64: padding first": "=MQ=", "base64: needless padding": "MTIz====", "base64: bits after the last byte": "MR",
        "base64: two bits after the last byte": "MTJ",
        "base64: of the standard alphabet": plain(b'"\xfb\xff\xbf"').replace("-", "+").replace("_", "/"),
        "zlib: two dots": "..", "zlib: two dots before": "." + dotted(HELLO), "zlib: not base64": ".!",
    },
    "Zlib": {
        "zlib: dot alone": ".", "zlib: JSON": dotted(b'"hello"'), "zlib: zeros": dotted(bytes(20)),
        **{f"zlib: the first {i} bytes of {len(HELLO)}": dotted(HELLO[:i]) for i in range(1, len(HELLO))},
        "zlib: truncated": "." + COMPRESSED["records"][1][:-8],
        "zlib: wrong checksum": dotted(HELLO[:-1] + bytes([HELLO[-1] ^ 1])),
        "zlib: no checksum, more after": dotted(HELLO[:-4] + b"more"),
        "zlib: no last block": dotted(stored(b'"hello"', is_last=0)), "zlib: wrong header": dotted(b"\x78\x02" + HELLO[2:]),
        "zlib: wants a dictionary": dotted(b"\x78\xbb" + HELLO[2:]), "zlib: window too large": dotted(b"\x88\x1c" + HELLO[2:]),
        "zlib: deflate alone": dotted(HELLO[2:-4]), "zlib: gzip": dotted(GZIP),
    },
    "TooLong": {
        "zip bomb: 2 MiB of zeros in a string": repeated("789cedc1b10000000002309708f2a70ba3675b0a", 2031, "7096012e035a45"),
        "zip bomb: 1 and white space, 1 MiB and a byte": repeated(MEBIBYTE_OF_SPACES, 1015, "701a4ee41e32"),
    },
    "Json": {
        "base64: empty": "", "base64: all bytes": plain(bytes(range(256))), "zlib: without dot": plain(HELLO),
        "zlib: empty": dotted(stored(b"")), "zlib: not JSON": dotted(stored(b"hello")), "zlib: NaN": dotted(stored(b"NaN")),
    },
}
TEXTS = {
    None: [b" \t\r\n1 \n\r\t", b'{ "a" : [ 1 , 2 ] }', b'"caf\xe9"', b'"caf\xc3\xa9"', b'"\x80\x9f\xff\x7f"',
           b'"\\u00e9\\u20AC\\/\\b\\f\\n\\r\\t"', b'"\\ud83e\\udd8a"', b'{"a":1,"b":2,"a":3}', b'{"\xe9":1,"\\u00e9":2}', b"-0.0",
           b"1E2", b"1e-400", b"0.1e1", b"9007199254740993.0", b"18446744073709551615", b"-9223372036854775808",
           b"2.2250738585072014e-308", b"1.7976931348623157e308", b"123456789012345678e-17", b"[" * 100 + b"]" * 100],
    "Json": [b" ", b"hello", b"'a'", b'"a', b'a"', b"[1,]", b"[1", b'{"a":1,}', b'{"a"}', b"{1:2}", b"{a:1}", b"01", b"1.", b".5",
             b"+1", b"0x1", b"1_0", b"-", b"1 2", b"1\0", b"\0", b"\x0b1", b"\x0c1", b"\xa01", b"\xef\xbb\xbf1", b'"a\nb"',
             b'"a\tb"', b'"\0"', b'"\\x41"', b'"\\u12"', b'"\\u00g0"', b'"\\"', b"nan", b"inf", b"True", b"None", b"// a\n1",
             b"\x80\x04K\x01.", b"\xff\xfe1\0", b"9" * 5000, b"NaN", b"[NaN]", b"Infinity", b"-Infinity", b'{"a":NaN}',
             b'"\\ud800"', b'"\\udc00"', b'"\\ud83e\\u0041"', b'"\\udd8a\\ud83e"', b"1e400", b"-1e400", b"9" * 400,
             b"[" * 200 + b"]" * 200],
}
CASES = {"dumps": dumps_cases, "sign_object": sign_object_cases, "loads": loads_cases}
