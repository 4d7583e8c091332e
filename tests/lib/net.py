# SPDX-License-Identifier: GPL-2.0-or-later
"""Loopback addresses: everything that runs at the same time has a range of its own."""
import socket

from .wait import Failed


class Net:
    """127.0.N.0/24 for one N that nobody else on this machine holds now.

    Claimed by an abstract unix socket, which ends with the process that holds it."""

    FIRST, LAST = 1, 250

    def __init__(self):
        self.lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        for n in range(self.FIRST, self.LAST + 1):
            try:
                self.lock.bind(f"\0reg_replicate-net-{n}")
            except OSError:
                continue
            self.number = n
            return
        raise Failed("no free range of loopback addresses")

    def ip(self, host):
        return f"127.0.{self.number}.{host}"

    def release(self):
        self.lock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.release()
