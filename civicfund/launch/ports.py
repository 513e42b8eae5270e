"""Ports on loopback."""

from __future__ import annotations

import socket

from civicfund.launch.trouble import LaunchError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(preferred: int = 0) -> int:
    """The preferred port where it is free, else one that the system picks."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(host: str, port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def web_port(wanted: str) -> int:
    """``PORT`` as a number that is free. Raises ``LaunchError``."""
    if not wanted.isdigit() or not 0 < int(wanted) < 65_536:
        raise LaunchError(f"PORT is {wanted!r}; give a number from 1 to 65535.")
    if not is_free(int(wanted)):
        raise LaunchError(
            f"Port {wanted} is taken by another program; set PORT to a free one, for example "
            f"`make run PORT={free_port()}`."
        )
    return int(wanted)
