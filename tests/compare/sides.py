# SPDX-License-Identifier: GPL-2.0-or-later
"""Two cores with one configuration, phones around each, and what can be seen of what they do.

Each side has a network of its own, 127.88.N.x, and everything on it is the same: the core is .1,
phones are .100 at the ports of PHONES, and .200 asks whether the core has done what came before. In
what is said "@NET@" stands for the three first bytes. What a side has done is a list of lines, in
which everything that rightly differs is replaced; times are <N s>, and may differ by SLACK."""
import os
import re
import select
import socket
import uuid

from tests.lib.mi import MIError
from tests.lib.node import Node
from tests.lib.wait import Failed

HERE = os.path.dirname(os.path.abspath(__file__))
PHONES = (5060, 5061, 5062, 5063)
SLACK = 2  # seconds, of times that are told
PATIENCE = 20  # seconds until a core that does not answer is taken for hanging
MARK = "@@ "  # begins what a script logs for us


def config(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return f.read()


class Side:
    def __init__(self, name, number, directory, programs):
        self.name, self.net = name, f"127.88.{number}"
        self.directory, self.programs = directory, programs
        self.node, self.log_read = None, 0
        self.sockets = {port: self._socket("100", port) for port in PHONES}
        self.probe = self._socket("200", 5060)
        self.server = (f"{self.net}.1", 5060)

    def _socket(self, host, port):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((f"{self.net}.{host}", port))
        return s

    def start(self, template, values):
        values = {k: v.replace("@NET@", self.net) for k, v in values.items()}
        directory = os.path.join(self.directory, self.name, uuid.uuid4().hex[:6])
        self.node = Node(self.name, f"{self.net}.1", directory, self.programs,
                         template.replace("@NET@", self.net), values)
        self.log_read = 0
        self.node.start()

    def stop(self):
        if self.node and self.node.process:
            self.node.stop()

    def kill(self):
        if self.node:
            self.node.cleanup()

    def close(self):
        self.kill()
        for s in [self.probe, *self.sockets.values()]:
            s.close()

    # --- what it does

    def send(self, text, port=PHONES[0]):
        self.sockets[port].sendto(text.replace("@NET@", self.net).encode("utf-8"), self.server)

    def settle(self):
        """Until the core, with its one worker, has done all that was sent before."""
        branch = "z9hG4bK" + uuid.uuid4().hex
        ask = (f"OPTIONS sip:probe@{self.net}.1 SIP/2.0\r\n"
               f"Via: SIP/2.0/UDP {self.net}.200:5060;branch={branch}\r\n"
               "From: <sip:probe@probe>;tag=1\r\nTo: <sip:probe@probe>\r\n"
               f"Call-ID: {branch}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\n"
               "Content-Length: 0\r\n\r\n").encode()
        for _ in range(PATIENCE):
            self.probe.sendto(ask, self.server)
            if select.select([self.probe], [], [], 1.0)[0]:
                if branch.encode() in self.probe.recv(65536):
                    return
            self.node.check_alive()
        raise Failed(f"{self.name} hangs")

    def arrived(self):
        """[(port, message)] of what phones were sent."""
        out = []
        for port, s in self.sockets.items():
            while select.select([s], [], [], 0)[0]:
                out.append((port, s.recv(65536).decode("utf-8", "replace")))
        return out

    def logged(self):
        """What the script has said since we looked."""
        with open(self.node.log_path(), encoding="utf-8", errors="replace") as f:
            f.seek(self.log_read)
            text = f.read()
            self.log_read = f.tell()
        return [line.partition(MARK)[2] for line in text.splitlines() if MARK in line]

    def mi(self, command, params=None):
        """The result, or ("error", code, message)."""
        try:
            return self.node.mi.call(command, params)
        except MIError as e:
            return ["error", e.code, e.message]

    # --- how it is told

    def neutral(self, line):
        """Without what rightly differs."""
        line = line.replace(self.net, "@NET@")
        line = re.sub(r"(?i)\b(expires=)(\d+)", r"\1<\2 s>", line)
        line = re.sub(r"(branch=)z9hG4bK[0-9a-f]{1,5}\.[^\s;,]*", r"\1OURS", line)
        return line

    def told(self, message, keep):
        """A message: its first line and the headers to keep (None: all)."""
        lines = re.sub(r"\r\n[ \t]+", " ", message.split("\r\n\r\n", 1)[0]).split("\r\n")
        out = [lines[0]]
        for line in lines[1:]:
            name = line.partition(":")[0].strip().lower()
            if keep is None or name in keep:
                out.append("  " + line)
        if message.startswith("SIP/2.0"):
            out = [re.sub(r"^(  To:.*;tag=).*", r"\1TAG", x) for x in out]
        return [self.neutral(x) for x in out]


TIME = re.compile(r"<(-?\d+) s>")


def same(a, b):
    """Are two lists of lines the same, but for SLACK seconds?"""
    if len(a) != len(b):
        return False
    for x, y in zip(a, b):
        if x == y:
            continue
        if TIME.sub("<>", x) != TIME.sub("<>", y):
            return False
        if any(abs(int(s) - int(t)) > SLACK for s, t in zip(TIME.findall(x), TIME.findall(y))):
            return False
    return True
