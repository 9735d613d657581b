"""The listening socket."""

import socket


def listen(port: int) -> socket.socket:
    """A socket on loopback; 0 means any free port.

    Made with IPPROTO_TCP spelled out: asyncio switches Nagle's algorithm off only on sockets that say so,
    and with it on every answer waits 40 ms for the client's acknowledgement.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener
