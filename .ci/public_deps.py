#!/usr/bin/env python3
"""Fails if the public API names a crate that is not in ALLOWED, or no longer names one that is.

A breaking change in one of these crates is a breaking change in this crate.

Usage: public_deps.py RUSTDOC_JSON
"""

import json
import sys
from pathlib import Path

ALLOWED = {
    "core",
    "std",
    "alloc",
    "axum_core",
    "cookie",
    "http",
    "http_body",  # `Body`, in feature `test-util`.
    "serde_core",  # `serde`'s `Serialize` and `DeserializeOwned`, in feature `dumps`.
    "time",  # As `cookie::time`.
    "tower_layer",
    "tower_service",
}


def named_ids(node):
    """The ids of all paths, traits and re-exports in an item."""
    if isinstance(node, dict):
        if isinstance(node.get("id"), int) and not node.keys().isdisjoint({"path", "source"}):
            yield node["id"]
        for child in node.values():
            yield from named_ids(child)
    elif isinstance(node, list):
        for child in node:
            yield from named_ids(child)


def is_explicit(item):
    """False for the blanket and automatic impls that rustdoc adds to every type."""
    impl = item["inner"].get("impl")
    return impl is None or not (impl["blanket_impl"] or impl["is_synthetic"])


def is_private(path):
    """True for paths that only the macro of pin-project-lite can write."""
    return "__private" in path["path"]


def main():
    doc = json.loads(Path(sys.argv[1]).read_text())
    crates = {int(id): crate["name"] for id, crate in doc["external_crates"].items()}
    named = {}
    for item in doc["index"].values():
        if item["crate_id"] == 0 and is_explicit(item):
            for id in named_ids(item["inner"]):
                path = doc["paths"].get(str(id))
                if path and path["crate_id"] != 0 and not is_private(path):
                    named.setdefault(crates[path["crate_id"]], set()).add("::".join(path["path"]))
    for crate, paths in sorted(named.items()):
        print(f"{'' if crate in ALLOWED else 'NOT ALLOWED  '}{crate}: {', '.join(sorted(paths))}")
    forbidden = named.keys() - ALLOWED
    unused = ALLOWED - named.keys() - {"alloc", "std"}
    if unused:
        print("in ALLOWED, but no longer in the API:", *sorted(unused))
    sys.exit(bool(forbidden or unused))


main()
