# SPDX-License-Identifier: GPL-2.0-or-later
"""SIP by hand: a phone that registers, and a listener that collects what it is sent."""
import re
import select
import socket
import threading
import time
import uuid

from . import digest
from .net import HERE
from .wait import DEADLINE, Failed

T1 = 0.5


def headers_of(message):
    """{name in small letters: [values]} of a SIP message."""
    out = {}
    for line in message.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
        name, _, value = line.partition(":")
        out.setdefault(name.strip().lower(), []).append(value.strip())
    return out


def status_of(message):
    m = re.match(r"SIP/2\.0 (\d+)", message)
    return int(m.group(1)) if m else 0


class Socket:
    """A UDP or TCP socket at an address of one's choice. `alive` is called while waiting
    for an answer, and may raise."""

    def __init__(self, transport, local, alive=None, place=HERE):
        self.transport = transport
        self.alive = alive or (lambda: None)
        kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
        self.sock = place.socket(socket.AF_INET, kind)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(local)
        self.connected = None
        self.buffer = b""

    def address(self):
        return self.sock.getsockname()

    def send(self, text, to):
        if self.transport == "udp":
            self.sock.sendto(text.encode(), to)
            return
        if not self.connected:
            self.sock.settimeout(DEADLINE)
            self.sock.connect(to)
            self.connected = to
        self.sock.sendall(text.encode())

    def receive(self, timeout):
        """One message, or None."""
        end = time.monotonic() + timeout
        while True:
            message = self._cut()
            if message is not None:
                return message
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            data = self.sock.recv(65536)
            if self.transport == "udp":
                return data.decode("utf-8", "replace")
            if not data:
                raise Failed("the connection was closed")
            self.buffer += data

    def _cut(self):
        head, sep, rest = self.buffer.partition(b"\r\n\r\n")
        if not sep:
            return None
        m = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
        length = int(m.group(1)) if m else 0
        if len(rest) < length:
            return None
        self.buffer = rest[length:]
        return (head + sep + rest[:length]).decode("utf-8", "replace")

    def final(self, text, timeout):
        """The final answer to a request sent before, or None."""
        branch = re.search(r"branch=([^;,\s]+)", text).group(1)
        end = time.monotonic() + timeout
        while True:
            message = self.receive(max(0.0, min(end - time.monotonic(), 0.2)))
            if message and status_of(message) >= 200 and \
                    branch in headers_of(message).get("via", [""])[0]:
                return message
            self.alive()
            if message is None and time.monotonic() >= end:
                return None

    def ask(self, text, to, timeout=DEADLINE):
        """Sends a request, over UDP again and again as RFC 3261 wants; the final answer
        with its branch. None if there is none."""
        branch = re.search(r"branch=([^;,\s]+)", text).group(1)
        end, again = time.monotonic() + timeout, T1
        self.send(text, to)
        next_send = time.monotonic() + again if self.transport == "udp" else end
        while time.monotonic() < end:
            left = max(0.0, min(next_send, end) - time.monotonic())
            message = self.receive(min(left, 0.2))
            if message is None:
                self.alive()
                if time.monotonic() >= next_send and self.transport == "udp":
                    self.send(text, to)
                    again = min(2 * again, 4.0)
                    next_send = time.monotonic() + again
                continue
            if status_of(message) >= 200 and branch in headers_of(message).get("via", [""])[0]:
                return message
        return None

    def close(self):
        self.sock.close()


class Phone:
    """Registers contacts of one user; keeps Call-ID and counts CSeq."""

    def __init__(self, user, domain, local, transport="udp", alive=None, place=HERE,
                 listener=None):
        """`listener`: its socket, which also answers what it is sent."""
        self.user, self.domain = user, domain
        self.socket = listener or Socket(transport, local, alive, place)
        self.call_id = f"{uuid.uuid4().hex}@{local[0]}"
        self.tag = uuid.uuid4().hex[:8]
        self.cseq = 0
        self.last = None

    def request(self, contacts, expires=None, headers=(), cseq=None, call_id=None, body=""):
        ip, port = self.socket.address()
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        else:
            self.cseq = max(self.cseq, cseq)
        lines = [
            f"REGISTER sip:{self.domain} SIP/2.0",
            f"Via: SIP/2.0/{self.socket.transport.upper()} {ip}:{port};rport;"
            f"branch=z9hG4bK{uuid.uuid4().hex}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={self.tag}",
            f"To: <sip:{self.user}@{self.domain}>",
            f"Call-ID: {call_id or self.call_id}",
            f"CSeq: {cseq} REGISTER",
        ]
        lines += [f"Contact: {c}" for c in contacts]
        if expires is not None:
            lines.append(f"Expires: {expires}")
        if not any(h.lower().startswith("user-agent:") for h in headers):
            lines.append("User-Agent: phone/1.0")
        lines += list(headers)
        lines += [f"Content-Length: {len(body)}", "", body]
        return "\r\n".join(lines)

    def register(self, to, *args, **kwargs):
        """Sends a REGISTER to a node's (ip, port); its final answer."""
        self.last = self.request(*args, **kwargs)
        return self.again(to)

    def send(self, to, *args, **kwargs):
        """Sends a REGISTER and waits for nothing; without arguments the last one once more."""
        if args or kwargs:
            self.last = self.request(*args, **kwargs)
        self.socket.send(self.last, to)

    def answer(self, timeout=DEADLINE):
        """The next final answer to the last REGISTER, or None."""
        return self.socket.final(self.last, timeout)

    def authorize(self, to, challenge, password, algorithm, user=None):
        """Answers a challenge to the last REGISTER; the answer to that."""
        line = digest.authorization(challenge, "REGISTER", f"sip:{self.domain}", user or self.user,
                                    password, algorithm)
        if line is None:
            raise Failed(f"no challenge for {algorithm}:\n{challenge}")
        self.last = digest.again(self.last, line)
        self.cseq += 1
        return self.again(to)

    def again(self, to):
        """Sends the last REGISTER once more, byte by byte."""
        answer = self.socket.ask(self.last, to)
        if answer is None:
            raise Failed(f"{self.user}: no answer to REGISTER from {to[0]}:{to[1]}")
        return answer

    def close(self):
        self.socket.close()


class Listener:
    """Collects what arrives at a UDP address. Answers OPTIONS with 200 and other requests
    with the status given; nothing at all if that is 0. `hold`: REGISTERs are answered by
    release() only. `deaf_to`: an IP address that gets no answers."""

    def __init__(self, local, status=200, place=HERE, hold=False, alive=None, deaf_to=None):
        self.local, self.status, self.hold, self.deaf_to = local, status, hold, deaf_to
        self.alive = alive or (lambda: None)
        self.transport = "udp"
        self.held = {}  # by Via
        self.messages, self.senders = [], []
        self.lock = threading.Lock()
        self.sock = place.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(local)
        self.sock.settimeout(0.2)
        self.running = True
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def _loop(self):
        while self.running:
            try:
                data, source = self.sock.recvfrom(65536)
            except (TimeoutError, ConnectionError):
                continue
            except OSError:
                return
            text = data.decode("utf-8", "replace")
            with self.lock:
                self.messages.append(text)
                self.senders.append("%s:%d" % source[:2])
                if self.hold and text.startswith("REGISTER "):
                    self.held[headers_of(text)["via"][0]] = text, source
                    continue
            if source[0] == self.deaf_to:
                continue
            if self.status and text.split(" ", 1)[0] in ("REGISTER", "OPTIONS", "NOTIFY",
                                                          "MESSAGE"):
                self.sock.sendto(self._answer(text).encode(), source)

    def release(self, status):
        """Answers what is held."""
        with self.lock:
            held, self.held = self.held, {}
        for text, source in held.values():
            self.sock.sendto(self._answer(text, status).encode(), source)

    def _answer(self, request, status=None):
        h = headers_of(request)
        status = status or (200 if request.startswith("OPTIONS ") else self.status)
        lines = [f"SIP/2.0 {status} {'OK' if status == 200 else 'Not OK'}"]
        lines += [f"Via: {v}" for v in h.get("via", [])]
        for name in ("From", "To", "Call-ID", "CSeq"):
            lines.append(f"{name}: {h.get(name.lower(), [''])[0]}"
                         + (";tag=listener" if name == "To" else ""))
        return "\r\n".join(lines + ["Content-Length: 0", "", ""])

    def received(self, pattern=".", sender=None):
        """Messages so far that match, repetitions included; from "ip:port" only."""
        with self.lock:
            return [m for m, s in zip(self.messages, self.senders)
                    if sender in (None, s) and re.search(pattern, m, re.M)]

    def forget(self):
        with self.lock:
            self.messages, self.senders = [], []

    # --- as the socket of a phone

    def address(self):
        return self.local

    def send(self, text, to):
        self.sock.sendto(text.encode(), to)

    def final(self, text, timeout):
        """The final answer to a request sent before, or None."""
        branch = re.search(r"branch=([^;,\s]+)", text).group(1)
        end = time.monotonic() + timeout
        while True:
            for m in self.received("^SIP/2.0 "):
                if status_of(m) >= 200 and branch in headers_of(m).get("via", [""])[0]:
                    return m
            self.alive()
            if time.monotonic() >= end:
                return None
            time.sleep(0.01)

    def ask(self, text, to, timeout=DEADLINE):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            self.send(text, to)
            answer = self.final(text, min(T1, end - time.monotonic()))
            if answer:
                return answer
        return None

    def close(self):
        self.running = False
        self.thread.join(2)
        self.sock.close()
