#!/usr/bin/env python3
"""django_cost.py FIELD NAME VALUE: the nanoseconds that Django takes to read FIELD, and to set a cookie and write it."""

import platform
import statistics
import sys
import timeit

import django
from django.conf import settings
from django.http import HttpResponse
from django.http.cookie import parse_cookie

field, name, value = sys.argv[1:]
settings.configure()
django.setup()


def bare():
    return HttpResponse()


def cookies():
    sent = parse_cookie(field)
    response = HttpResponse()
    response.set_cookie(name, sent[name])
    return [cookie.output(header="") for cookie in response.cookies.values()]


assert cookies() == [f" {name}={value}; Path=/"]
CALLS = 2000
rounds = [timeit.timeit(cookies, number=CALLS) - timeit.timeit(bare, number=CALLS) for _ in range(21)]
print(f"Django {django.__version__} on CPython {platform.python_version()} {statistics.median(rounds) / CALLS * 1e9:.0f}")
