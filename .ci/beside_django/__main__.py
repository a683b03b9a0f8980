"""Checks that the example beside_django and its Django site act as one site.

Both servers run on one host, on different ports. Each test browser has one cookie store and sends requests to both servers.
Django must be installed, and the package beside_django must be built.

Usage: python3 -B .ci/beside_django [PART…]
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

import cookie_views
import logins
import secret_keys
from client import KEY, RUST, SERVERS, Browser, CheckFailed, Server, check, counts


def command_line():
    check("Rust's exit code after Ctrl-C", RUST.stop(signal.SIGINT), 0)
    ran = subprocess.run([RUST.command[0], "abc"], stderr=subprocess.PIPE, text=True, timeout=10)
    check("Rust's error of an invalid port", (ran.returncode, "invalid port" in ran.stderr), (1, True))


GROUPS = (
    ("db", "cookies", cookie_views.PARTS),
    ("db", "sessions in the database", (*logins.PARTS, *logins.DATABASE_PARTS, *secret_keys.PARTS)),
    ("signed_cookies", "sessions in cookies", (*logins.PARTS, *secret_keys.PARTS, command_line)),
)


def run(engine, title, parts):
    start, before = time.monotonic(), dict(counts)
    for part in parts:
        exchanges = counts["exchanges"]
        with tempfile.TemporaryDirectory() as directory, Browser().used():
            Server.environment = {"SESSION_ENGINE": engine, "DATABASE": str(Path(directory, "site.sqlite3"))}
            for server in SERVERS:
                server.start(KEY)
            part()
            for server in SERVERS:
                server.stop()
        print(f"    {part.__name__.replace('_', ' ')}: {counts['exchanges'] - exchanges} exchanges", flush=True)
    exchanges, checks = (counts[kind] - before[kind] for kind in ("exchanges", "checks"))
    print(f"Django {django.__version__}, {title}: {exchanges} exchanges, {checks} checks, {time.monotonic() - start:.1f} s")


def main():
    # SIGTERM must stop the servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    try:
        for engine, title, parts in GROUPS:
            chosen = [part for part in parts if part.__name__ in sys.argv[1:] or not sys.argv[1:]]
            if chosen:
                run(engine, title, chosen)
    except CheckFailed as failure:
        for server in SERVERS:
            if server.log:
                print(f"---- the last output of {server}", server.printed()[-3000:], sep="\n", file=sys.stderr)
        sys.exit(f"---- after {counts['exchanges']} exchanges\n{failure}")
    finally:
        for server in SERVERS:
            server.stop()
    print(f"Django {django.__version__}: {counts['exchanges']} exchanges, {counts['checks']} checks")


if __name__ == "__main__":
    main()
