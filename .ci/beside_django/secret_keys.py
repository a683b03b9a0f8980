"""Checks that a rotation of the secret key logs nobody out, and that removing a key logs out the users who still need it."""

from client import DJANGO, KEY, PAIRS, RUST, SERVERS, Browser, check
from pages import ANN, add, both_greet, greets, log_in, log_out, page, session_data


def rotations_of_logins():
    rotate(KEY, "the second key", first=RUST, second=DJANGO)
    rotate("the second key", "\u00e9\u20ac third key; \"=", first=DJANGO, second=RUST)


def rotate(old_key, new_key, first, second):
    """Rotates the key of one server and then of the other, and checks the logins after each restart."""
    # Each browser visits only these servers during the rotation.
    visits = {name: Browser() for name in ("both", "first", "second", "nobody")}
    for browser in visits.values():
        log_in(second, ANN, browser)
        add(first, "tea", browser)

    def visit_all():
        for name, visited in (("both", SERVERS), ("first", [first]), ("second", [second])):
            for server in visited:
                check("the basket", greets(server, "ann", visits[name]).basket, "tea")
        for writer, reader in PAIRS:
            with Browser().used():
                add(writer, "tea")
                expected = [("success", f"{writer} put tea into your basket.")]
                shown = page(reader)
                check(f"{reader} shows {writer}'s message and basket", (shown.messages, shown.basket), (expected, "tea"))

    # Both servers get the new key as a fallback before one of them signs with it.
    second.start(old_key, [new_key])
    visit_all()
    first.start(new_key, [old_key])
    data, sessionid = session_data(visits["first"]), visits["first"].cookie("sessionid")
    visit_all()
    check("the first server signed the session again", session_data(visits["first"]) == data, False)
    check("with a new session key", visits["first"].cookie("sessionid") == sessionid, False)
    second.start(new_key, [old_key])
    visit_all()
    first.start(new_key)
    greets(first, "visitor", visits["nobody"].copy())
    greets(second, "ann", visits["nobody"].copy())
    second.start(new_key)
    for name in ("both", "first", "second"):
        both_greet("ann", visits[name])
    both_greet("visitor", visits["nobody"])
    for name in ("both", "first", "second"):
        log_out(first, visits[name])
        both_greet("visitor", visits[name])


def unknown_keys():
    """Checks logins on one server that signs with a key that the other server does not know."""
    for stranger, other in ((RUST, DJANGO), (DJANGO, RUST)):
        stranger.start("another key")
        with Browser().used() as browser:
            log_in(stranger, ANN)
            greets(stranger, "ann", browser.copy())
            greets(other, "visitor", browser.copy())
        stranger.start(KEY)
        both_greet("visitor")


PARTS = (rotations_of_logins, unknown_keys)
