#!/usr/bin/env python3
"""Fails unless each step of `.ci/run --list` is in exactly one group of .github/workflows/ci.yml."""

import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GROUP = re.compile(r"^( *)- group: (.+)\n\1  steps: \|-\n((?:\1    .+\n)+)", re.M)


def main():
    listed = subprocess.run([ROOT / ".ci/run", "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    groups = GROUP.findall((ROOT / ".github/workflows/ci.yml").read_text())
    for _, group, steps in groups:
        print(f"{group}: {len(steps.splitlines())} steps")
    steps = Counter(step for *_, steps in groups for step in textwrap.dedent(steps).splitlines())
    problems = [f"in no group: {step}" for step in listed if step not in steps]
    problems += [f"in a group, but not a step of .ci/run: {step}" for step in steps if step not in listed]
    problems += [f"{count} times in groups: {step}" for step, count in steps.items() if count > 1]
    if problems:
        sys.exit("\n".join(problems))


main()
