"""No answer takes for ever: one limit for all that a request waits for, connection, headers and body together.

A timeout of httpx is for a single read, so a server that sends a byte now and then holds a thread as long as it likes.
`bound` puts a limit under a client's connections, `within` sets it for the calling thread. httpx has no public way to
name the network backend of its pools: this file is the only place that reaches for it. Times are the machine's own,
for sockets know no other. Does not retry, and knows no quotas.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

AT_ONCE = 1 << 18  # bytes of one read: httpcore's 64 KB would wake a reader of a listing page seventeen times


class _Limit(threading.local):
    ends = float("inf")  # on time.monotonic
    seconds = 0.0


_limit = _Limit()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread reads and writes until the end of the block must be done in so many seconds.

    Looking up the host's name and waiting for a free connection are not bounded here, but by httpx's own timeouts.

    Raises httpcore.ReadTimeout (httpx.ReadTimeout for whoever asked httpx) when it is not.
    """
    _limit.ends, _limit.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _limit.ends = float("inf")


def _left(timeout: float | None) -> float | None:
    """What a single wait may take: its own timeout, or what is left of the whole."""
    left = _limit.ends - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout(f"the answer did not end within {_limit.seconds:g} s")
    return timeout if left == float("inf") else left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose waits end with the limit of the thread that waits."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max(max_bytes, AT_ONCE), _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens connections as another backend does, and bounds them."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        return _Stream(self._backend.connect_tcp(host, port, _left(timeout), local_address, socket_options))


def bound(client: httpx.Client) -> httpx.Client:
    """The same client; its connections, also those through a proxy, obey `within`."""
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend(transport._pool._network_backend)
    return client
