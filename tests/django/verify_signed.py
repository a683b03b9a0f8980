"""Checks that real Django reads the text that the crate signed.

Standard input has one JSON object a line: {"kind": "sign" | "timestamp" | "cookie" | "dumps", "key": hex, "signed": text,
"value": the text that was signed}, with "object" instead of "value" for dumps, and optionally "salt", "sep", "name" (for a
cookie) and "max_age". The script prints how many objects of each kind Django reads. It prints the first
objects that Django does not read. It exits with 1 if there are such objects, or no objects at all.
"""

import collections
import json
import sys

import django
from django.conf import settings
from django.core import signing

MAX_SHOWN = 10

# Without the fallback to the legacy salt: otherwise Django would accept some wrong salts.
settings.configure(SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False)


def read(line, key):
    """Returns what Django reads from a signed value."""
    signed = line["signed"]
    salt = {"salt": line["salt"]} if line.get("salt") is not None else {}
    sep = {"sep": line["sep"]} if line.get("sep") is not None else {}
    max_age = {"max_age": line.get("max_age")}
    match line["kind"]:
        case "sign":
            return signing.Signer(key=key, **salt, **sep).unsign(signed)
        case "timestamp":
            return signing.TimestampSigner(key=key, **salt, **sep).unsign(signed, **max_age)
        case "cookie":
            settings.SECRET_KEY = key
            return signing._unsign_cookie(signed, cookie_name=line["name"], **salt, **max_age)
        case "dumps":
            return signing.loads(signed, key=key, **salt, **max_age)
    raise ValueError("unknown kind")


def mismatch(line):
    expected = line["object" if line["kind"] == "dumps" else "value"]
    try:
        found = read(line, bytes.fromhex(line["key"]))
    except Exception as error:
        return repr(error)
    # Compare as text, because in Python 1, 1.0 and True are equal, and so are 0.0 and -0.0.
    if json.dumps(found, sort_keys=True) != json.dumps(expected, sort_keys=True):
        return f"Django reads {found!r}"
    return None


def main():
    read_right, wrong = collections.Counter(), []
    for number, text in enumerate(sys.stdin.buffer, 1):
        try:
            line = json.loads(text)
            problem = mismatch(line)
        except (ValueError, TypeError, KeyError) as error:
            problem = f"invalid line: {error!r}"
        if problem:
            wrong.append(f"line {number}: {problem}: {text.decode(errors='replace').strip()[:500]}")
        else:
            read_right[line["kind"]] += 1
    for kind, count in read_right.items():
        print(f"{kind}: Django {django.__version__} reads {count}")
    if wrong:
        sys.exit("\n".join([*wrong[:MAX_SHOWN], f"{len(wrong)} lines that Django does not read"]))
    if not read_right:
        sys.exit("nothing to read")


if __name__ == "__main__":
    main()
