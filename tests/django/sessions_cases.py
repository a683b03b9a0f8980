"""Cases of sessions.json: django.contrib.sessions and django.contrib.auth, made with Django's own session engines.

"key", "fallbacks" and "data" are in hex. "now" is the time of the frozen clock, in seconds. "entries" are the items of the
dict that Django reads: the name as JSON, the raw JSON of the value, and the value as `json.dumps` writes it. "rewritten" is the
JSON of the session after a change of one key; Django reads the same values from it. "error" is the crate's error if Django
reads an empty session. "differs" is the crate's result if it differs from Django's, and the reason.
"""

import base64
import datetime
import json
import pickle
import random
import re
from types import SimpleNamespace

import django
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends import cache, cached_db, db, file, signed_cookies
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import InvalidSessionKey
from django.contrib.sessions.middleware import SessionMiddleware
from django.core import signing
from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import crypto, timezone

from signing_cases import KEYS, NOW, PRINTABLE, SALTS, SECRET, VALUES, as_bytes, key_entry, signed_at
from signing_cases import freeze as freeze_signing

ROW_SALT = "django.contrib.sessions.SessionStore"
COOKIE_SALT = "django.contrib.sessions.backends.signed_cookies"
HASH_SALT = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
PASSWORD = "pbkdf2_sha256$1000000$aSalt$bm90IGEgcmVhbCBoYXNo"
BACKEND = "django.contrib.auth.backends.ModelBackend"
WEEK = 604800
UTC = datetime.timezone.utc
IS_EMPTY = "the crate returns an error where Django reads an empty session"
SQL_CHECKS = "the user's SELECT checks the row's expire_date"
HONOURED = "Django ignores the expiry of a session in a signed cookie (ticket 19201)"
DIGITS = "CPython reads no integer of more than 4300 digits"


def freeze(now):
    freeze_signing(now)
    timezone.now = lambda: datetime.datetime(1970, 1, 1, tzinfo=UTC) + datetime.timedelta(seconds=now)


def configure(key=SECRET, fallbacks=(), age=2 * WEEK):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS, settings.SESSION_COOKIE_AGE = key, list(fallbacks), age
    freeze(NOW)


def salted_hmac_cases():
    def case(name, salt, value, key):
        digest = crypto.salted_hmac(salt, value, key, algorithm="sha256").hexdigest()
        return key_entry(name, key) | {"salt": salt, "value": value, "digest": digest}

    for name, key in KEYS.items():
        yield case(f"key {name}", "a salt", "hello", key)
    for name, salt in SALTS.items():
        yield case(f"salt {name}", salt, "hello", SECRET)
    for name, value in VALUES.items():
        yield case(f"value {name}", "a salt", value, SECRET)
    yield case("session hash", HASH_SALT, PASSWORD, SECRET)


def session_key_cases():
    """A key is valid if Django's base class accepts it, and if the file engine accepts its characters."""
    good = "0123456789abcdefghijklmnopqrstuv"
    keys = [good, good[:8], good[:7], "", "a", "abcdefghijklmnop", "q" * 40, "q" * 41, "q" * 4000, good.upper(), good + " ", " " + good]
    keys += [good[:-1] + c for c in PRINTABLE] + [f"{c}{good}" for c in "\u00e9\u0663\uff41\u20ac"] + ["../../etc/passwd", "0" * 8]
    for key in dict.fromkeys(keys):
        store = file.SessionStore(key)
        valid = store.session_key is not None
        try:
            store._key_to_file(key)
        except InvalidSessionKey:
            valid = False
        yield {"case": f"key {ascii(key[:40])} of {len(key)}", "session_key": key, "valid": valid}


def items_of(text):
    """Splits a JSON object into names and raw values, with CPython's own scanners."""
    decoder, space, items = json.JSONDecoder(), re.compile("[ \t\n\r]*"), {}
    position = space.match(text, space.match(text).end() + 1).end()
    while text[position] != "}":
        name, end = json.decoder.scanstring(text, position + 1)
        name_text = text[position:end]
        position = space.match(text, space.match(text, end).end() + 1).end()
        value, end = decoder.raw_decode(text, position)
        first = items[name][0] if name in items else name_text
        items[name] = (first, text[position:end], json.dumps(value))
        position = space.match(text, end).end()
        if text[position] == ",":
            position = space.match(text, position + 1).end()
    return items


def reading(entry, text, found):
    """Adds to `entry` the items that Django found in a session with the JSON `text`."""
    items = items_of(text)
    assert json.dumps(found) == json.dumps({name: json.loads(value) for name, (_, value, _) in items.items()}), entry
    texts = {name: value for name, (_, value, _) in items.items()} | {"rust": "[1]"}
    names = {name: first for name, (first, _, _) in items.items()} | {"rust": '"rust"'}
    rewritten = "{" + ",".join(f"{names[name]}:{value}" for name, value in texts.items()) + "}"
    assert json.dumps(json.loads(rewritten)) == json.dumps(found | {"rust": [1]}), entry
    return entry | {"entries": [list(item) for item in items.values()], "rewritten": rewritten}


OBJECTS = [
    {}, {"a": 1}, {"a": None, "b": True, "c": False}, {"cart": {"1": 2, "3": [4, {"5": "6"}]}}, {"": "", " ": " "},
    {"\u00e9\u20ac\U0001f600": "\u00e9\u20ac\U0001f600"}, {"quotes": "\"'\\/"}, {"controls": "\0\x1f\x7f\n\t"}, {"nan": float("nan")},
    {"inf": float("inf"), "-inf": float("-inf")}, {"nested": [{"nan": [float("nan")]}], "after": 1}, {"big": 2**80 + 1, "-": -(2**64)},
    {"surrogate": "a\ud800b"}, {"\udc00": 1, "after": "x"}, {"\udc00": float("nan"), "\ud83d": "\ude00\ud83d"}, {"float": 1e-7, "e": 1e300},
    {"n": 1.0, "m": -0.0, "k": 0.1}, {"list": [], "dict": {}}, {str(i): i for i in range(60)}, {"long": "x" * 3000},
    {"_auth_user_id": "1", "_auth_user_backend": BACKEND, "_auth_user_hash": "00" * 32}, {"rust": 0, "after": 1},
    {"NaN": float("nan"), "\ud800": "\udfff", "big": 2**80 + 1, "text": "\ud83e\udd8a \ud83e"},
    {"_messages": '[["__json_message",0,25,"Hi",""]]', "_csrftoken": "c" * 32, "_language": "de", "_session_expiry": WEEK},
]
# JSON that Django reads but does not write.
TEXTS = [
    ' {"a":1}\n', '{ "a" : 1 , "b" : [ 1 , 2 ] }', "{\t\r\n }", '{"a":1,"b":2,"a":3}', '{"a":1,"\\u0061":2}', '{"\\u0061":1,"a":2,"b":3}',
    '{"\\ud800":1,"\\uD800":2}', '{"\\ud83e\\udd8a":1,"\\uD83E\\uDD8A":2}', '{"\\ud83e":1,"\\udd8a":2}', '{"a":-0}', '{"a":-0.0e-0}',
    '{"a":1E+5,"b":1e5,"c":0.0}', '{"a":1e999}', '{"a":"\x7f\u0080\u00e9\u00ff"}', '{"\u00e9":"\u00e9"}', '{"a":"\\/\\b\\f"}',
    '{"a":{"a":{"a":NaN}},"b":[[[-Infinity]]]}', '{"a":"}","b":"]","c":"\\"","d":"\\\\"}', '{"a":"{\\"b\\":1}"}', '{"a":[],"b":{},"c":""}',
    '{"\\u0000":"\\u0000"}', '{"a":' + "[" * 200 + "]" * 200 + ',"b":2}', '{"a":' + '{"a":' * 200 + "0" + "}" * 200 + ',"b":2}',
    '{"a":"\\ud800\\u0041","b":"\\ud800\\ud800\\udc00"}', '{"a":' + "9" * 4000 + "}", '{"rust":1,"a":2,"rust":3}',
]
# Texts that are not JSON, neither for Django nor for the crate.
BROKEN = [
    "", " ", "{", "}", "{}}", "{}{}", "{},", "{}x", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1,,"b":2}', '{"a" 1}', '{a:1}', "{'a':1}", '{1:2}',
    '{"a":1 "b":2}', '{"a":01}', '{"a":1.}', '{"a":.5}', '{"a":+1}', '{"a":-}', '{"a":0x1}', '{"a":1e}', '{"a":1e+}', '{"a":nan}', '{"a":-NaN}',
    '{"a":+Infinity}', '{"a":Inf}', '{"a":--1}', '{"a":tru}', '{"a":True}', '{"a":None}', '{"a":"}', '{"a":"\\"}', '{"a":"\\x41"}',
    '{"a":"\\u12"}', '{"a":"\\u00g0"}', '{"a":"\\u+123"}', '{"a":"\n"}', '{"a":"\0"}', '{"a\t":1}', '{"a":[1,]}', '{"a":[1}', '{"a":[1]]}', '{"a":{]}',
    '{"a":[}', '{"a":[,1]}', '{"a":[1 2]}', '{"a":{"b"}}', '{"a":1}\x0b', '\xa0{"a":1}', '\xef\xbb\xbf{"a":1}', '{"a":1}\0', '{"a":/**/1}', "{\x0c}",
    '{"\\ud83e\\u00g0":1}', '{null:1}', '{NaN:1}',
]
NOT_OBJECTS = ["[]", "null", "1", '"a"', "NaN", "[[1,2]]", '["a"]', "-Infinity", "true"]


def row(text, salt=ROW_SALT, key=SECRET, now=NOW, is_compressed=False):
    """Signs the JSON `text` as the session engines sign sessions."""
    configure(key)
    freeze(now)
    serializer = lambda: SimpleNamespace(dumps=lambda text: text.encode("latin-1"))
    return signing.dumps(text, salt=salt, serializer=serializer, compress=is_compressed)


def decode(case, data, text=None, error=None, key=SECRET, fallbacks=(), why=None):
    configure(key, fallbacks)
    entry = key_entry(case, key, fallbacks) | {"data": as_bytes(data).hex()}
    try:
        found = db.SessionStore().decode(data.decode("latin-1") if isinstance(data, bytes) else data)
    except Exception as exception:  # `decode` must never raise
        raise AssertionError(case) from exception
    if error:
        assert not found or not isinstance(found, dict) or why, (case, found)
        return entry | {"error": error, "why": why or IS_EMPTY}
    return reading(entry, text, found)


def decode_cases():
    for i, session in enumerate(OBJECTS):
        text = json.dumps(session, separators=(",", ":"))
        for engine in (db, cached_db, file):
            configure()
            yield decode(f"object {i} by {engine.__name__.rpartition('.')[2]}", engine.SessionStore().encode(session), text)
        yield decode(f"object {i}, not compressed", row(text), text)
    for i, text in enumerate(TEXTS):
        yield decode(f"text {i}", row(text), text)
        yield decode(f"text {i}, compressed", row(text, is_compressed=True), text)
    for name, key in KEYS.items():
        data = row('{"a":1}', key=key)
        yield decode(f"key {name}", data, '{"a":1}', key=key)
        yield decode(f"key {name} as fallback", data, '{"a":1}', fallbacks=["former", key])
        yield decode(f"key {name}, wrong", data, error="BadSignature")
    for i, text in enumerate(BROKEN):
        yield decode(f"broken {i}: {ascii(text)}", row(text), error="NotJson")
    for i, text in enumerate(NOT_OBJECTS):
        yield decode(f"no object: {text}", row(text), error="NotObject")
    for i, text in enumerate(mixes(), 1):
        try:
            is_object = isinstance(json.loads(text), dict)
            error = None if is_object else "NotObject"
        except ValueError:
            error = "NotJson"
        yield decode(f"random mix {i}", row(text), text, error)
    yield decode("integer of 4301 digits", row('{"a":' + "9" * 4301 + "}"), error="none", why=DIGITS)
    yield decode("too deep", row('{"a":' + "[" * 200_000 + "]" * 200_000 + "}", is_compressed=True), error="TooDeep")
    yield from wrong_rows()


PIECES = [*'{}[]:,"-0Ee+. ' "\\\n\0\x7f\xa0\xff", '"a"', '"b":', '"a":1', '{"a":', "1.5", "1e5", "01", "NaN", "Infinity", "-Infinity", "null", "true",
          "false", "\\u", '"\\ud800"', '"\\ud83e\\udd8a"', '\\"', '"\xe9"']
NAMES = ['"a"', '"b" ', '"\\u0061"', '"\\ud800"', '"\\uD800"', '"\xe9"', '""', '"\\ud83e\\udd8a"', '"\\ud83e\\uD83E\\udd8a"']


def mixes():
    """Random texts: sequences of pieces, JSON objects, and JSON objects with one change."""
    rng = random.Random(40)

    def choose(choices):
        return choices[int(rng.random() * len(choices))]

    def value(depth):
        kind = int(rng.random() * (3 if depth > 3 else 5))
        if kind < 3:
            return choose(["1", "-0", "1.5e3", "NaN", "-Infinity", "null", '"x"', '"\\ud800"', '"}"', '"\\\\"', " [ ]", "{}", choose(PIECES)])
        items = [value(depth + 1) for _ in range(int(rng.random() * 4))]
        return "[" + ",".join(items) + "]" if kind == 3 else "{" + ",".join(f"{choose(NAMES)}:{item}" for item in items) + "}"

    for i in range(450):
        if i % 3 == 0:
            yield "".join(choose(PIECES) for _ in range(1 + int(rng.random() * 12)))
            continue
        text = "{" + ",".join(f"{choose(NAMES)}:{value(0)}" for _ in range(int(rng.random() * 6))) + "}"
        place = int(rng.random() * len(text))
        yield text if i % 3 == 1 else text[:place] + choose(["", *PIECES]) + text[place + 1 :]


def wrong_rows():
    good = row('{"a":1}')
    for case, data in {
        "empty": "", "no signature": "e30", "separators": "::", "forged": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "truncated": good[:-1], "more after it": good + "x", "more before it": "x" + good, "newline after": good + "\n",
        "of a signed cookie": row('{"a":1}', COOKIE_SALT), "of signing.dumps": row('{"a":1}', "django.core.signing"),
        "no timestamp": signing.Signer(key=SECRET, salt=ROW_SALT).sign("e30"), "JSON": '{"a":1}',
        "session of Django 3.0": base64.b64encode(b"0" * 40 + b':{"a":1}').decode(),
    }.items():
        yield decode(f"wrong: {case}", data, error="BadSignature")
    pickled = pickle.dumps({"a": 1}, 4)
    serializer = lambda: SimpleNamespace(dumps=pickle.dumps)
    configure()
    yield decode("pickled by PickleSerializer", signing.dumps({"a": 1}, salt=ROW_SALT, serializer=serializer), error="Pickled")
    yield decode("pickled in a cache", pickled, error="Pickled")
    yield decode("pickled in a cache, protocol 5", pickle.dumps({"a": 1}, 5), error="Pickled")
    yield decode("pickled in the database cache", base64.b64encode(pickled).decode(), error="Pickled")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    store = cache.SessionStore("0123456789abcdefghijklmnopqrstuv")
    store._session_cache = {"a": 1}
    store.save(must_create=True)
    yield decode("by the engine cache", next(iter(store._cache._cache.values())), error="Pickled")
    for case, text in {"not base64": "e3!", "one character": "e", "not zlib": ".e30", "dot": "."}.items():
        data = signed_at(NOW, text, salt=ROW_SALT)
        if text != "e3!":
            yield decode(f"payload: {case}", data, error="NotJson")


def cookie_of(session, now=NOW, key=SECRET):
    configure(key)
    freeze(now)
    store = signed_cookies.SessionStore()
    store._session_cache = session
    store.save()
    return store.session_key


def cookie(case, value, text=None, error=None, now=NOW, age=2 * WEEK, key=SECRET, fallbacks=(), why=None):
    configure(key, fallbacks, age)
    freeze(now)
    found = signed_cookies.SessionStore(value)._session
    entry = key_entry(case, key, fallbacks) | {"value": value, "now": now, "age": age}
    if why:
        return entry | {"error": error, "differs": {"why": why, "found": json.dumps(found)}}
    if error:
        assert not found, (case, found)
        return entry | {"error": error}
    return reading(entry, text, found)


def cookie_cases():
    for i, session in enumerate(OBJECTS):
        yield cookie(f"object {i}", cookie_of(session), json.dumps(session, separators=(",", ":")))
    text, good = '{"a":1}', cookie_of({"a": 1})
    for age in (0.5, 1, 60, 2 * WEEK, 52 * WEEK):
        for more in (-0.25, 0, 0.25, 1):
            error = "SignatureExpired" if more > 0 else None
            yield cookie(f"age {age}, {more} s more than that", good, text, error, NOW + age + more, age)
    yield cookie("signed in the future", good, text, None, NOW - 3600)
    for name, key in KEYS.items():
        value = cookie_of({"a": 1}, key=key)
        yield cookie(f"key {name}", value, text, key=key)
        yield cookie(f"key {name} as fallback", value, text, fallbacks=["former", key])
        yield cookie(f"key {name}, wrong", value, error="BadSignature")
    for case, value in {"a row": row(text), "truncated": good[:-1], "a key": "q" * 32, "short": "a:b"}.items():
        yield cookie(f"wrong: {case}", value, error="BadSignature")
    for expiry, more, is_expired in [(60, 59, False), (60, 61, True), (0, 61, False), (WEEK, 2 * WEEK, True), (-1, 0, True)]:
        value = cookie_of({"_session_expiry": expiry})
        text = json.dumps({"_session_expiry": expiry}, separators=(",", ":"))
        why = HONOURED if is_expired else None
        yield cookie(f"expiry {expiry}, {more} s later", value, text, "SessionExpired" if is_expired else None, NOW + more, why=why)
    yield cookie("expiry beyond the age", cookie_of({"_session_expiry": 52 * WEEK}), error="SignatureExpired", now=NOW + 3 * WEEK)


def moment(seconds, offset=datetime.timedelta()):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone(offset))


HOURS = datetime.timedelta(hours=1)
EXPIRIES = {
    "none": None, "browser close": 0, "a second": 1, "a minute": 60, "a year": 365 * 86400, "past": -60, "date": moment(NOW + 3600),
    "date of a microsecond": moment(NOW).replace(microsecond=1), "date of half a second": moment(NOW + 60.5), "past date": moment(NOW - 1),
    "east": moment(NOW + 3600, 2 * HOURS), "west": moment(NOW + 3600, -9.5 * HOURS), "delta": datetime.timedelta(days=1),
    "delta of half a second": datetime.timedelta(seconds=0.5), "year 9999": moment(253402300799), "year 1": moment(-62135596800 + 86400),
}
WRITTEN_BY_OTHERS = ["0", "null", '""', "1.5", "0.0", "1e3", '"2026-09-21T15:00:00Z"', '"2026-09-21 15:00:00+00:00"', '"2026-09-21T15:00:00.123+00:00"',
                     '"2026-09-21T15:00+00:00"', "-0"]
UNREADABLE = ['"soon"', "[1]", '{"a":1}', '"2026-13-01T00:00:00+00:00"', '"2026-09-21T25:00:00+00:00"', '"1790000000"', "NaN", '"\\ud800"']


def expiry_of(session, now):
    configure()
    freeze(now)
    store = SessionBase()
    store._session_cache = session
    date = store.get_expiry_date(modification=timezone.now())
    return {"age": store.get_expiry_age(modification=timezone.now()), "date": (date - moment(0)) / datetime.timedelta(microseconds=1),
            "at_browser_close": store.get_expire_at_browser_close()}


def expiry_cases():
    for name, expiry in EXPIRIES.items():
        configure()
        store = SessionBase()
        store._session_cache = {"a": 1}
        store.set_expiry(expiry)
        text = json.dumps(store._session_cache, separators=(",", ":"))
        yield {"case": f"set_expiry: {name}", "text": text, "now": NOW} | expiry_of(store._session_cache, NOW)
    for value in WRITTEN_BY_OTHERS:
        text = f'{{"_session_expiry":{value}}}'
        if value != '""':  # get_expiry_date raises
            yield {"case": f"read: {value}", "text": text, "now": NOW} | expiry_of(json.loads(text), NOW)
    for value in UNREADABLE:
        text = f'{{"_session_expiry":{value}}}'
        try:
            expiry_of(json.loads(text), NOW)
        except (ValueError, TypeError, OverflowError, AttributeError) as error:
            yield {"case": f"unreadable: {value}", "text": text, "now": NOW, "raises": type(error).__name__}
        else:
            raise AssertionError(value)


def row_cases():
    """Rows that the engine `db` saved. "alive" is true if it still loads them at a later time."""
    for name, expiry in EXPIRIES.items():
        for later in (0, 1, 59, 60, 61, 3599, 3600, 86400, WEEK, 2 * WEEK, 366 * 86400):
            configure()
            db.SessionStore.get_model_class().objects.all().delete()
            store = db.SessionStore()
            store["a"] = 1
            store.set_expiry(expiry)
            store.create()
            store["a"] = 1
            store.set_expiry(expiry)
            store.save()
            saved = store.model.objects.get()
            freeze(NOW + later)
            is_alive = bool(db.SessionStore(store.session_key).load())
            date = (saved.expire_date - moment(0)) / datetime.timedelta(microseconds=1)
            entry = key_entry(f"{name}, {later} s later", SECRET) | {"data": saved.session_data, "now": NOW + later, "alive": is_alive}
            entry |= {"expire_date": date}
            yield entry | ({"differs": {"why": SQL_CHECKS, "alive": True}} if not is_alive and not expiry else {})


def login_of(session, backends=(BACKEND,)):
    """Calls django.contrib.auth.get_user on a session, and returns the results."""
    settings.AUTHENTICATION_BACKENDS = list(backends)
    request = RequestFactory().get("/")
    request.session = db.SessionStore()
    request.session._session_cache = dict(session)
    before = request.session.session_key
    user = auth.get_user(request)
    after = dict(request.session._session)
    return {"is_login": user.is_authenticated, "renewed": request.session.session_key != before and user.is_authenticated,
            "hash": after.get("_auth_user_hash")}


def make_user(password=PASSWORD, pk=42):
    model = auth.get_user_model()
    model.objects.all().delete()
    return model.objects.create(pk=pk, username="ann", password=password)


def auth_hash(password, key):
    return crypto.salted_hmac(HASH_SALT, password, key, algorithm="sha256").hexdigest()


def is_login_cases():
    def case(name, session, password=PASSWORD, key=SECRET, fallbacks=()):
        configure(key, fallbacks)
        make_user(password)
        text = json.dumps(session, separators=(",", ":"))
        return key_entry(name, key, fallbacks) | {"text": text, "password": password} | login_of(session)

    def session_of(given, **more):
        return {"_auth_user_id": "42", "_auth_user_backend": BACKEND, "_auth_user_hash": given} | more

    for name, key in KEYS.items():
        good = auth_hash(PASSWORD, key)
        yield case(f"key {name}", session_of(good), key=key)
        yield case(f"key {name} as fallback", session_of(good), fallbacks=["former", key])
        yield case(f"key {name}, wrong", session_of(good))
        yield case(f"key {name}, before another", session_of(auth_hash(PASSWORD, SECRET)), key=SECRET, fallbacks=[key])
    good = auth_hash(PASSWORD, SECRET)
    for password in ("", "!", "p\u00e9\u20ac", "x" * 128):
        yield case(f"password {ascii(password[:9])}", session_of(auth_hash(password, SECRET)), password)
        yield case(f"password changed to {ascii(password[:9])}", session_of(good), password)
    for value in (good.upper(), good[:-1], good + "0", "", "0" * 64, "\u00e9" * 32, good + "\n"):
        yield case(f"hash {ascii(value[-9:])} of {len(value)}", session_of(value))
    yield case("no hash", {"_auth_user_id": "42", "_auth_user_backend": BACKEND})
    yield case("hash null", session_of(None))
    yield case("no user", {"_auth_user_hash": good, "_auth_user_backend": BACKEND})
    yield case("no backend", {"_auth_user_hash": good, "_auth_user_id": "42"})
    yield case("user as integer", session_of(good, _auth_user_id=42))
    yield case("more beside it", session_of(good, cart=[1]))
    yield case("empty", {})


def log_in_cases():
    def case(name, before, password=PASSWORD, pk=42, key=SECRET, fallbacks=()):
        configure(key, fallbacks)
        user = make_user(password, pk)
        request = RequestFactory().get("/")
        request.session = db.SessionStore()
        request.session._session_cache = dict(before)
        auth.login(request, user, BACKEND)
        texts = [json.dumps(session, separators=(",", ":")) for session in (before, request.session._session)]
        return key_entry(name, key, fallbacks) | {"password": password, "user_id": str(pk), "before": texts[0], "after": texts[1]}

    def session_of(user_id, key=SECRET, **more):
        return {"x": 1, "_auth_user_id": user_id, "_auth_user_backend": "other", "_auth_user_hash": auth_hash(PASSWORD, key)} | more

    yield case("empty", {})
    yield case("anonymous session", {"cart": [1, 2], "_language": "de"})
    yield case("same user", session_of("42", y=2))
    yield case("same user, other password", session_of("42"), "other")
    yield case("same user, hash by a fallback key", session_of("42", "former"), fallbacks=["former"])
    yield case("other user", session_of("43"))
    yield case("other user with expiry", session_of("43", _session_expiry=60))
    yield case("same user without hash", {"_auth_user_id": "42", "x": 1})
    yield case("hash without user", {"_auth_user_hash": "x", "x": 1})
    yield case("another primary key", {}, pk=7)
    for name, key in KEYS.items():
        yield case(f"key {name}", {"a": 1}, key=key)


def update_login_cases():
    def case(name, before, password="new", pk=42, key=SECRET, fallbacks=()):
        configure(key, fallbacks)
        user = make_user(password, pk)
        request = RequestFactory().get("/")
        request.session = signed_cookies.SessionStore()
        request.session._session_cache = dict(before)
        # The user of the session, whose password in the database is the new one already.
        request.user = user if "_auth_user_id" in before else None
        auth.update_session_auth_hash(request, user)
        texts = [json.dumps(session, separators=(",", ":")) for session in (before, request.session._session)]
        return key_entry(name, key, fallbacks) | {"password": password, "before": texts[0], "after": texts[1]}

    login = {"x": 1, "_auth_user_id": "42", "_auth_user_backend": BACKEND, "_auth_user_hash": auth_hash(PASSWORD, SECRET), "y": 2}
    yield case("login", login)
    yield case("same password", login, PASSWORD)
    yield case("login with expiry", login | {"_session_expiry": 60})
    yield case("hash by a fallback key", login | {"_auth_user_hash": auth_hash(PASSWORD, "former")}, fallbacks=["former"])
    yield case("no hash", {"_auth_user_id": "42", "_auth_user_backend": BACKEND, "x": 1})
    yield case("anonymous session", {"cart": [1, 2]})
    yield case("empty", {})
    for name, key in KEYS.items():
        yield case(f"key {name}", login, key=key)


def set_cookie_cases():
    """The Set-Cookie headers of SessionMiddleware, without `expires`, which depends on the time."""
    for name, expiry in EXPIRIES.items():
        for engine in ("db", "signed_cookies"):
            configure()
            settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"

            def view(request, expiry=expiry):
                request.session["a"] = 1
                request.session.set_expiry(expiry)
                return HttpResponse()

            import django.contrib.sessions.middleware as middleware
            middleware.time = SimpleNamespace(time=lambda: NOW)
            response = SessionMiddleware(view)(RequestFactory().get("/"))
            header = response.cookies["sessionid"].output(header="").strip()
            header = re.sub(" expires=[^;]*;", "", header)
            value, attributes = header.split("; ", 1)
            text = json.dumps({"a": 1} | ({} if expiry is None else {"_session_expiry": as_stored(expiry)}), separators=(",", ":"))
            entry = key_entry(f"{engine}: {name}", SECRET) | {"engine": engine, "text": text, "now": NOW, "attributes": attributes}
            yield entry | ({"value": value.removeprefix("sessionid=")} if engine == "signed_cookies" else {})


def as_stored(expiry):
    if isinstance(expiry, datetime.timedelta):
        expiry = timezone.now() + expiry
    return expiry.isoformat() if isinstance(expiry, datetime.datetime) else expiry


def prepare():
    django.setup()
    call_command("migrate", verbosity=0)


CASES = {"salted_hmac": salted_hmac_cases, "keys": session_key_cases, "decode": decode_cases, "cookie": cookie_cases,
         "expiry": expiry_cases, "rows": row_cases, "is_login": is_login_cases, "log_in": log_in_cases,
         "update_login": update_login_cases, "set_cookie": set_cookie_cases}
