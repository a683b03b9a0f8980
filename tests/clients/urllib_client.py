"""Load each URL of standard input with urllib and http.cookiejar, and print a line with the result."""

import http.cookiejar
import socket
import ssl
import sys
import urllib.request

getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *args, **kwargs: getaddrinfo("127.0.0.1", *args, **kwargs)

any_certificate = ssl.create_default_context()
any_certificate.check_hostname = False
any_certificate.verify_mode = ssl.CERT_NONE

browser = urllib.request.build_opener(
    urllib.request.ProxyHandler({}),
    urllib.request.HTTPSHandler(context=any_certificate),
    urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
)
for line in sys.stdin:
    try:
        with browser.open(line.strip()) as response:
            response.read()
        print("loaded", flush=True)
    except Exception as error:
        print(f"error: {error!r}", flush=True)
