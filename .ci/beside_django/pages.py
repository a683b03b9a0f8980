"""The actions of a visitor on the pages of both servers, and access to the stored session."""

import html
import re
import sqlite3
import zlib
from contextlib import closing
from typing import NamedTuple

from django.core import signing

from client import DJANGO, RUST, Browser, Server, check

ANN, ZOE = ("ann", "cocoa-at-five"), ("zo\u00eb", "coffee-at-nine")
HOME = {DJANGO: "/", RUST: "/basket/"}
ADD = {DJANGO: "/add/", RUST: "/basket/add"}
LOG_IN = {DJANGO: "/accounts/login/", RUST: "/basket/login"}
LOG_OUT = {DJANGO: "/accounts/logout/", RUST: "/basket/logout"}
CHANGE_PASSWORD = {DJANGO: "/accounts/password_change/", RUST: "/basket/password"}


class Page(NamedTuple):
    heading: str
    messages: list
    basket: str
    token: str


def page(server, path=None, browser=None):
    response = server.request(path or HOME[server], None, browser)
    check(f"{server}'s {path or HOME[server]}", response.status, 200)

    def found(pattern):
        texts = re.findall(pattern, response.text)
        return html.unescape(texts[0]) if texts else None

    messages = re.findall(r'<li class="(.*?)">(.*?)</li>', response.text)
    return Page(
        found("<h1>(.*)</h1>"),
        [(tags, html.unescape(text)) for tags, text in messages],
        found('<p id="basket">(.*)</p>'),
        found('name="csrfmiddlewaretoken" value="(.*?)"'),
    )


def greets(server, name, browser=None):
    shown = page(server, browser=browser)
    check(f"{server} greets", shown.heading, f"Hello, {name}")
    return shown


def both_greet(name, browser=None):
    """Returns Rust's page."""
    greets(DJANGO, name, browser)
    return greets(RUST, name, browser)


def post(server, path, browser=None, form_path=None, **fields):
    """Loads the page with the form, and posts it. Returns the response."""
    token = page(server, form_path, browser).token
    response = server.request(path, fields | {"csrfmiddlewaretoken": token}, browser)
    # If a form is invalid, Django shows it again with status 200.
    check(f"{server}'s {path}: {response.status}", response.status < 400, True)
    return response


def add(server, item, browser=None):
    return post(server, ADD[server], browser, item=item)


def log_in(server, user, browser=None):
    path = LOG_IN[server] if server is DJANGO else None
    return post(server, LOG_IN[server], browser, path, username=user[0], password=user[1])


def log_out(server, browser=None):
    return post(server, LOG_OUT[server], browser)


def change_password(server, old, new, browser=None):
    if server is RUST:
        return post(server, CHANGE_PASSWORD[server], browser, old=old, new=new)
    names = ("old_password", "new_password1", "new_password2")
    return post(server, CHANGE_PASSWORD[server], browser, CHANGE_PASSWORD[server], **dict(zip(names, (old, new, new))))


def in_database():
    return Server.environment["SESSION_ENGINE"] == "db"


def query(sql, *arguments):
    """Runs SQL in the file of both servers, and returns the rows."""
    with closing(sqlite3.connect(Server.environment["DATABASE"])) as connection, connection:
        return connection.execute(sql, arguments).fetchall()


def session_data(browser=None):
    """The signed session, in the row or in the cookie."""
    value = (browser or Browser.current).cookie("sessionid")
    if value is None or not in_database():
        return value
    return next((data for (data,) in query("SELECT session_data FROM django_session WHERE session_key = ?", value)), None)


def set_session_data(data, browser=None):
    browser = browser or Browser.current
    if in_database():
        query("UPDATE django_session SET session_data = ? WHERE session_key = ?", data, browser.cookie("sessionid"))
    else:
        browser.set_cookie("sessionid", data)


def json_in(signed):
    """The JSON text that Django or Rust signed. This does not verify the signature."""
    payload = signed.rsplit(":", 2)[0]
    data = signing.b64_decode(payload.removeprefix(".").encode())
    return (zlib.decompress(data) if payload.startswith(".") else data).decode("latin-1")


def session_json(browser=None):
    return json_in(session_data(browser))
