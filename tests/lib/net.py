# SPDX-License-Identifier: GPL-2.0-or-later
"""Loopback addresses: everything that runs at the same time has a range of its own."""
import socket
import sys

from .wait import Failed


PORT = 5060
HOSTS = (1, 2, 3, 11, 12, 13)


class Here:
    """Where programs run and sockets are opened: on this machine. (netns.Namespace is
    another such place.)"""

    prefix = ()  # of command lines
    socket = staticmethod(socket.socket)


HERE = Here()


def in_use():
    """The N of all 127.0.N.0/24 in which a process has a socket."""
    found = set()
    for table in ("udp", "tcp"):
        with open(f"/proc/net/{table}", encoding="ascii") as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                address = int(fields[1].split(":")[0], 16).to_bytes(4, sys.byteorder)
                if address[:2] == bytes((127, 0)) and fields[9] != "0":  # 0: nobody's any more
                    found.add(address[2])
    return found


class Net:
    """127.0.N.0/24 for one N that nobody else on this machine holds now.

    Claimed by an abstract unix socket, which ends with the process that holds it; and
    nobody who does not know of that listens on its first addresses, nor has any other socket there:
    the phones of a run that was killed may go on for minutes, and find new nodes where theirs were."""

    FIRST, LAST = 1, 250
    place = HERE

    def __init__(self):
        for n in range(self.FIRST, self.LAST + 1):
            self.lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.lock.bind(f"\0reg_replicate-net-{n}")
            except OSError:
                self.lock.close()
                continue
            self.number = n
            if n not in in_use() and all(self._is_free(h, k) for h in HOSTS
                                         for k in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                return
            self.lock.close()
        raise Failed("no free range of loopback addresses")

    def _is_free(self, host, kind):
        with socket.socket(socket.AF_INET, kind) as s:
            if kind == socket.SOCK_STREAM:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((self.ip(host), PORT))
                return True
            except OSError:
                return False

    def ip(self, host):
        return f"127.0.{self.number}.{host}"

    def release(self):
        self.lock.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.release()
