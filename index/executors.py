"""Where batches are judged: in this process, in processes of this machine, or on a dask.distributed cluster.

Each executor takes batches of keys and gives back what was made of them, in the order of the batches and with only a
few of them under way, so that what is written does not depend on who did the work and memory does not grow with the
number of batches. Writes nothing and knows nothing of judging: `judge.py` says what is done with a batch, and only the
process that asked writes. A worker that dies is a StoppedError; what was given back before it has been written.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from crawler.errors import StoppedError, UsageError

T = TypeVar("T")
Work = Callable[[Sequence[int]], T]
Setup = Callable[[], Work[T]]  # opens what the work needs, once for each thread that works; can be pickled

AHEAD = 2  # batches under way for each worker
CONNECT = 20  # seconds to wait for a scheduler
WATCH = 1.0  # seconds between a worker's looks whether its parent lives
_KEPT = "What was judged so far is kept; run the same command again to go on"


class Executor(Protocol):
    """Does the work of batches, somewhere."""

    def run(self, setup: Setup[T], batches: Iterable[Sequence[int]]) -> Iterator[T]:
        """What was made of each batch, in their order. Close it to end the work early. Raises StoppedError."""
        ...


class Local:
    """One batch after the other, in this process."""

    def run(self, setup: Setup[T], batches: Iterable[Sequence[int]]) -> Iterator[T]:
        """As Executor."""
        return map(setup(), batches)


def _in_order(submit: Callable[[Sequence[int]], Any], batches: Iterable[Sequence[int]], ahead: int) -> Iterator[Any]:
    """Results of futures in the order of their batches, a bounded number of them under way."""
    under_way: deque[Any] = deque()
    for batch in batches:
        under_way.append(submit(batch))
        if len(under_way) >= ahead:
            yield under_way.popleft().result()
    while under_way:
        yield under_way.popleft().result()


# -- processes --------------------------------------------------------------------------------------------------------


class Processes:
    """Forked processes of this machine: they share what the parent has read instead of being sent it."""

    def __init__(self, workers: int) -> None:
        """`workers`: how many, 1 or more."""
        self._workers = workers

    def run(self, setup: Setup[T], batches: Iterable[Sequence[int]]) -> Iterator[T]:
        """As Executor."""
        pool = ProcessPoolExecutor(
            self._workers, multiprocessing.get_context("fork"), initializer=_begin, initargs=(setup,)
        )
        try:
            yield from _in_order(lambda batch: pool.submit(_work, batch), batches, AHEAD * self._workers)
        except BrokenProcessPool as error:
            raise StoppedError(
                f"A worker process of the judge ended unexpectedly (out of memory?). {_KEPT}, with fewer --workers."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_working: list[Callable[[Sequence[int]], Any]] = []


def _begin(setup: Setup[Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent ends the work
    # Not the parent's handler, which a fork inherits: the pool ends its other workers by SIGTERM when one has died.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _working[:] = [setup()]


def _end_with(parent: int) -> None:
    """A parent that is killed cannot end its workers, and they would wait for batches for ever."""
    while os.getppid() == parent:
        time.sleep(WATCH)
    os._exit(1)


def _work(batch: Sequence[int]) -> Any:
    return _working[0](batch)


# -- a cluster --------------------------------------------------------------------------------------------------------


class Cluster:
    """The workers of a dask.distributed scheduler, which must see the same data directory under the same path."""

    def __init__(self, address: str, sees: Callable[[], str]) -> None:
        """`address` as tcp://HOST:PORT. `sees` tells what a process finds: data and rules; all must tell the same."""
        self._address, self._sees = address, sees

    def run(self, setup: Setup[T], batches: Iterable[Sequence[int]]) -> Iterator[T]:
        """As Executor. Raises UsageError too: dask is not installed, no scheduler there, or workers that differ."""
        with closing(self._connect()) as client:
            threads = self._check(client)
            try:
                submit = partial(client.submit, _work_remotely, uuid4().hex, _scattered(client, setup))
                yield from _in_order(partial(submit, pure=False), batches, AHEAD * threads)
            except _lost() as error:
                raise StoppedError(f"The cluster at {self._address} lost a batch: {_words(error)}. {_KEPT}.") from error

    def _connect(self) -> Any:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError('--cluster needs dask.distributed: pip install "openness[cluster]".') from error
        try:
            return Client(self._address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:  # dask: TimeoutError, which is an OSError; ValueError for odd addresses
            raise UsageError(
                f"No dask scheduler answers at {self._address}: {_words(error)}. Give --cluster the address that "
                "`dask scheduler` printed."
            ) from error

    def _check(self, client: Any) -> int:
        """Threads of all workers. Raises UsageError when there are none, or when one sees something else than we do."""
        threads = sum(client.nthreads().values())
        if not threads:
            raise UsageError(
                f"The scheduler at {self._address} has no workers. Start some: dask worker {self._address}"
            )
        ours = self._sees()
        for worker, theirs in client.run(self._sees, on_error="return").items():
            if isinstance(theirs, BaseException):
                raise UsageError(f"The worker {worker} cannot judge: {_words(theirs)}. Install openness there too.")
            if theirs != ours:
                raise UsageError(
                    f"The worker {worker} does not see what we see. Here: {ours}. There: {theirs}. Workers need the "
                    "same data directory under the same path and the same version of openness."
                )
        return threads


def _scattered(client: Any, setup: Setup[Any]) -> Any:
    """A future of the setup, which every worker holds: it is sent once, not with every batch."""
    return client.scatter(setup, broadcast=True, hash=False)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _lost() -> tuple[type[BaseException], ...]:
    """What dask raises when a worker or the scheduler is lost; errors of the work itself are not among them."""
    from asyncio import CancelledError
    from concurrent.futures import CancelledError as Cancelled

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    return (KilledWorker, CommClosedError, CancelledError, Cancelled, TimeoutError)


_remote = threading.local()  # a worker has several threads, and each needs its own connections


def _work_remotely(run: str, setup: Setup[Any], batch: Sequence[int]) -> Any:
    if getattr(_remote, "run", None) != run:
        _remote.run, _remote.work = run, setup()
    return _remote.work(batch)
