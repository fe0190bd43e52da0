"""One of several Datasette processes on one port: `python -m index.worker` with the arguments of `datasette serve`.

Does: set up Datasette as its own command does, and serve it on a socket that others may be bound to as well; the
system's kernel hands each new connection to one of them. Does not: start, watch or end the others (serve.py does).
"""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import uvicorn
from datasette import cli


async def run(datasette: Any, host: str, port: int) -> None:
    """Serve until a signal ends it. OSError when the port is taken by somebody who does not share it."""
    await datasette.invoke_startup()
    await cli.check_databases(datasette)
    config = uvicorn.Config(datasette.app(), log_level="info", lifespan="on")
    await uvicorn.Server(config).serve(sockets=[shared_socket(host, port)])


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket bound to an address that further processes of ours may bind too."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(address)
    return bound


def main(arguments: list[str]) -> None:
    """Parse them as Datasette does, set up, serve."""
    with cli.serve.make_context("datasette serve", arguments) as context:
        datasette = context.invoke(cli.serve.callback, **context.params, return_instance=True)
        asyncio.run(run(datasette, context.params["host"], context.params["port"]))


if __name__ == "__main__":
    main(sys.argv[1:])
