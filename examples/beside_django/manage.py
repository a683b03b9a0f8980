#!/usr/bin/env python3
"""The Django site for which `src/main.rs` serves /basket/. This file is the complete Django project.

    pip install django
    python3 manage.py runserver 127.0.0.1:8000

`runserver` creates the database and two users, and prints their passwords. Set these environment variables to the same values
for this file and for `src/main.rs`:

- SECRET_KEY and SECRET_KEY_FALLBACKS (a comma-separated list).
- SESSION_ENGINE is `db` (the default) or `signed_cookies`.
- DATABASE is the path of the SQLite file. The default is `beside_django.sqlite3` in the directory for temporary files.

BASKET_URL is the URL of the Rust service. Set it to an empty string if a proxy serves both on one port.
"""

import os
import sys
import tempfile
from pathlib import Path

import django
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command, execute_from_command_line
from django.shortcuts import redirect, render
from django.urls import include, path
from django.views.decorators.http import require_GET, require_POST

DEVELOPMENT_KEY = "for development only: everybody knows it"
USERS = {"ann": "cocoa-at-five", "zo\u00eb": "coffee-at-nine"}
ITEMS = ["cocoa", "coffee", "tea"]

PAGE = """<!doctype html><title>{{ title }}</title>
<h1>{% block heading %}{% if user.is_authenticated %}Hello, {{ user.get_username }}{% else %}Hello, visitor{% endif %}{% endblock %}</h1>
<ul>{% for message in messages %}<li class="{{ message.tags }}">{{ message }}</li>{% endfor %}</ul>
{% block content %}{% endblock %}
<p><a href="{{ basket_url }}/basket/">basket</a>"""

HOME = """{% extends "page.html" %}{% block content %}
<p id="basket">{{ request.session.basket|default_if_none:""|join:", "|default:"nothing" }}</p>
{% for item in items %}<form method="post" action="/add/">{% csrf_token %}<button name="item" value="{{ item }}">Add {{ item }}</button></form>
{% endfor %}
{% if user.is_authenticated %}
<form method="post" action="/accounts/logout/">{% csrf_token %}<button>Log out</button></form>
<p><a href="/accounts/password_change/">change the password</a>
{% else %}
<p><a href="/accounts/login/">log in</a>
{% endif %}{% endblock %}"""

FORM = """{% extends "page.html" %}{% block content %}
<form method="post">{% csrf_token %}{{ form.as_p }}<button>Send</button></form>{% endblock %}"""


class DemoHasher(PBKDF2PasswordHasher):
    """Django's default, but with few iterations: a debug build of the Rust service is slow. Do not copy this."""

    iterations = 10_000


def keys(name):
    return [key for key in os.environ.get(name, "").split(",") if key]


if "SECRET_KEY" not in os.environ:
    print("SECRET_KEY is not set: cookies are signed with the publicly known development key", file=sys.stderr)

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("DATABASE") or Path(tempfile.gettempdir(), "beside_django.sqlite3"),
        }
    },
    INSTALLED_APPS=[f"django.contrib.{app}" for app in ("contenttypes", "auth", "sessions", "messages")],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    PASSWORD_HASHERS=[f"{__name__}.DemoHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("SECRET_KEY", DEVELOPMENT_KEY),
    SECRET_KEY_FALLBACKS=keys("SECRET_KEY_FALLBACKS"),
    SESSION_ENGINE=f"django.contrib.sessions.backends.{os.environ.get('SESSION_ENGINE', 'db')}",
    # The Rust service also rejects signatures with the legacy salt (of Django before 5.2.15).
    SIGNED_COOKIE_LEGACY_SALT_FALLBACK=False,
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                    f"{__name__}.links",
                ],
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "page.html": PAGE,
                            "home.html": HOME,
                            "registration/login.html": FORM,
                            # Not `registration/password_change_form.html`, which the admin has too.
                            "password.html": FORM,
                        },
                    )
                ],
            },
        }
    ],
)


def links(request):
    return {"basket_url": os.environ.get("BASKET_URL", "http://127.0.0.1:3004")}


@require_GET
def home(request):
    # The template reads the user before the basket: if the user's password was changed, reading the user empties the session.
    return render(request, "home.html", {"title": "site", "items": ITEMS})


@require_POST
def add(request):
    item = request.POST.get("item", "")
    # If the user's password was changed, `get_user` empties the session.
    get_user(request)
    if item in ITEMS:
        # Assigning marks the session as modified.
        request.session["basket"] = request.session.get("basket", []) + [item]
        messages.success(request, f"Django put {item} into your basket.")
    else:
        messages.error(request, f"Django does not sell {item}.")
    return redirect("/")


def urls():
    # These modules need the settings and the apps.
    from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView

    yield path("", home)
    yield path("add/", add)
    yield path("accounts/login/", LoginView.as_view())
    yield path("accounts/logout/", LogoutView.as_view())
    yield path("accounts/password_change/", PasswordChangeView.as_view(template_name="password.html", success_url="/"))
    # These views sign any value. Anyone who can reach them can log in as any user.
    if "COOKIE_VIEWS" in os.environ:
        yield path("", include("cookie_views"))


def create_database_and_users():
    """Keeps users that exist already."""
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    for name, password in USERS.items():
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(name, password=password)
        print(f"user {name}, password {password}")


if __name__ == "__main__":
    django.setup()
    urlpatterns = list(urls())
    # Django's automatic reloader starts this file twice.
    if sys.argv[1:2] == ["runserver"] and os.environ.get("RUN_MAIN") != "true":
        create_database_and_users()
    execute_from_command_line(sys.argv)
