#!/usr/bin/env python3
"""Prints the nanoseconds that Django takes to parse a Cookie header, set one of its cookies again and write it.

Usage: django_cost.py COOKIE_HEADER NAME VALUE
"""

import platform
import statistics
import sys
import timeit

import django
from django.conf import settings
from django.http import HttpResponse
from django.http.cookie import parse_cookie

header, name, value = sys.argv[1:]
settings.configure()
django.setup()


def without_cookies():
    return HttpResponse()


def with_cookies():
    cookies = parse_cookie(header)
    response = HttpResponse()
    response.set_cookie(name, cookies[name])
    return [cookie.output(header="") for cookie in response.cookies.values()]


assert with_cookies() == [f" {name}={value}; Path=/"]
CALLS = 2000
rounds = [timeit.timeit(with_cookies, number=CALLS) - timeit.timeit(without_cookies, number=CALLS) for _ in range(21)]
print(f"Django {django.__version__} on CPython {platform.python_version()} {statistics.median(rounds) / CALLS * 1e9:.0f}")
