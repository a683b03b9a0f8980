"""Cases of csrf.json: django.middleware.csrf, made with Django's CsrfViewMiddleware.

"cookies" are the values of the cookie `csrftoken` in the request, and "given" is the posted token. "set" is the value of the
cookie that Django then sets, or null for a new one. "differs" is the crate's result if it differs from Django's, and the reason.
"""

import random
from http import cookies
from types import SimpleNamespace

from django.conf import settings
from django.http import HttpResponse
from django.middleware import csrf
from django.test import RequestFactory

LETTERS = csrf.CSRF_ALLOWED_CHARS
RNG = random.Random(50)
REPLACED = "a secret in the session that is none is replaced"
SKIPPED = "a cookie that is no secret is skipped if there is another one"


def random_text(length, letters=LETTERS):
    return "".join(letters[int(RNG.random() * len(letters))] for _ in range(length))


def mask(secret):
    csrf.get_random_string = lambda length, allowed_chars: random_text(length, allowed_chars)
    return csrf._mask_cipher_secret(secret)


SECRET = random_text(32)
SESSION = {"none": None, "secret": SECRET, "token": mask(SECRET), "short": "abc", "empty": ""}


def post(values, given, session=None, use_sessions=False):
    """Returns whether Django accepts the post, and the secret that it uses afterwards."""
    settings.CSRF_USE_SESSIONS = use_sessions
    request = RequestFactory().post("/", {"csrfmiddlewaretoken": given} if given is not None else {})
    request.session = {} if session is None else {"_csrftoken": session}
    request.META["HTTP_COOKIE"] = "; ".join(f"csrftoken={cookies._quote(value)}" for value in values)
    middleware = csrf.CsrfViewMiddleware(lambda request: HttpResponse())
    middleware.process_request(request)
    before = request.META.get("CSRF_COOKIE")
    accepted = middleware.process_view(request, lambda request: None, (), {}) is None
    csrf.get_random_string = lambda length, allowed_chars: "N" * length
    request.META.pop("CSRF_COOKIE", None)
    middleware.process_request(request)
    token = csrf.get_token(request)
    response = middleware.process_response(request, HttpResponse())
    stored = request.session["_csrftoken"] if use_sessions else response.cookies["csrftoken"].value
    assert before is None or stored == before or "N" in stored
    return accepted, None if stored == "N" * 32 else stored


def verify(case, values, given, why=None, ours=None):
    accepted, stored = post(values, given)
    entry = {"case": case, "cookies": values, "given": given, "accepted": accepted, "set": stored}
    return entry | ({"differs": {"why": why} | ours} if why else {})


def verify_cases():
    for i in range(20):
        secret = random_text(32)
        for kind, given in {"secret": secret, "token": mask(secret), "other token": mask(random_text(32)), "other": random_text(32)}.items():
            yield verify(f"{kind} {i}", [secret], given)
            yield verify(f"{kind} {i}, masked cookie", [mask(secret)], given)
    token = mask(SECRET)
    for name, text in {"empty": "", "short": token[:63], "long": token + "a", "half": token[:32], "other half": token[32:], "dash": "-" + token[1:],
                       "space": token[:63] + " ", "non-ASCII": "\u00e9" + token[1:], "31": SECRET[:31], "33": SECRET + "a",
                       "lower": SECRET.lower(), "swapped": token[32:] + token[:32], "twice": SECRET + SECRET, "full-width": "\uff41" * 32}.items():
        yield verify(f"given {name}", [SECRET], text)
        yield verify(f"cookie {name}", [text] if text.isascii() else [text.encode().decode("latin-1")], SECRET)
        yield verify(f"given and cookie {name}", [text] if text.isascii() else [text.encode().decode("latin-1")], text)
    yield verify("no cookie", [], SECRET)
    yield verify("no cookie, empty", [], "")
    other = random_text(32)
    yield verify("several cookies, the last one", [other, SECRET], token)
    yield verify("several cookies, not the last one", [SECRET, other], token)
    yield verify("several cookies, the last one is none", [SECRET, "stray"], token, SKIPPED, {"accepted": True, "set": SECRET})


def session_cases():
    for name, stored in SESSION.items():
        for kind, given in {"secret": SECRET, "token": mask(SECRET), "other": mask(random_text(32)), "empty": ""}.items():
            accepted, after = post([], given, stored, use_sessions=True)
            entry = {"case": f"session {name}, given {kind}", "session": stored, "given": given, "accepted": accepted, "set": after}
            yield entry | ({"differs": {"why": REPLACED, "accepted": False, "set": None}} if name in ("short", "empty") else {})


def mask_cases():
    """Tokens that Django created, and the secrets in them."""
    for i in range(40):
        secret = random_text(32)
        token = mask(secret)
        assert csrf._unmask_cipher_token(token) == secret
        yield {"case": f"token {i}", "token": token, "secret": secret}
    for c in LETTERS:
        token = mask(c * 32)
        yield {"case": f"token of {c}", "token": token, "secret": csrf._unmask_cipher_token(token)}


def set_cookie_cases():
    for name, given in {"defaults": {}, "session cookie": {"AGE": None}, "domain": {"DOMAIN": "example.com"}, "path": {"PATH": "/app"},
                        "secure": {"SECURE": True}, "HttpOnly": {"HTTPONLY": True}, "strict": {"SAMESITE": "Strict"}, "no SameSite": {"SAMESITE": None},
                        "all": {"AGE": 3600, "DOMAIN": "example.com", "PATH": "/app", "SECURE": True, "HTTPONLY": True, "SAMESITE": "Strict"}}.items():
        saved = {key: getattr(settings, f"CSRF_COOKIE_{key}") for key in given}
        settings.CSRF_USE_SESSIONS = False
        for key, value in given.items():
            setattr(settings, f"CSRF_COOKIE_{key}", value)
        request = RequestFactory().get("/")
        middleware = csrf.CsrfViewMiddleware(lambda request: HttpResponse())
        middleware.process_request(request)
        csrf.get_token(request)
        morsel = middleware.process_response(request, HttpResponse()).cookies["csrftoken"]
        parts = [part for part in morsel.output(header="").strip().split("; ")[1:] if not part.startswith("expires=")]
        for key, value in saved.items():
            setattr(settings, f"CSRF_COOKIE_{key}", value)
        yield {"case": name, "settings": given, "attributes": "; ".join(parts)}


CASES = {"tokens": mask_cases, "verify": verify_cases, "session": session_cases, "set_cookie": set_cookie_cases}
