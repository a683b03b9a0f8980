"""Load each URL of standard input with a requests.Session, and print a line with the result."""

import socket
import sys

import requests
import urllib3

getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *args, **kwargs: getaddrinfo("127.0.0.1", *args, **kwargs)

urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
browser = requests.Session()
browser.verify = False
# Ignore the proxies of the environment.
browser.trust_env = False
for line in sys.stdin:
    try:
        browser.get(line.strip(), allow_redirects=False).raise_for_status()
        print("loaded", flush=True)
    except Exception as error:
        print(f"error: {error!r}", flush=True)
