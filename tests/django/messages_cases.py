"""Cases of messages.json: django.contrib.messages, made with Django's CookieStorage and FallbackStorage.

"cookie" is the value of the cookie `messages` in the request, or null. A message is a list of its level, text, extra tags and
tags, and true if its text is HTML. "differs" is the crate's result if it differs from Django's, and the reason.
"""

import json
import random

from django.conf import settings
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage, MessageEncoder
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core import signing
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.safestring import SafeData, mark_safe

from sessions_cases import configure
from signing_cases import KEYS, NOW, SECRET, VALUES, freeze, key_entry

MARK = CookieStorage.not_finished
LEVELS = [constants.DEBUG, constants.INFO, constants.SUCCESS, constants.WARNING, constants.ERROR, 0, 15, 99, -5]
NO_MESSAGE = "what is no message is skipped"
TOO_LONG = "messages that do not fit are an error"


def storage(kind, cookie, session=None):
    request = RequestFactory().get("/")
    request.session = {} if session is None else session
    if cookie is not None:
        request.COOKIES["messages"] = cookie
    return kind(request)


def signed(text, key=SECRET, salt=CookieStorage.key_salt, is_compressed=True):
    """Signs the JSON `text` as CookieStorage signs messages."""
    configure(key)
    freeze(NOW)
    return signing.get_cookie_signer(salt=salt).sign_object(text, serializer=AsItIs, compress=is_compressed)


class AsItIs:
    def dumps(self, text):
        return text.encode("latin-1")


def listed(messages):
    return [[m.level, str(m.message), m.extra_tags, m.tags, isinstance(m.message, SafeData)] for m in messages]


def encoded(*messages, mark=False):
    return json.dumps([*messages, *([MARK] if mark else [])], separators=(",", ":"), cls=MessageEncoder)


def read(case, cookie, key=SECRET, fallbacks=(), ours=None):
    configure(key, fallbacks)
    messages, all_retrieved = storage(CookieStorage, cookie)._get()
    entry = key_entry(case, key, fallbacks) | {"cookie": cookie, "all_retrieved": all_retrieved}
    if ours is not None:
        return entry | {"differs": {"why": NO_MESSAGE, "messages": ours}}
    return entry | {"messages": listed(messages or [])}


def read_cases():
    for level in LEVELS:
        for tags in ("", None, "extra", "two tags"):
            yield read(f"level {level}, tags {tags}", signed(encoded(Message(level, "hello", tags))))
    for name, value in VALUES.items():
        yield read(f"text {name}", signed(encoded(Message(20, value, ""))))
        yield read(f"HTML {name}", signed(encoded(Message(20, mark_safe(value), value))))
    for mark in (False, True):
        for count in (0, 1, 2, 5):
            messages = [Message(25, f"message {i}", "") for i in range(count)]
            yield read(f"{count} messages, mark {mark}", signed(encoded(*messages, mark=mark)))
            yield read(f"{count} messages, mark {mark}, not compressed", signed(encoded(*messages, mark=mark), is_compressed=False))
    hello = '["__json_message",0,20,"hello",""]'
    for case, text in {"white space": f" [ {hello.replace(',', ' , ')} ]\n", "escaped": hello.replace("_", "\\u005f").join("[]"),
                       "null tags": '[["__json_message",0,20,"hello",null]]', "no tags": '[["__json_message",0,20,"hello"]]',
                       "truth": '[["__json_message",true,20,"hello",""],["__json_message",2,20,"hello",""],["__json_message",false,20,"hello",""],'
                                '["__json_message",null,20,"hello",""],["__json_message","",20,"hello",""]]',
                       "nothing": "[]", "mark twice": f'["{MARK}","{MARK}"]' }.items():
        ours = [] if case == "mark twice" else None
        yield read(f"text: {case}", signed(text), ours=ours)
    others = f'[{hello},1,"text",null,{{"a":{hello}}},[{hello}],NaN,{hello}]'
    yield read("text: others beside messages", signed(others), ours=listed([Message(20, "hello", "")] * 2))
    for name, key in KEYS.items():
        cookie = signed(encoded(Message(20, "hello", "")), key)
        yield read(f"key {name}", cookie, key)
        yield read(f"key {name} as fallback", cookie, fallbacks=["former", key])
        yield read(f"key {name}, wrong", cookie)
    good = signed(encoded(Message(20, "hello", "")))
    for case, cookie in {"none": None, "empty": "", "forged": good[:-1] + ("A" if good[-1] != "A" else "B"), "truncated": good[:-1], "separators": "::",
                         "other salt": signed(encoded(), salt="other"), "not JSON": signed("["), "not base64": signed("[]").replace("W10", "W1"),
                         "signed cookie": signed(encoded(), salt="django.http.cookies.v2:0:messages")}.items():
        yield read(f"cookie: {case}", cookie)


def add_cases():
    """Messages that one response adds to the messages of the request."""
    def case(name, added, before=None):
        configure()
        cookie = None if before is None else signed(encoded(*before))
        store = storage(FallbackStorage, cookie)
        store.level = -100
        for level, text, tags in added:
            store.add(level, text, tags)
        response = HttpResponse()
        left = store.update(response)
        assert not left
        unstored = bool(store.request.session)
        morsel = response.cookies.get("messages")
        value = morsel and morsel.value
        entry = {"case": name, "cookie": cookie, "added": added}
        if unstored:
            return entry | {"differs": {"why": TOO_LONG, "error": "MessagesTooLong"}}
        text = None if value is None else json.dumps(signing.get_cookie_signer(salt=CookieStorage.key_salt).unsign_object(value), separators=(",", ":"))
        return entry | {"set": value, "text": text}

    yield case("nothing", [])
    yield case("empty text", [[20, "", ""]])
    for level in LEVELS:
        yield case(f"level {level}", [[level, "hello", ""]])
    for name, value in VALUES.items():
        if "4 KB" not in name:
            yield case(f"text {name}", [[25, value, ""]])
            yield case(f"tags {name}", [[25, "hello", value]])
    yield case("several", [[20, "one", ""], [25, "two", "x"], [40, "three", ""]])
    yield case("after the request's", [[20, "two", ""]], [Message(20, "one", "")])
    yield case("after HTML", [[20, "two", ""]], [Message(20, mark_safe("<b>"), None)])
    for count in range(1, 14):
        rng = random.Random(60)
        texts = [[20, "".join(chr(33 + int(rng.random() * 94)) for _ in range(150)), ""] for _ in range(count)]
        yield case(f"{count} texts of 150 characters", texts)
    yield case("4 KB of one letter", [[20, "x" * 4096, ""]])


def take_cases():
    """Messages in the session are shown if the cookie contains the mark."""
    def case(name, text, session):
        configure()
        cookie = signed(text)
        store = storage(FallbackStorage, cookie, dict(session))
        return {"case": name, "cookie": cookie, "shown": listed(store)}

    waiting = {"_messages": encoded(Message(20, "waiting", ""))}
    yield case("mark alone, and one waits", encoded(mark=True), waiting)
    yield case("one, mark, and one waits", encoded(Message(20, "first", ""), mark=True), waiting)
    yield case("no mark, and one waits", encoded(Message(20, "first", "")), waiting)
    yield case("empty list, and one waits", encoded(), waiting)


def set_cookie_cases():
    for name, given in {"defaults": {}, "domain": {"DOMAIN": "example.com"}, "path is not used": {"PATH": "/app"}, "secure": {"SECURE": True},
                        "not HttpOnly": {"HTTPONLY": False}, "strict": {"SAMESITE": "Strict"},
                        "all": {"DOMAIN": "example.com", "SECURE": True, "HTTPONLY": True, "SAMESITE": "Strict"}}.items():
        configure()
        saved = {key: getattr(settings, f"SESSION_COOKIE_{key}") for key in given}
        for key, value in given.items():
            setattr(settings, f"SESSION_COOKIE_{key}", value)
        headers = []
        for is_delete in (False, True):
            store = storage(FallbackStorage, signed(encoded(Message(20, "hello", ""))))
            if is_delete:
                list(store)
            else:
                store.add(20, "hello")
            response = HttpResponse()
            store.update(response)
            headers.append(response.cookies["messages"].output(header="").strip().split("; ", 1)[1])
        for key, value in saved.items():
            setattr(settings, f"SESSION_COOKIE_{key}", value)
        yield {"case": name, "settings": given, "set": headers[0], "deleted": headers[1]}


CASES = {"read": read_cases, "add": add_cases, "take": take_cases, "set_cookie": set_cookie_cases}
