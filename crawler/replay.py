"""The replay Hub: an HTTP server that speaks the Hub's API from a recording, for the demo, tests and outage drills.

`ReplayHub` runs it in a thread of this process, `run` in the foreground (`openness replay`). What it says is in
`replay_routes`, how it is metered and spoiled in `replay_app` and `replay_faults`, what it plays in `recording`.
Does not reach the network, and never serves config.json or weights.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import uvicorn

from crawler.errors import UsageError
from crawler.recording import Recording
from crawler.replay_app import ReplayApp, Stats
from crawler.replay_faults import FaultPlan, Faults, Latency, Meter, Quotas, parse_faults, parse_latency, parse_quotas
from crawler.replay_site import Site


class ReplayHub:
    """The replay Hub in a thread: `with ReplayHub(recording) as hub: ... hub.url ...`.

    `night`, `faults`, `quotas`, `latency` and `recording` may be set while it runs; setting faults or quotas begins
    their counts anew. `stats` tells what was asked. Port 0 = any free one. Raises UsageError when the port is taken.
    """

    def __init__(self, recording: Recording | Path | str, *, host: str = "127.0.0.1", port: int = 0,
                 quotas: Quotas | None = None, faults: Faults | None = None, latency: Latency | None = None,
                 night: str | None = None, gated_cards: bool = True, missing_code: bool = False) -> None:  # fmt: skip
        """Opens the recording if it is a path or 'sample'; nothing listens until `start` or `with`."""
        self._opened = None if isinstance(recording, Recording) else Recording.open(recording)
        opened = recording if isinstance(recording, Recording) else self._opened
        assert opened is not None
        plan = FaultPlan(faults or Faults())
        site = Site(opened, opened.at(night), plan, gated_cards=gated_cards, missing_code=missing_code)
        self.app = ReplayApp(site, quotas, latency)
        self.host, self.port = host, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://{self.host}:{self.port}"

    @property
    def stats(self) -> Stats:
        """What was asked since the start."""
        return self.app.stats

    @property
    def night(self) -> str:
        """The night that is shown, '' for a recording without nights."""
        return self.app.site.view.night

    @night.setter
    def night(self, night: str | None) -> None:
        self.app.site.show(night)

    @property
    def recording(self) -> Recording:
        """What is played. Setting it shows the new recording's last night."""
        return self.app.site.recording

    @recording.setter
    def recording(self, recording: Recording) -> None:
        self.app.site.recording = recording
        self.app.site.show(None)

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on."""
        return self.app.site.plan.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.app.site.plan = FaultPlan(faults)

    @property
    def quotas(self) -> Quotas:
        """How much is allowed per window."""
        return self.app.meter.quotas

    @quotas.setter
    def quotas(self, quotas: Quotas) -> None:
        self.app.meter = Meter(quotas)

    @property
    def latency(self) -> Latency:
        """How long an answer takes."""
        return self.app.latency

    @latency.setter
    def latency(self, latency: Latency) -> None:
        self.app.latency = latency

    def spend(self, bucket: str, count: int) -> None:
        """Others with the same tokens and addresses make `count` requests."""
        self.app.meter.spend_all(bucket, count, self.app.clock())

    def delete(self, repo_id: str) -> None:
        """The repo is gone from now on."""
        self.app.site.edit(repo_id)

    def rename(self, old: str, new: str) -> None:
        """The repo has another id from now on; the old one redirects."""
        self.app.site.edit(old, new)

    def revoke(self, revoked: bool = True) -> None:
        """Every token is refused from now on (or accepted again)."""
        self.app.revoked = revoked

    def reset(self) -> None:
        """As after the start: no faults, nothing spent or counted, no edits, the last night."""
        self.faults, self.quotas, self.latency = Faults(), self.quotas, Latency()
        self.app.revoked, self.app.stats = False, Stats()
        self.app.site.edits, self.app.site.issued = [], set()
        self.night = None

    def bind(self) -> socket.socket:
        """The listening socket; from here on `url` is right."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # IPPROTO_TCP by name: with 0 asyncio leaves Nagle's algorithm on and every small answer takes 40 ms.
        sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self.host, self.port))
        except OSError as e:
            sock.close()
            raise UsageError(f"The replay Hub cannot listen on {self.host}:{self.port}: {e.strerror}.") from e
        self.port = sock.getsockname()[1]
        self.app.netloc = f"{self.host}:{self.port}"
        self.app.site.foreign = f"http://localhost:{self.port}"
        return sock

    def server(self) -> uvicorn.Server:
        """A quiet uvicorn around the app."""
        config = uvicorn.Config(self.app, lifespan="off", ws="none", log_config=None, access_log=False,
                                log_level="critical", proxy_headers=False, server_header=False, timeout_keep_alive=60,
                                timeout_graceful_shutdown=1)  # fmt: skip
        return uvicorn.Server(config)

    def start(self) -> ReplayHub:
        """Listen in a daemon thread; returns when requests are answered."""
        sock = self.bind()
        self._server = self.server()
        self._thread = threading.Thread(target=self._server.run, args=([sock],), name="replay-hub", daemon=True)
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise UsageError(f"The replay Hub did not start on {self.url}.")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """Close all connections and wait for the thread."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = self._server.force_exit = True
            self._thread.join(timeout=10)
            self._server = self._thread = None
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> ReplayHub:
        """Start."""
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        """Stop."""
        self.stop()


def run(recording: str, *, documents: str | None = None, host: str = "127.0.0.1", port: int = 8090,
        quotas: str = "highest", latency: str = "0", faults: str = "", seed: int = 0, night: str | None = None,
        echo: Callable[[str], object] = print) -> None:  # fmt: skip
    """Serve a recording until interrupted; what `openness replay` does. Raises UsageError.

    `quotas`, `latency`, `faults`: the text forms of parse_quotas, parse_latency and parse_faults.
    """
    limits, wait, broken = parse_quotas(quotas), parse_latency(latency), parse_faults(faults, seed)
    opened = Recording.open(recording, documents)
    hub = ReplayHub(opened, host=host, port=port, quotas=limits, faults=broken, latency=wait, night=night)
    sock = hub.bind()
    nights = f", night {hub.night} of {len(opened.nights)}" if opened.nights else ""
    echo(f"{len(opened.at(night)):,} models from {opened.name}{nights} at {hub.url}")
    echo(f"Use it as a Hub: HF_ENDPOINT={hub.url}   Statistics: {hub.url}/replay/stats   Stop: Ctrl-C")
    try:
        hub.server().run([sock])
    except KeyboardInterrupt:
        echo("Stopped.")
    finally:
        opened.close()
