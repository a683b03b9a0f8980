#!/usr/bin/env python3
"""public_deps.py RUSTDOC_JSON: fails unless the public API names just the crates below.

Each of them is part of the crate's own version promise.
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
    """The ids of the paths, traits and re-exports in an item."""
    if isinstance(node, dict):
        if isinstance(node.get("id"), int) and not node.keys().isdisjoint({"path", "source"}):
            yield node["id"]
        for child in node.values():
            yield from named_ids(child)
    elif isinstance(node, list):
        for child in node:
            yield from named_ids(child)


def is_written(item):
    """Not an impl that every type has."""
    impl = item["inner"].get("impl")
    return impl is None or not (impl["blanket_impl"] or impl["is_synthetic"])


def is_private(path):
    """What pin-project-lite's macro writes, and no user can."""
    return "__private" in path["path"]


def main():
    doc = json.loads(Path(sys.argv[1]).read_text())
    crates = {int(id): crate["name"] for id, crate in doc["external_crates"].items()}
    named = {}
    for item in doc["index"].values():
        if item["crate_id"] == 0 and is_written(item):
            for id in named_ids(item["inner"]):
                path = doc["paths"].get(str(id))
                if path and path["crate_id"] != 0 and not is_private(path):
                    named.setdefault(crates[path["crate_id"]], set()).add("::".join(path["path"]))
    for crate, paths in sorted(named.items()):
        print(f"{'' if crate in ALLOWED else 'NOT ALLOWED  '}{crate}: {', '.join(sorted(paths))}")
    forbidden = named.keys() - ALLOWED
    unused = ALLOWED - named.keys() - {"alloc", "std"}
    if unused:
        print("allowed, but no longer in the API:", *sorted(unused))
    sys.exit(bool(forbidden or unused))


main()
