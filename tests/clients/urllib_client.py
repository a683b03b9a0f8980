"""Loads each URL of standard input with urllib.request and http.cookiejar, and answers with a line."""

import http.cookiejar
import socket
import ssl
import sys
import urllib.request

getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *others, **named: getaddrinfo("127.0.0.1", *others, **named)

anybody = ssl.create_default_context()
anybody.check_hostname = False
anybody.verify_mode = ssl.CERT_NONE

browser = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=anybody),
    urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
)
for line in sys.stdin:
    try:
        with browser.open(line.strip()) as response:
            response.read()
        print("loaded", flush=True)
    except Exception as error:
        print(f"error: {error!r}", flush=True)
