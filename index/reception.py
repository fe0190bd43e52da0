"""One address for several processes: each connection goes to the next one.

Does: listen, accept in a thread, pass each connection to a worker through a Unix socket of its own, round and round;
wait with it while no worker takes any. So all get the same share, which a port that the kernel shares out by hash does
not give, and nobody is refused while workers are replaced: who comes then waits.
Does not: read a byte of what is said, start or end workers (serve.py does), or work where Unix sockets do not.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Self

BACKLOG = 2048
PAUSE = 0.02  # seconds until a connection that nobody took is offered again

#: Whether open connections can be passed to another process here (not on Windows).
CAN_PASS = hasattr(socket, "send_fds")


class Reception:
    """A listening socket and the workers behind it."""

    def __init__(self, listener: socket.socket) -> None:
        """`listener`: bound and listening; closed by `close`."""
        self._listener = listener
        self._workers: deque[socket.socket] = deque()
        self._changing = threading.Lock()
        self._closed = False
        threading.Thread(target=self._receive, name="reception", daemon=True).start()

    @classmethod
    def at(cls, host: str, port: int) -> Self:
        """A reception at an address; port 0: any that is free. OSError when it cannot be had."""
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return cls(socket.create_server((host, port), family=family, backlog=BACKLOG))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def worker(self) -> socket.socket:
        """The end of a new worker's channel that the worker reads; connections may wait in it from now on."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.setblocking(False)
        with self._changing:
            self._workers.append(ours)
        return theirs

    def dismiss(self) -> None:
        """Pass nothing on to the workers there are: each sees the end of its channel, and ends when it has answered."""
        with self._changing:
            for channel in self._workers:
                channel.close()
            self._workers.clear()

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread; closing alone does not everywhere
        self._listener.close()
        self.dismiss()

    def _receive(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed, gone before it was taken, or no file left to open
                time.sleep(PAUSE)
                continue
            with connection:
                while not self._closed and not self._passed(connection):
                    time.sleep(PAUSE)

    def _passed(self, connection: socket.socket) -> bool:
        """Whether a worker has it; one that is gone is forgotten."""
        with self._changing:
            for _ in range(len(self._workers)):
                channel = self._workers.popleft()
                try:
                    socket.send_fds(channel, [b"c"], [connection.fileno()])
                except BlockingIOError:
                    self._workers.append(channel)
                except OSError:
                    channel.close()
                else:
                    self._workers.append(channel)
                    return True
        return False
