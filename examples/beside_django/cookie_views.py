"""Views for tests only: they read and write any cookie, like the handlers in `src/cookies.rs`, and set unusual sessions."""

import hashlib
from datetime import timedelta

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone


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


def set_odd_session(request):
    """Sets values that Python writes as JSON, but that many JSON parsers of other languages cannot read."""
    request.session["not a number"] = [float("nan"), float("inf"), float("-inf")]
    request.session["lone surrogate"] = "\ud800"
    request.session["\udfff"] = "a surrogate as the key"
    request.session["large"] = 2**80 + 1
    request.session["nested"] = {"caf\u00e9": [1e400, -0.0, None, {"": []}]}
    return plain_text("set\n")


def set_session_expiry(request):
    """Sets an expiry of the session that differs from the setting: after some seconds, or at a date."""
    seconds = int(request.GET["seconds"])
    is_date = "date" in request.GET
    request.session.set_expiry(timezone.now() + timedelta(seconds=seconds) if is_date else seconds)
    return plain_text("set\n")


def add_many_messages(request):
    """Adds more messages than fit into a cookie, even compressed. The response has one message on each line."""
    digests = [[hashlib.sha256(b"%d %d" % (i, j)).hexdigest() for j in range(5)] for i in range(20)]
    texts = [" ".join(line) for line in digests]
    for text in texts:
        messages.info(request, text)
    return plain_text("\n".join(texts))


urlpatterns = [
    path("cookies/", list_cookies),
    path("cookies/get", get_cookie),
    path("cookies/get_signed", get_signed_cookie),
    path("cookies/set", set_cookie),
    path("cookies/set_signed", set_signed_cookie),
    path("cookies/delete", delete_cookie),
    path("odd_session", set_odd_session),
    path("session_expiry", set_session_expiry),
    path("many_messages", add_many_messages),
]
