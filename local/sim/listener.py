"""Opens the listening socket."""

import socket


def listen(port: int) -> socket.socket:
    """Open a listening socket on loopback; port 0 chooses a free port.

    IPPROTO_TCP is given explicitly because asyncio disables Nagle's algorithm only on such sockets. With Nagle's
    algorithm, every answer would wait 40 ms for the client's acknowledgement.
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
