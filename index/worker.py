"""One of several Datasette processes: `python -m index.worker FD` with the arguments of `datasette serve`.

Does: set up Datasette as its own command does, and answer on the connections that come through the Unix socket FD
(reception.py). Ends when that socket does, so no worker outlives the process that started it. Does not: listen, start,
watch or end the others (serve.py does).
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import uvicorn
from datasette import cli


class Worker(uvicorn.Server):
    """uvicorn on connections that another process has accepted."""

    def __init__(self, config: uvicorn.Config, channel: socket.socket) -> None:
        """`channel`: one byte for each connection, and the connection with it."""
        super().__init__(config)
        self._channel = channel
        self._taking: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, listening to nothing but the channel."""
        await super().startup(sockets=[])
        asyncio.get_running_loop().add_reader(self._channel, self._take)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take nothing more, answer what was asked."""
        asyncio.get_running_loop().remove_reader(self._channel)
        await super().shutdown(sockets=[])

    def _take(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            said, handed, _, _ = socket.recv_fds(self._channel, 1, 1)
        except BlockingIOError:
            return
        if not said:
            loop.remove_reader(self._channel)
            self.should_exit = True
        for number in handed:
            connection = socket.socket(fileno=number)
            connection.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(self._protocol, connection))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    def _protocol(self) -> asyncio.Protocol:
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        return made


async def run(datasette: Any, channel: socket.socket) -> None:
    """Answer until a signal comes or the channel ends."""
    await datasette.invoke_startup()
    await cli.check_databases(datasette)
    config = uvicorn.Config(datasette.app(), log_level="info", lifespan="on")
    await Worker(config, channel).serve()


def main(channel: str, arguments: list[str]) -> None:
    """Parse the arguments as Datasette does, set up, serve."""
    passed = socket.socket(fileno=int(channel))
    passed.setblocking(False)
    with cli.serve.make_context("datasette serve", arguments) as context:
        datasette = context.invoke(cli.serve.callback, **context.params, return_instance=True)
        asyncio.run(run(datasette, passed))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
