"""Real Django answers what `tests/differential.rs` asks, a line of JSON each way.

{"op": "parse", "header": hex}; {"op": "set" | "delete", "name", "value", "given", "now"}; {"op": "sign" | "unsign" | "set_signed" |
"get_signed" | "dumps", "key": hex, "now", …}. An answer is {"is": what Django gives} or {"raises": the name of the exception}.
"""

import json
import sys
from http import cookies

from django.core import signing

import signed_cookie_cases
import signing_cases
import vectors

# As in CPythons since 3.14.
cookies.Morsel._reserved.setdefault("partitioned", "Partitioned")
cookies.Morsel._flags.add("partitioned")


def parse(header):
    return vectors.parse("", bytes.fromhex(header))["cookies"]


def write(op, name, value, given, now):
    vectors.NOW = now
    partitioned = given.pop("partitioned", False)
    if op == "delete" and not given.keys().isdisjoint({"secure", "httponly"}):
        # As `delete_cookie` does, which has no such arguments.
        op, given = "set", {"max_age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"} | given
    morsel = vectors.respond(op, name, value, given)
    if partitioned:
        dict.update(morsel, partitioned=True)
    return morsel.output(header="").lstrip()


def sign(key, salt, sep, value, now):
    signing_cases.freeze(now)
    return [signing_cases.signer(kind, bytes.fromhex(key), salt, sep).sign(value) for kind in ("signer", "timestamp")]


def unsign(key, salt, sep, text, max_age, now):
    signing_cases.freeze(now)
    return signing_cases.signer("timestamp", bytes.fromhex(key), salt, sep).unsign(text, max_age=max_age)


def set_signed(key, name, salt, value, now):
    return signed_cookie_cases.responded(name, value, salt, bytes.fromhex(key), now).output(header="").lstrip()


def get_signed(key, name, salt, header, max_age, now):
    case = {"name": name, "salt": salt, "max_age": max_age, "now": now, "key": bytes.fromhex(key), "legacy": True}
    answer = signed_cookie_cases.get_cookie("", bytes.fromhex(header), **case)
    return {"is": answer["value"]} if "value" in answer else {"raises": answer["raises"]}


def dumps(key, salt, object, now):
    signing_cases.freeze(now)
    return signing.dumps(object, key=bytes.fromhex(key), salt=salt)


OPS = {"parse": parse, "sign": sign, "unsign": unsign, "set_signed": set_signed, "get_signed": get_signed, "dumps": dumps}


def answer(line):
    asked = json.loads(line)
    if asked["op"] in ("set", "delete"):
        return write(**asked)
    return OPS[asked.pop("op")](**asked)


def main():
    for line in sys.stdin:
        try:
            found = answer(line)
            found = found if isinstance(found, dict) else {"is": found}
        except (cookies.CookieError, signing.BadSignature, ValueError, OverflowError, OSError, IndexError) as error:
            found = {"raises": type(error).__name__}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
