#!/usr/bin/env python3
"""Compares the public API with public-api.txt, and prints the difference.

The API comes from cargo-public-api, with shorter paths: those of this crate begin after `tower_django_cookies::`, and types of
the standard library have no path. The functions of a foreign trait are omitted, since its impl implies them. So are the pages
of the guide, `impl` lines that only begin a block, and impls that rustdoc or a macro adds.

Usage: public_api.py RUSTDOC_JSON [--renew]   (--renew writes the file)
"""

import difflib
import itertools
import re
import subprocess
import sys
from pathlib import Path

CRATE = "tower_django_cookies"
FILE = Path(__file__).resolve().parent.parent / "public-api.txt"

# Not `fmt::Result`, `fmt::Error` and `time::Duration`: these names would have two meanings.
STD = re.compile(r"\b(?:core|alloc|std)::(?!(?:fmt::(?:Result|Error)|time::)\b)(?:[a-z_0-9]+::)*(?=[A-Z])")
ATTRIBUTES = r"(?:#\[[^\]]*\] )*"
FOREIGN_IMPL = re.compile(rf"{ATTRIBUTES}impl(?:<.*?>)? !?(?!{CRATE})[\w:]+(?:<.*>)? for ")
FUNCTION = re.compile(rf"{ATTRIBUTES}pub (?:const |async |unsafe )*fn ")
OMITTED = re.compile(
    rf"pub mod {CRATE}::guide\b"
    rf"|impl(?:<[^:]*>)? {CRATE}[\w:]+(?:<[^:]*>)?$"
    r"|.*\b(?:StructuralPartialEq|__private)\b"
)


def lines(json):
    """The lines of cargo-public-api, without blanket impls and auto traits, and with the names of parameters."""
    command = ["cargo", "public-api", "--rustdoc-json", json, "-ss", "-v", "--color=never"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return ran.stdout.splitlines()


def readable(lines):
    in_foreign_impl = False
    for line in lines:
        if FUNCTION.match(line) and in_foreign_impl:
            continue
        if not line.startswith("pub type "):
            in_foreign_impl = bool(FOREIGN_IMPL.match(line))
        if not OMITTED.match(line):
            # cargo-public-api leaves out the colon in `K: TryInto<T, Error: Into<E>>`.
            line = re.sub(r"(?<=[ <]Error)(?=core::)", ": ", line)
            yield STD.sub("", line).replace(f"{CRATE}::", "")


def sorted_functions(lines):
    """The functions of all blocks of a type together, without regard to how they are split into blocks."""
    for are_functions, group in itertools.groupby(lines, lambda line: bool(FUNCTION.match(line))):
        yield from sorted(group, key=lambda line: line[FUNCTION.match(line).end():]) if are_functions else group


def main():
    json, *options = sys.argv[1:]
    actual = list(sorted_functions(readable(lines(json))))
    assert len(actual) > 100, "too few items: the format of cargo-public-api has changed"
    if options == ["--renew"]:
        FILE.write_text("".join(f"{line}\n" for line in actual))
    committed = FILE.read_text().splitlines()
    difference = list(difflib.unified_diff(committed, actual, "public-api.txt", "the public API", n=0, lineterm=""))
    if difference:
        print(*difference, sep="\n")
        sys.exit("The public API has changed. If you want that, run: RENEW=1 .ci/run 'public API'")
    print(len(actual), "lines, as in public-api.txt")


main()
