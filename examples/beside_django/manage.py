#!/usr/bin/env python3
"""The Django site beside which `main.rs` serves /basket/: a whole project in one file.

    pip install django
    python3 manage.py runserver 127.0.0.1:8000

SECRET_KEY and SECRET_KEY_FALLBACKS (several with commas between) are those of `main.rs`. BASKET_URL is where that listens,
or empty if a proxy puts both on one port.
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
    print("SECRET_KEY is not set: signing with the development key, which everybody knows", file=sys.stderr)

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", DEVELOPMENT_KEY),
    SECRET_KEY_FALLBACKS=[key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key],
    # `main.rs` refuses signatures with the salt before Django 5.2.15 too.
    SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False,
)


@require_GET
def home(request):
    user = request.get_signed_cookie("user", default=None, salt="login", max_age=TWO_WEEKS)
    if user is None:
        return page(request, "Who are you?", "login", LOGIN)
    # What the Rust service signed.
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
    # Here a real site asks for a password.
    if not (user.isascii() and user.isdecimal()):
        return HttpResponseBadRequest("user is a number")
    response = redirect("/")
    response.set_signed_cookie("user", user, salt="login", max_age=TWO_WEEKS, httponly=True, samesite="Lax")
    return response


@require_POST
def logout(request):
    response = redirect("/")
    response.delete_cookie("user", samesite="Lax")
    # The Rust service sets it, at the same Path.
    response.delete_cookie("basket", samesite="Lax")
    return response


# Under /cookies/ any cookie can be read and written, as in `main.rs`. For trying out, not for copying: it signs what it is
# asked to.


def asked(request):
    """The arguments that set_cookie and the others share, for those that are in the query."""
    arguments = {"key": request.GET["name"]}
    for name in ("value", "salt", "path"):
        if name in request.GET:
            arguments[name] = request.GET[name]
    if "max_age" in request.GET:
        arguments["max_age"] = int(request.GET["max_age"])
    return arguments


def plain(text, status=200):
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def list_cookies(request):
    return plain("".join(f"{name}={value}\n" for name, value in request.COOKIES.items()))


def get_cookie(request):
    name = request.GET["name"]
    try:
        return plain(request.COOKIES[name])
    except KeyError:
        return plain(f'cookie "{name}" is missing', status=400)


def get_signed_cookie(request):
    try:
        return plain(request.get_signed_cookie(**asked(request)))
    except KeyError as missing:
        return plain(f'cookie "{missing.args[0]}" is missing', status=400)
    except signing.BadSignature as error:  # SignatureExpired is one, too
        return plain(str(error), status=400)


def set_cookie(request):
    response = plain("set\n")
    response.set_cookie(**asked(request))
    return response


def set_signed_cookie(request):
    response = plain("set\n")
    response.set_signed_cookie(**asked(request))
    return response


def delete_cookie(request):
    response = plain("deleted\n")
    response.delete_cookie(**asked(request))
    return response


urlpatterns = [
    path("", home),
    path("login", login),
    path("logout", logout),
]

# They sign what they are asked to, so that who reaches them can log in as anybody.
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
