"""Makes the calls of `tests/differential.rs` in real Django. Each call and each result is one line of JSON.

A call is {"op": "parse", "header": hex}, {"op": "set" | "delete", "name", "value", "arguments", "now"} or
{"op": "sign" | "unsign" | "set_signed" | "get_signed" | "dumps", "key": hex, "now", …}. A result is
{"returns": the value that Django returns} or {"raises": the name of the exception}.
"""

import json
import sys
from http import cookies

from django.core import signing

import signed_cookie_cases
import signing_cases
import vectors

# CPython 3.14 and later do this.
cookies.Morsel._reserved.setdefault("partitioned", "Partitioned")
cookies.Morsel._flags.add("partitioned")


def parse(header):
    return vectors.parse("", bytes.fromhex(header))["cookies"]


def write(op, name, value, arguments, now):
    vectors.NOW = now
    partitioned = arguments.pop("partitioned", False)
    if op == "delete" and not arguments.keys().isdisjoint({"secure", "httponly"}):
        # `delete_cookie` has no such arguments, so this calls `set_cookie` as `delete_cookie` does.
        op, arguments = "set", {"max_age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"} | arguments
    morsel = vectors.respond(op, name, value, arguments)
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
    return signed_cookie_cases.respond(name, value, salt, bytes.fromhex(key), now).output(header="").lstrip()


def get_signed(key, name, salt, header, max_age, now):
    case = {"name": name, "salt": salt, "max_age": max_age, "now": now, "key": bytes.fromhex(key), "legacy": True}
    result = signed_cookie_cases.get_cookie("", bytes.fromhex(header), **case)
    return {"returns": result["value"]} if "value" in result else {"raises": result["raises"]}


def dumps(key, salt, object, now):
    signing_cases.freeze(now)
    return signing.dumps(object, key=bytes.fromhex(key), **({} if salt is None else {"salt": salt}))


OPS = {"parse": parse, "sign": sign, "unsign": unsign, "set_signed": set_signed, "get_signed": get_signed, "dumps": dumps}


def execute(line):
    call = json.loads(line)
    if call["op"] in ("set", "delete"):
        return write(**call)
    return OPS[call.pop("op")](**call)


def main():
    for line in sys.stdin:
        try:
            result = execute(line)
            result = result if isinstance(result, dict) else {"returns": result}
        except (cookies.CookieError, signing.BadSignature, ValueError, OverflowError, OSError, IndexError) as error:
            result = {"raises": type(error).__name__}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
