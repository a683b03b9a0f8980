#!/usr/bin/env python3
"""Checks README.md, CONTRIBUTING.md, SECURITY.md, CHANGELOG.md and the guide.

Fails if a link of theirs leads nowhere, or to a site that is not in SITES, or if CONTRIBUTING.md names a test that does not exist
or leaves one out. Prints the relative links of README.md: crates.io shows them as links only if the package has a `repository`.
Intra-doc links are checked by rustdoc.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "src/docs"
CRATE = "https://docs.rs/tower-django-cookies/latest/tower_django_cookies/"
SITES = re.compile(
    r"https://(docs\.rs|crates\.io|www\.rfc-editor\.org|httpwg\.org|docs\.djangoproject\.com|github\.com/django/django)(/|$)"
    r"|https://(img\.shields\.io|keepachangelog\.com|semver\.org)/"
    r"|http://127\.0\.0\.1(:\d+)?/"
)
LINK = re.compile(
    r"\]\(([^)\s]+)[^)]*\)"  # [text](link "title"), also of an image
    r"|<(https?://[^>\s]+)>"
    r"|^\s*\[[^\]]+\]:\s*(\S+)"
    r"|(?:href|src)=\"([^\"]+)\"",
    re.M,
)
CODE_BLOCK = re.compile(r"^( *)(```+)[^\n]*\n.*?^ *\2 *$", re.M | re.S)
ITEM = re.compile(r"(?:struct|enum|trait|fn)\.(\w+)\.html")


def without_code(text):
    """The text without code blocks and inline code."""
    return re.sub(r"(`+)[^`\n]+\1", "code", CODE_BLOCK.sub("", text))


def anchors(path):
    """The anchors of a file's headings, as GitHub makes them."""
    seen = {}
    for heading in re.findall(r"^#+ (.*)$", CODE_BLOCK.sub("", path.read_text()), re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen.setdefault(anchor, 0)
        seen[anchor] += 1
        yield f"{anchor}-{count}" if count else anchor


def problem(document, link, api):
    """Why the link is wrong, or None."""
    path, _, anchor = link.partition("#")
    if path.startswith("crate::"):
        return None if document.parent == GUIDE else "only rustdoc knows this link"
    if link.startswith(CRATE):
        page = path.removeprefix(CRATE)
        guide, item = re.fullmatch(r"guide/(?:(\w+)/)?index\.html", page), ITEM.search(page)
        if guide:
            return None if guide[1] is None or (GUIDE / f"{guide[1]}.md").exists() else "no such page of the guide"
        if item:
            return None if re.search(rf"pub (?:\w+ )*(?:\w+::)*{item[1]}\b", api) else "no such item in public-api.txt"
        return None
    if "://" in link:
        return None if SITES.match(link) else "not a site of SITES"
    if path and document.parent == GUIDE:
        return "a relative link does not work in rustdoc"
    target = document.parent / path if path else document
    if not target.exists():
        return "no such file"
    if anchor and target.suffix == ".md" and anchor not in anchors(target):
        return "no such heading"
    return None


def package():
    ran = subprocess.run(["cargo", "package", "--allow-dirty", "--list"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return set(ran.stdout.splitlines())


def main():
    problems = []
    api = (ROOT / "public-api.txt").read_text()
    documents = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")]
    relative = []
    for document in [*documents, *sorted(GUIDE.glob("*.md"))]:
        links = [next(filter(None, found)) for found in LINK.findall(without_code(document.read_text())) if any(found)]
        print(f"{document.relative_to(ROOT)}: {len(links)} links")
        for link in links:
            if reason := problem(document, link, api):
                problems.append(f"{document.relative_to(ROOT)}: {link}: {reason}")
            if document == documents[0] and "://" not in link and not link.startswith("#"):
                relative.append(link)
    packaged = package()
    for link in sorted(set(relative)):
        path = link.partition("#")[0].rstrip("/")
        kept = any(file == path or file.startswith(f"{path}/") for file in packaged)
        print(f"relative in README.md{'' if kept else ', not in the package'}: {link}")

    table = re.search(r"^## Find the test of a rule$.*?^## ", (ROOT / "CONTRIBUTING.md").read_text(), re.M | re.S)[0]
    named = set(re.findall(r"`(\w+(?:\.rs|/))`", table))
    tests = {path.name for path in ROOT.glob("tests/*.rs")} | {f"{path.parent.name}/" for path in ROOT.glob("tests/*/Cargo.toml")}
    problems += [f"CONTRIBUTING.md does not name tests/{name}" for name in sorted(tests - named)]
    problems += [f"CONTRIBUTING.md names {name}, which is not in tests/" for name in sorted(named - tests)]
    if problems:
        sys.exit("\n".join(problems))


main()
