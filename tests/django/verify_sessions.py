"""Checks that real Django reads the sessions, tokens and messages that the crate wrote.

Standard input has one JSON object a line, with the secret key "key" in hex:

- {"kind": "row" | "cookie", "data": a signed session, "expected": its JSON, "now": the time in seconds}
- {"kind": "login", "text": the JSON of a session, "password": the user's password hash, "user_id": the primary key}
- {"kind": "token", "cookie": a CSRF cookie, "given": a token}
- {"kind": "messages", "cookie": the cookie, "expected": a list of levels, texts and extra tags}

The script prints how many objects of each kind Django reads, and the first ones that it does not read. It exits with 1 if
there are such objects, or no objects at all.
"""

import collections
import json
import sys

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes", "messages", "sessions")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.contrib import auth
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.backends import db, signed_cookies
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.test import RequestFactory

from signing_cases import freeze

MAX_SHOWN = 10


def read(line):
    """Returns what Django reads, and what it has to read, both as text."""
    settings.SECRET_KEY = bytes.fromhex(line["key"])
    match line["kind"]:
        case "row" | "cookie" as kind:
            freeze(line["now"])
            store = db.SessionStore() if kind == "row" else signed_cookies.SessionStore(line["data"])
            found = store.decode(line["data"]) if kind == "row" else store._session
            return json.dumps(found), json.dumps(json.loads(line["expected"]))
        case "login":
            request = RequestFactory().get("/")
            request.session = db.SessionStore()
            request.session._session_cache = json.loads(line["text"])
            model = auth.get_user_model()
            model.objects.all().delete()
            model.objects.create(pk=line["user_id"], username="ann", password=line["password"])
            return str(auth.get_user(request).pk), str(line["user_id"])
        case "token":
            request = RequestFactory().post("/", {"csrfmiddlewaretoken": line["given"]})
            request.META["HTTP_COOKIE"] = f"csrftoken={line['cookie']}"
            middleware = CsrfViewMiddleware(lambda request: HttpResponse())
            middleware.process_request(request)
            return str(middleware.process_view(request, lambda request: None, (), {})), "None"
        case "messages":
            request = RequestFactory().get("/")
            request.COOKIES["messages"] = line["cookie"]
            found = [[m.level, m.message, m.extra_tags] for m in CookieStorage(request)]
            return json.dumps(found), json.dumps(line["expected"])
    raise ValueError("unknown kind")


def main():
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    read_right, wrong = collections.Counter(), []
    for number, text in enumerate(sys.stdin, 1):
        line = json.loads(text)
        found, expected = read(line)
        if found == expected:
            read_right[line["kind"]] += 1
        else:
            wrong.append(f"line {number}: {text.strip()[:500]}: Django reads {found[:500]}")
    for kind, count in read_right.items():
        print(f"{kind}: Django {django.__version__} reads {count}")
    if wrong:
        sys.exit("\n".join([*wrong[:MAX_SHOWN], f"{len(wrong)} lines that Django does not read"]))
    if not read_right:
        sys.exit("nothing to read")


if __name__ == "__main__":
    main()
