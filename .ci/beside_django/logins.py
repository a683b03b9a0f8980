"""Checks that both servers share sessions, logins, CSRF tokens and messages."""

import json
import re
import threading
from datetime import datetime, timezone
from itertools import product

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from client import DJANGO, PAIRS, RUST, SERVERS, Browser, check
from pages import (
    ADD, ANN, HOME, LOG_OUT, ZOE, add, both_greet, change_password, greets, in_database, json_in, log_in, log_out, page, post,
    query, session_data, session_json, set_session_data,
)


def rows():
    return [key for (key,) in query("SELECT session_key FROM django_session")] if in_database() else []


def attributes(response, name):
    """The attributes of the cookie in the response, without its value and date."""
    header = next(header for header in response.set_cookie if header.startswith(f"{name}="))
    return sorted(re.sub("expires=[^;]*", "expires", attribute) for attribute in header.split("; ")[1:])


def logins_and_logouts():
    for (first, other), user in product(PAIRS, (ANN, ZOE)):
        with Browser().used() as browser:
            both_greet("visitor")
            add(first, "tea")
            check(f"{other} shows the basket of a visitor", both_greet("visitor").basket, "tea")
            key, token, secret = browser.cookie("sessionid"), page(other).token, browser.cookie("csrftoken")

            log_in(first, (user[0], "a wrong password"))
            both_greet("visitor")
            log_in(first, user)
            check(f"{other} shows the basket after the login", greets(other, user[0]).basket, "tea")
            both_greet(user[0])
            check("the session key is new", browser.cookie("sessionid") == key, False)
            check("there is one session", rows(), [browser.cookie("sessionid")] if in_database() else [])
            check("the CSRF secret is new", browser.cookie("csrftoken") == secret, False)
            for server in SERVERS:
                fields = {"item": "tea", "csrfmiddlewaretoken": token}
                check(f"{server} refuses a token from before the login", server.request(ADD[server], fields).status, 403)

            add(first, "cocoa")
            add(other, "coffee")
            for server in SERVERS:
                check(f"{server}'s basket", page(server).basket, "tea, cocoa, coffee")
            copy = browser.copy()
            log_out(other)
            check("the session cookie after the logout", browser.cookie("sessionid"), None)
            check("the rows after the logout", rows(), [])
            check("the basket after the logout", both_greet("visitor").basket, "nothing")
            if in_database():
                both_greet("visitor", copy)
            # Another user on the same browser.
            log_in(other, ANN)
            add(other, "tea")
            log_in(first, ZOE)
            check("the basket of the second user", both_greet(ZOE[0]).basket, "nothing")
            log_out(first)
            both_greet("visitor")


def same_cookies():
    """Checks that both servers set and delete the cookies with the same attributes."""
    found = {server: [] for server in SERVERS}
    for server in SERVERS:
        with Browser().used():
            added, taken = add(server, "tea"), server.request(HOME[server])
            login, logout = log_in(server, ANN), log_out(server)
            found[server] += [attributes(response, "sessionid") for response in (added, login, logout)]
            found[server] += [attributes(response, "messages") for response in (added, taken)]
            found[server].append(attributes(login, "csrftoken"))
    for rust, django in zip(found[RUST], found[DJANGO]):
        if "Max-Age=0" in rust:
            # The delete of a declared cookie carries its attributes, and Django's does not.
            rust = [attribute for attribute in rust if attribute != "HttpOnly"]
        check("attributes of a cookie by Rust and Django", rust, django)


def changed_passwords():
    new = "a-new-password"
    for first, other in PAIRS:
        here, elsewhere = Browser(), Browser()
        log_in(first, ANN, here)
        log_in(other, ANN, elsewhere)
        add(other, "cocoa", elsewhere)
        change_password(first, "a wrong password", new, here) if first is RUST else None
        both_greet("ann", elsewhere)
        key = here.cookie("sessionid")
        change_password(first, ANN[1], new, here)
        both_greet("ann", here)
        check("the session key is new", here.cookie("sessionid") == key, False)
        ended = elsewhere.copy()
        check("the basket of a session that ended", greets(other, "visitor", elsewhere).basket, "nothing")
        check("the cookie of a session that ended", elsewhere.cookie("sessionid"), None)
        both_greet("visitor", elsewhere)
        both_greet("visitor", ended)
        log_in(other, ANN, elsewhere)
        both_greet("visitor", elsewhere)
        log_in(other, (ANN[0], new), elsewhere)
        both_greet("ann", elsewhere)
        change_password(other, new, ANN[1], elsewhere)
        both_greet("ann", elsewhere)
        both_greet("visitor", here)
        log_out(first, elsewhere)
        both_greet("visitor", elsewhere)


def inactive_users():
    for server in SERVERS:
        with Browser().used():
            log_in(server, ANN)
            both_greet("ann")
            query("UPDATE auth_user SET is_active = 0 WHERE username = 'ann'")
            for reader in (DJANGO, RUST):
                greets(reader, "visitor")
            log_in(RUST, ANN)
            both_greet("visitor")
            query("UPDATE auth_user SET is_active = 1 WHERE username = 'ann'")


def djangos_iterations():
    """Checks a password hash with Django's default number of iterations, which takes long."""
    hasher = PBKDF2PasswordHasher()
    query("UPDATE auth_user SET password = ? WHERE username = 'ann'", hasher.encode(ANN[1], "saltsaltsaltsaltsaltsa"))
    log_in(RUST, ANN)
    both_greet("ann")


def forms():
    for first, other in PAIRS:
        with Browser().used() as browser:
            token = page(first).token
            secret = browser.cookie("csrftoken")
            for valid in (token, page(other).token, secret):
                response = other.request(ADD[other], {"item": "tea", "csrfmiddlewaretoken": valid})
                check(f"{other} accepts a token of {first}", response.status in (302, 303), True)
            check(f"{other} keeps the secret", browser.cookie("csrftoken"), secret)
            check("all forms were accepted", page(first).basket, "tea, tea, tea")

            for wrong in ("", "x", token[:-1], token + "a", token[32:], token[:32], "a" * 64, "-" * 64, token[::-1], None):
                fields = {"item": "tea"} | ({} if wrong is None else {"csrfmiddlewaretoken": wrong})
                check(f"{other} refuses the token {wrong!r}", other.request(ADD[other], fields).status, 403)
            fields = {"item": "tea", "csrfmiddlewaretoken": token}
            stranger = Browser()
            check(f"{other} refuses a token without the cookie", other.request(ADD[other], fields, stranger).status, 403)
            page(other, browser=stranger)
            check(f"{other} refuses another visitor's token", other.request(ADD[other], fields, stranger).status, 403)
            for origin in ("https://evil.example", "null", "http://127.0.0.1"):
                response = other.request(ADD[other], fields, None, origin)
                check(f"{other} refuses a form of {origin}", response.status, 403)
            check("no form was accepted", page(first).basket, "tea, tea, tea")


def messages_of_both():
    for first, other in PAIRS:
        with Browser().used() as browser:
            add(first, "tea")
            expected = [("success", f"{first} put tea into your basket.")]
            check(f"{other} shows {first}'s message", page(other).messages, expected)
            for server in SERVERS:
                check(f"{server} shows it once", page(server).messages, [])
            check("the cookie of the messages", browser.cookie("messages"), None)

            # Both redirect before a page is shown, so the messages wait.
            token = page(first).token
            items = ["tea", "<b>&amp;\"'", "caf\u00e9 \u5bc6\u94a5 \U0001f36a", "cocoa"]
            for number, item in enumerate(items):
                server = (first, other)[number % 2]
                server.request(ADD[server], {"item": item, "csrfmiddlewaretoken": token})
            expected = [
                ("success", f"{first} put tea into your basket."),
                ("error", f"{other} does not sell {items[1]}."),
                ("error", f"{first} does not sell {items[2]}."),
                ("success", f"{other} put cocoa into your basket."),
            ]
            check(f"{other} shows the messages of both", page(other).messages, expected)
            check(f"{first} shows none of them", page(first).messages, [])

            add(first, "tea")
            value = browser.cookie("messages")
            for forged in (value[:-1], "A" + value[1:], value.replace(":", "", 1), "x"):
                browser.set_cookie("messages", forged)
                check(f"{other} ignores forged messages", page(other).messages, [])
            browser.set_cookie("messages", value)
            check(f"{other} shows the original", len(page(other).messages), 1)


def messages_in_the_session():
    """Adds more messages than fit into the cookie, so that Django stores the rest in its session."""
    for last in SERVERS:
        with Browser().used() as browser:
            added = DJANGO.request("/many_messages").text.splitlines()
            expected = [("info", text) for text in added]
            check("Django adds many messages", len(expected), 20)
            rust = page(RUST)
            check("Rust shows those in the cookie", 0 < len(rust.messages) < len(expected), True)
            check("the rest waits", "__messagesnotfinished__" in json_in(browser.cookie("messages")), True)
            # `add` would first load a page, which would show the messages.
            last.request(ADD[last], {"item": "tea", "csrfmiddlewaretoken": rust.token})
            shown = rust.messages + page(DJANGO).messages
            check("all messages were shown", sorted(shown), sorted([*expected, ("success", f"{last} put tea into your basket.")]))
            check("nothing waits", (page(RUST).messages, page(DJANGO).messages), ([], []))


def odd_sessions():
    """Checks that Rust keeps values in the session that it cannot read."""
    for last in SERVERS:
        with Browser().used():
            log_in(last, ANN)
            DJANGO.request("/odd_session")
            before = session_json()
            add(RUST, "tea")
            after = session_json()
            untouched = after.replace(',"basket":["tea"]', "")
            check("the text of the untouched entries", untouched, before)
            check("Python's values", repr(json.loads(after)), repr(json.loads(before) | {"basket": ["tea"]}))
            post(RUST, "/basket/empty")
            check("the text after the removal", session_json(), before)
            add(DJANGO, "cocoa")
            check("Rust reads what Django added", both_greet("ann").basket, "cocoa")
            odd = json.loads(before)
            kept = {key: value for key, value in json.loads(session_json()).items() if key in odd}
            check("the odd values in the end", repr(kept), repr(odd))
            log_out(RUST)


def expiry_of_sessions():
    """Checks that a change by Rust keeps the expiry that Django's view has set."""
    for seconds, kind in product((0, 60, 86400, 10**8), ({}, {"date": ""})):
        if kind and not seconds:
            continue
        with Browser().used() as browser:
            check("Django sets the expiry", DJANGO.request("/session_expiry", seconds=seconds, **kind).status, 200)
            found = {}
            for server in SERVERS:
                shown = attributes(add(server, "tea"), "sessionid")
                max_age = next((int(text.partition("=")[2]) for text in shown if text.startswith("Max-Age")), None)
                # The time until a date decreases with each request.
                if max_age is not None:
                    check(f"{server}'s Max-Age with {kind}, {seconds} s", 0 <= seconds - max_age <= (20 if kind else 0), True)
                found[server] = [text for text in shown if not text.startswith("Max-Age")], max_age is None
                if in_database():
                    (date,) = query("SELECT expire_date FROM django_session WHERE session_key = ?", browser.cookie("sessionid"))[0]
                    # Without an age in the session, the row expires after the setting SESSION_COOKIE_AGE: two weeks.
                    left = (datetime.fromisoformat(date) - datetime.now(timezone.utc).replace(tzinfo=None)).total_seconds()
                    expected = seconds or 14 * 86400
                    check(f"{server}'s expire_date with {kind}, {seconds} s", expected - 20 <= left <= expected, True)
            check(f"attributes of the cookie with {kind}, {seconds} s", found[RUST], found[DJANGO])
            check("both show the basket", both_greet("visitor").basket, "tea, tea")


def no_session_returns():
    """Checks that a form that is posted during a logout does not store the session again."""
    for leaver, number in product(SERVERS, range(5)):
        with Browser().used() as browser:
            log_in(leaver, ANN)
            tokens = {server: page(server).token for server in SERVERS}
            copies = [browser.copy() for _ in range(4)]
            # Some forms are handled before the logout, some during it, and some after it.
            statuses = []

            def add_many(copy):
                for _ in range(6):
                    fields = {"item": "tea", "csrfmiddlewaretoken": tokens[RUST]}
                    statuses.append(RUST.request(ADD[RUST], fields, copy).status)

            threads = [threading.Thread(target=add_many, args=[copy]) for copy in copies]
            for thread in threads:
                thread.start()
            leaver.request(LOG_OUT[leaver], {"csrfmiddlewaretoken": tokens[leaver]})
            for thread in threads:
                thread.join()
            check("the statuses of the forms", set(statuses) - {303, 400}, set())
            for copy in [browser, *copies]:
                both_greet("visitor", copy)


def ended_sessions():
    past, future = "2020-01-01 00:00:00", "2999-01-01 00:00:00"
    with Browser().used() as browser:
        log_in(DJANGO, ANN)
        key = browser.cookie("sessionid")
        for date, name in ((past, "visitor"), (future, "ann"), (past, "visitor")):
            query("UPDATE django_session SET expire_date = ?", date)
            for server in SERVERS:
                # Django deletes the cookie of a session that has expired.
                browser.set_cookie("sessionid", key)
                greets(server, name)
        query("UPDATE django_session SET expire_date = ?", future)
        for other_key in ("", key[:-1], key.upper(), key + "x", "../../etc/passwd", "' OR 1=1 --", "a" * 32, "\u00e9" * 8):
            browser.set_cookie("sessionid", other_key)
            for server in SERVERS:
                greets(server, "visitor")
                browser.set_cookie("sessionid", other_key)
        browser.set_cookie("sessionid", key)
        both_greet("ann")
        query("DELETE FROM django_session")
        both_greet("visitor")
        for server in SERVERS:
            browser.set_cookie("sessionid", key)
            add(server, "tea")
            check("a lost session's key is not used again", (len(rows()), rows() == [key]), (1, False))
            check("the basket in the new session", both_greet("visitor").basket, "tea")
            query("DELETE FROM django_session")


def forged_sessions():
    for writer in SERVERS:
        with Browser().used() as browser:
            log_in(writer, ANN)
            data, sessionid = session_data(), browser.cookie("sessionid")
            forged = [data[:index] + ("A" if letter != "A" else "B") + data[index + 1 :] for index, letter in enumerate(data)]
            forged += [data[:length] for length in range(1, len(data), 5)]
            forged += [data + "=", data + "A", data.replace(":", ""), ":", "::", "x" + data, "." + data]
            for number, text in enumerate(forged):
                set_session_data(text)
                greets(SERVERS[number % 2], "visitor")
                if number % 16 == 0:
                    # A server that sees a forged cookie may replace it.
                    set_session_data(text)
                    greets(SERVERS[1 - number % 2], "visitor")
            browser.set_cookie("sessionid", sessionid)
            set_session_data(data)
            both_greet("ann")
            log_out(writer)


PARTS = (
    logins_and_logouts, same_cookies, changed_passwords, inactive_users, forms, messages_of_both, messages_in_the_session,
    odd_sessions, expiry_of_sessions, forged_sessions,
)
# A copy of a session cookie stays valid after a logout, so these parts are not for the engine `signed_cookies`.
DATABASE_PARTS = (djangos_iterations, no_session_returns, ended_sessions)
