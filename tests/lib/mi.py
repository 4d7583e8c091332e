# SPDX-License-Identifier: GPL-2.0-or-later
"""The management interface of a node, over its FIFO or over HTTP."""
import errno
import itertools
import json
import os
import select
import time
import urllib.error
import urllib.request


class MIError(Exception):
    """The node answered with an error."""

    def __init__(self, code, message, data=None):
        super().__init__(f"{code} {message}" + (f": {data}" if data else ""))
        self.code, self.message, self.data = code, message, data


class MIUnreachable(Exception):
    """The node did not answer."""


def result_of(text):
    """The result in a JSON-RPC answer, or MIError."""
    answer = json.loads(text)
    if "error" in answer:
        e = answer["error"]
        raise MIError(e.get("code"), e.get("message"), e.get("data"))
    return answer["result"]


def request(method, params):
    req = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params:
        req["params"] = params
    return json.dumps(req)


class FifoMI:
    """Over the FIFO of mi_fifo. One request at a time for an instance. `running`, if given,
    tells whether the node can still answer."""

    counter = itertools.count()

    def __init__(self, fifo, reply_dir, timeout=30, running=None):
        self.fifo, self.reply_dir, self.timeout = fifo, reply_dir, timeout
        self.running = running or (lambda: True)

    def call(self, method, params=None, timeout=None):
        name = f"reply-{os.getpid()}-{next(self.counter)}"
        path = os.path.join(self.reply_dir, name)
        os.mkfifo(path, 0o600)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                self._send(f":{name}:{request(method, params)}\n")
                return result_of(self._read(fd, timeout or self.timeout))
            finally:
                os.close(fd)
        finally:
            os.unlink(path)

    def _send(self, line):
        try:
            fd = os.open(self.fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as e:
            if e.errno in (errno.ENXIO, errno.ENOENT):
                raise MIUnreachable(f"{self.fifo}: nobody reads it") from e
            raise
        try:
            os.write(fd, line.encode())
        finally:
            os.close(fd)

    def _read(self, fd, timeout):
        """What the node writes, until it closes its end."""
        end = time.monotonic() + timeout
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        data = []
        while time.monotonic() < end:
            if not poll.poll(200):
                if not self.running():
                    break
                continue
            try:
                piece = os.read(fd, 1 << 16)
            except BlockingIOError:
                continue
            if piece:
                data.append(piece)
            elif data:
                return b"".join(data)
            else:
                time.sleep(0.005)  # hung up by an earlier writer
        raise MIUnreachable(f"{self.fifo}: no answer")


class HttpMI:
    """Over HTTP (httpd and mi_http). Never by a proxy, whatever the environment says."""

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __init__(self, url, timeout=30):
        self.url, self.timeout = url, timeout

    def call(self, method, params=None):
        req = urllib.request.Request(self.url, data=request(method, params).encode(),
                                     headers={"Content-Type": "application/json"})
        try:
            with self.opener.open(req, timeout=self.timeout) as answer:
                return result_of(answer.read())
        except (urllib.error.URLError, OSError) as e:
            raise MIUnreachable(f"{self.url}: {e}") from e
