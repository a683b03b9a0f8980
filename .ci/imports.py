#!/usr/bin/env python3
"""Checks that the imports of a crate run one way: down the order of its modules, and in no circle.

Every path in the code that begins with `crate`, `self`, `super` or a child module counts as an import of the file
that defines the item. Re-exports (`pub use`) are followed and are no imports themselves.

Usage: imports.py [DIRECTORY]   (default: src and benches/src of this repository)
"""

import re
import sys
from pathlib import Path

# The order of src/: a module imports from its own line and from those below.
ORDER = [
    "lib",
    "guide",
    "test",
    "extract",
    "layer",
    "contrib",
    "jar",
    "config",
    "events",
    "set_cookie",
    "request",
    "error",
    "signing",
    "scope",
    "quote",
    "url_path",
    "display",
]

REEXPORT = re.compile(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);")
PATH = re.compile(r"(?<![\w:])((?:crate|self|super|[a-z_]\w*)(?:::\w+)+)")
IMPORT = re.compile(r"(?<!\w)use\s+([^;]+);")


def code(text):
    """The text without comments, strings, test modules and module declarations."""
    text = re.sub(r"//[^\n]*", "", text)
    text = re.sub(r'"(?:\\.|[^"\\])*"', '""', text, flags=re.S)
    return re.sub(r"#\[cfg\(test\)\]\s*mod \w+ \{.*", "", text, flags=re.S)


def flatten(tree):
    """The paths of a use tree, such as `a::{b, c as d}`."""
    tree = tree.strip()
    before, brace, rest = tree.partition("{")
    if not brace:
        path, _, alias = tree.partition(" as ")
        path = path.strip()
        yield path, (alias or path.rpartition("::")[2]).strip()
        return
    depth, part = 0, ""
    for letter in rest[: rest.rindex("}")] + ",":
        if letter == "," and depth == 0:
            for path, name in flatten(part) if part.strip() else []:
                full = before.strip() + path
                yield full.removesuffix("::self"), name if name != "self" else before.strip(": ").rpartition("::")[2]
            part = ""
        else:
            depth += (letter == "{") - (letter == "}")
            part += letter


class Crate:
    def __init__(self, root):
        self.files = {}
        for file in sorted(root.rglob("*.rs")):
            module = file.relative_to(root).with_suffix("").parts
            if module[-1] == "mod":
                module = module[:-1]
            if module == ("lib",):
                module = ()
            self.files[module] = file.relative_to(root)
        self.code = {module: code((root / file).read_text()) for module, file in self.files.items()}
        self.reexports = {
            module: {
                name: path
                for tree in REEXPORT.findall(text)
                for path, name in flatten(tree)
            }
            for module, text in self.code.items()
        }

    def definer(self, module, path, seen=()):
        """The module that defines what `path` in `module` names, or None where that is another crate."""
        first, *rest = path.split("::")
        if first == "crate":
            module = ()
        elif first == "self":
            pass
        elif first == "super":
            module = module[:-1]
            while rest and rest[0] == "super":
                module, rest = module[:-1], rest[1:]
        elif (*module, first) in self.files:
            module = (*module, first)
        else:
            return None
        for name in rest:
            if name == "*":
                break
            if (*module, name) in self.files:
                module = (*module, name)
                continue
            target = self.reexports.get(module, {}).get(name)
            if target and (module, name) not in seen:
                return self.definer(module, target, (*seen, (module, name))) or module
            break
        return module

    def imports(self, module):
        text = REEXPORT.sub("", self.code[module])
        paths = {path for tree in IMPORT.findall(text) for path, _ in flatten(tree)}
        paths |= set(PATH.findall(IMPORT.sub("", text)))
        found = {self.definer(module, path) for path in paths}
        return {other for other in found if other is not None and other != module and other in self.files}


def circles(graph):
    """The sets of modules that import each other, however many steps it takes."""

    def reached(module):
        found, waiting = set(), [module]
        while waiting:
            for other in graph[waiting.pop()] - found:
                found.add(other)
                waiting.append(other)
        return found

    reach = {module: reached(module) for module in graph}
    return {frozenset(other for other in reach[module] if module in reach[other]) for module in graph} - {frozenset()}


def check(root, order):
    crate = Crate(root)
    graph = {module: crate.imports(module) for module in crate.files}
    problems = []
    rank = {name: place for place, name in enumerate(order)}
    for module, others in sorted(graph.items()) if order else []:
        top = (module or ("lib",))[0]
        if top not in rank:
            problems.append(f"{crate.files[module]}: {top} is not in the order of .ci/imports.py")
            continue
        problems += [
            f"{crate.files[module]} imports {crate.files[other]}, which is above it"
            for other in sorted(others)
            if rank.get((other or ("lib",))[0], -1) < rank[top]
        ]
    problems += [
        "circle: " + ", ".join(sorted(str(crate.files[module]) for module in found)) for found in circles(graph)
    ]
    print(f"{root}: {len(graph)} files, {sum(map(len, graph.values()))} imports, {len(problems)} problems")
    return problems


def main():
    if len(sys.argv) > 1:
        problems = check(Path(sys.argv[1]), ORDER)
    else:
        top = Path(__file__).resolve().parent.parent
        problems = check(top / "src", ORDER) + check(top / "benches/src", [])
    print(*problems, sep="\n")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
