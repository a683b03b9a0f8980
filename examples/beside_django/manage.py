#!/usr/bin/env python3
"""The Django site for which `main.rs` serves /basket/. This file is the complete Django project.

    pip install django
    python3 manage.py runserver 127.0.0.1:8000

Set the environment variables SECRET_KEY and SECRET_KEY_FALLBACKS (a comma-separated list) to the same values as for `main.rs`.
BASKET_URL is the URL of `main.rs`. It is empty if a proxy serves both on one port.
"""

import os
import sys

from django.conf import settings
from django.core import signing
from django.core.management import execute_from_command_line
from django.http import HttpResponse, HttpResponseBadRequest
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_POST

DEVELOPMENT_KEY = "for development only: everybody knows it"
BASKET_URL = os.environ.get("BASKET_URL", "http://127.0.0.1:3004")
TWO_WEEKS = 14 * 24 * 60 * 60

if "SECRET_KEY" not in os.environ:
    print("SECRET_KEY is not set: cookies are signed with the publicly known development key", file=sys.stderr)

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", DEVELOPMENT_KEY),
    SECRET_KEY_FALLBACKS=[key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key],
    # `main.rs`, too, rejects signatures made with the legacy salt (Django before 5.2.15).
    SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False,
)


@require_GET
def home(request):
    user = request.get_signed_cookie("user", default=None, salt="login", max_age=TWO_WEEKS)
    if user is None:
        return page(request, "Who are you?", "login", LOGIN)
    # The Rust service signs this cookie.
    basket = request.get_signed_cookie("basket", default="", salt="basket", max_age=TWO_WEEKS)
    return page(request, f"User {user}, in your basket: {basket or 'nothing'}", "logout", LOGOUT)


LOGIN = mark_safe('<input name="user" type="number" required> <button>Log in</button>')
LOGOUT = mark_safe("<button>Log out</button>")


def page(request, text, action, inputs):
    return HttpResponse(
        format_html(
            '<!doctype html><title>site</title><h1>{}</h1><form method="post" action="/{}">'
            '<input type="hidden" name="csrfmiddlewaretoken" value="{}">{}</form><p><a href="{}/basket/">basket</a>',
            text, action, get_token(request), inputs, BASKET_URL,
        )
    )


@require_POST
def login(request):
    user = request.POST.get("user", "")
    # A real site checks a password here.
    if not (user.isascii() and user.isdecimal()):
        return HttpResponseBadRequest("user must be a number")
    response = redirect("/")
    response.set_signed_cookie("user", user, salt="login", max_age=TWO_WEEKS, httponly=True, samesite="Lax")
    return response


@require_POST
def logout(request):
    response = redirect("/")
    response.delete_cookie("user", samesite="Lax")
    # The Rust service sets this cookie, with the same Path.
    response.delete_cookie("basket", samesite="Lax")
    return response


# The views under /cookies/ read and write any cookie, as those of `main.rs` do. They are for tests only: do not copy them.


def cookie_arguments(request):
    """The keyword arguments for `set_cookie`, `delete_cookie` and their signed variants, taken from the query string."""
    arguments = {"key": request.GET["name"]}
    for name in ("value", "salt", "path"):
        if name in request.GET:
            arguments[name] = request.GET[name]
    if "max_age" in request.GET:
        arguments["max_age"] = int(request.GET["max_age"])
    return arguments


def plain_text(text, status=200):
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def list_cookies(request):
    return plain_text("".join(f"{name}={value}\n" for name, value in request.COOKIES.items()))


def get_cookie(request):
    name = request.GET["name"]
    try:
        return plain_text(request.COOKIES[name])
    except KeyError:
        return plain_text(f'cookie "{name}" is missing', status=400)


def get_signed_cookie(request):
    try:
        return plain_text(request.get_signed_cookie(**cookie_arguments(request)))
    except KeyError as missing:
        return plain_text(f'cookie "{missing.args[0]}" is missing', status=400)
    except signing.BadSignature as error:  # includes its subclass SignatureExpired
        return plain_text(str(error), status=400)


def set_cookie(request):
    response = plain_text("set\n")
    response.set_cookie(**cookie_arguments(request))
    return response


def set_signed_cookie(request):
    response = plain_text("set\n")
    response.set_signed_cookie(**cookie_arguments(request))
    return response


def delete_cookie(request):
    response = plain_text("deleted\n")
    response.delete_cookie(**cookie_arguments(request))
    return response


urlpatterns = [
    path("", home),
    path("login", login),
    path("logout", logout),
]

# These views sign any value. Everybody who can reach them can log in as any user.
if "COOKIE_VIEWS" in os.environ:
    urlpatterns += [
        path("cookies/", list_cookies),
        path("cookies/get", get_cookie),
        path("cookies/get_signed", get_signed_cookie),
        path("cookies/set", set_cookie),
        path("cookies/set_signed", set_signed_cookie),
        path("cookies/delete", delete_cookie),
    ]

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
