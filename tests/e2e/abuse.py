# abuse.py - requests that are malformed, too large or too slow, and the status each is answered with.
# SPDX-License-Identifier: Apache-2.0
"""Each goes over a connection of its own, which the server closes behind its answer."""
HOST = b"Host: x\r\n"
CASES = [
    ("both lengths", b"POST /v1/track HTTP/1.1\r\n" + HOST +
     b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("two lengths", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400),
    ("+5", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Content-Length: +5\r\n\r\n", 400),
    ("an overflowing length", b"POST /v1/track HTTP/1.1\r\n" + HOST +
     b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    ("bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    ("an empty header name", b"GET /healthz HTTP/1.1\r\n" + HOST + b": x\r\n\r\n", 400),
    ("a space before the colon", b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    ("NUL", b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: \0\r\n\r\n", 400),
    ("a folded header", b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", 400),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    ("an unknown transfer encoding", b"POST /v1/track HTTP/1.1\r\n" + HOST +
     b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
    ("a bad chunk size", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ("a chunk of -1", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    ("nonsense", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ("headers over 16 KiB", b"GET /healthz HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 17000 + b"\r\n\r\n", 431),
    ("a path over 16 KiB", b"GET /" + b"x" * 17000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    ("a length over the limit", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Content-Length: 9999999\r\n\r\n", 413),
    ("a slow head", b"GET /healthz HTTP/1.1\r\nHo", 408),
    ("a slow body", b"POST /v1/track HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\n{", 408),
]
