# SPDX-License-Identifier: GPL-2.0-or-later
"""User agents over UDP, as RFC 3261 wants them: they register, call, ring, answer, hang up.

Many of them live in one process (fleet.py), each with a socket of its own. A phone sends nothing
that it is not told to send: no REGISTER by itself, no keep-alive. What it knows of a call it writes
into the call's record, which caller and callee share, and which is found by the Call-ID."""
import heapq
import itertools
import re
import select
import time
import uuid

T1, T2, TIMER_B = 0.5, 4.0, 32.0
COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length"}
TAG = re.compile(r";\s*tag=([^;\s>]+)")
BRANCH = re.compile(r"branch=([^;,\s]+)")
URI = re.compile(r"<([^>]+)>")
HOST = re.compile(r"sips?:(?:[^@>;]*@)?([\d.]+)(?::(\d+))?")


class Loop:
    """Sockets that can be read, and things to do later."""

    def __init__(self):
        self.epoll, self.readers, self.later = select.epoll(), {}, []
        self.count = itertools.count()

    def watch(self, fd, callback):
        self.epoll.register(fd, select.EPOLLIN)
        self.readers[fd] = callback

    def after(self, seconds, callback):
        """What it returns can be given to forget()."""
        entry = [time.monotonic() + seconds, next(self.count), callback]
        heapq.heappush(self.later, entry)
        return entry

    @staticmethod
    def forget(entry):
        if entry:
            entry[2] = None

    def turn(self):
        """Waits for something to do, and does it."""
        wait = max(0.0, self.later[0][0] - time.monotonic()) if self.later else 1.0
        for fd, _ in self.epoll.poll(min(wait, 1.0)):
            self.readers[fd]()
        now = time.monotonic()
        while self.later and self.later[0][0] <= now:
            callback = heapq.heappop(self.later)[2]
            if callback:
                callback()


class Message:
    """A request or a reply, taken apart."""

    def __init__(self, text):
        self.text = text
        head = text.partition("\r\n\r\n")[0]
        first, *lines = head.split("\r\n")
        self.headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            self.headers.setdefault(COMPACT.get(name, name), []).append(value.strip())
        self.status = int(first.split(" ", 2)[1]) if first.startswith("SIP/2.0 ") else 0
        self.method = self.one("cseq").partition(" ")[2].strip() if self.status else first.split(" ", 1)[0]
        self.cseq = int(self.one("cseq").partition(" ")[0] or 0)
        self.call_id = self.one("call-id")

    def one(self, name):
        return self.headers.get(name, [""])[0]

    def tag(self, name):
        m = TAG.search(self.one(name))
        return m.group(1) if m else ""

    def branch(self):
        m = BRANCH.search(self.one("via"))
        return m.group(1) if m else ""

    def routes(self):
        """The Record-Route entries, in the order of the message."""
        return [u for line in self.headers.get("record-route", []) for u in URI.findall(line)]

    def contact(self):
        m = URI.search(self.one("contact"))
        return m.group(1) if m else ""


def reply_to(m, status, tag, extra=()):
    lines = [f"SIP/2.0 {status} {'OK' if status == 200 else 'Answer'}"]
    lines += [f"Via: {v}" for v in m.headers.get("via", [])]
    lines += [f"Record-Route: {r}" for r in m.headers.get("record-route", [])] if status != 482 else []
    to = m.one("to")
    lines += [f"From: {m.one('from')}", f"To: {to}" + ("" if TAG.search(to) or status == 100 else f";tag={tag}"),
              f"Call-ID: {m.call_id}", f"CSeq: {m.one('cseq')}", *extra, "Content-Length: 0", "", ""]
    return "\r\n".join(lines)


class Call:
    """What became of a call. Times are those of the machine's monotonic clock; 0: it did not happen."""

    def __init__(self, caller, callee):
        self.id = f"{uuid.uuid4().hex}@{caller.local[0]}"
        self.caller, self.callee = caller, callee
        self.begun = time.monotonic()
        self.ringing = self.answered = self.confirmed = self.ended = 0.0
        self.code = 0            # final answer at the caller; 408 of its own if there was none
        self.source = None       # whence the INVITE came to the callee
        self.legs = {}           # "caller", "callee": Dialog

    def record(self):
        return {"id": self.id, "from": self.caller.user, "to": self.callee, "begun": self.begun, "ringing": self.ringing,
                "answered": self.answered, "confirmed": self.confirmed, "ended": self.ended,
                "code": self.code, "source": self.source}


class Dialog:
    """One side of a call."""

    def __init__(self, call_id, local, remote, tag, remote_tag="", target="", routes=(), cseq=0):
        self.call_id, self.local, self.remote = call_id, local, remote   # the URIs of From and To
        self.tag, self.remote_tag = tag, remote_tag
        self.target, self.routes, self.cseq = target, list(routes), cseq
        self.ack = None          # the last ACK for a 2xx: (CSeq, text, address)
        self.invite = None       # the INVITE that came in, until it is answered
        self.reply, self.again = None, None   # the last answer to an INVITE, and its repetition
        self.client = None       # the INVITE that was sent first
        self.over = False


class Client:
    """A client transaction."""

    def __init__(self, phone, text, to, done, provisional=None):
        """`done`: called with the final answer, or None if there was none in 32 s."""
        self.phone, self.text, self.to = phone, text, to
        self.done, self.provisional = done, provisional
        self.began, self.wait = time.monotonic(), T1
        self.method = text.split(" ", 1)[0]
        phone.clients[BRANCH.search(text).group(1), self.method] = self
        self.invite = self.method == "INVITE"
        self.timer = phone.loop.after(self.wait, self._repeat)
        self.final = None
        phone.send(text, to)

    def _repeat(self):
        if time.monotonic() - self.began >= TIMER_B:
            self.end(None)
            return
        self.phone.send(self.text, self.to)
        self.wait = 2 * self.wait if self.invite else min(2 * self.wait, T2)
        self.timer = self.phone.loop.after(self.wait, self._repeat)

    def end(self, m):
        if not self.final:
            self.phone.loop.forget(self.timer)
            self.final = m or True
            self.done(m)

    def answer(self, m):
        if m.status >= 300 and self.invite:
            self.phone.send(self._ack(m), self.to)
        if self.final:
            if self.invite and 200 <= m.status < 300:
                self.phone.answered_again(m)
            return
        if m.status >= 200:
            self.end(m)
            return
        if self.invite:
            self.phone.loop.forget(self.timer)
        else:
            self.wait = T2
        if self.provisional:
            self.provisional(m)

    def _ack(self, m):
        lines = self.text.split("\r\n")
        keep = [x for x in lines[1:] if x.split(":")[0] in ("Via", "Max-Forwards", "From", "Call-ID", "Route")]
        return "\r\n".join([lines[0].replace("INVITE ", "ACK ", 1), *keep, f"To: {m.one('to')}",
                            f"CSeq: {m.cseq} ACK", "Content-Length: 0", "", ""])


class Phone:
    """One user at one socket."""

    def __init__(self, loop, user, domain, sock, server, calls):
        """`calls`: {Call-ID: Call} of all phones."""
        self.loop, self.user, self.domain, self.sock = loop, user, domain, sock
        self.server, self.calls = server, calls
        self.local = sock.getsockname()
        self.uri = f"sip:{user}@{domain}"
        self.contact = f"<sip:{user}@{self.local[0]}:{self.local[1]}>"
        self.clients, self.dialogs = {}, {}
        self.register_id, self.register_cseq = f"{uuid.uuid4().hex}@{self.local[0]}", 0
        self.sent_registers, self.registered, self.pings, self.sources = 0, 0.0, [], set()
        self.ring = 0.0          # seconds until it answers; None: when it is told
        self.ring_limit = None   # seconds until it gives up ringing
        self.refusal = None      # the status by which it declines calls
        loop.watch(sock.fileno(), self._readable)

    # --- the wire ------------------------------------------------------------------

    def send(self, text, to):
        try:
            self.sock.sendto(text.encode(), to)
        except OSError:
            pass  # lost, as on the way

    def _readable(self):
        for _ in range(50):
            try:
                data, source = self.sock.recvfrom(65536)
            except OSError:
                return
            if len(data) > 4:
                self._received(Message(data.decode("utf-8", "replace")), source)

    def _received(self, m, source):
        if m.status:
            client = self.clients.get((m.branch(), m.method))
            if client:
                client.answer(m)
            return
        self.sources.add(source)
        how = {"INVITE": self._invite, "ACK": self._acked, "BYE": self._bye, "CANCEL": self._cancelled}
        if m.method == "OPTIONS":
            self.pings.append(time.monotonic())
            self.send(reply_to(m, 200, "ping"), source)
        elif m.method in how:
            how[m.method](m, source)
        else:
            self.send(reply_to(m, 405, "no"), source)

    def _request(self, method, uri, to, d, cseq, contact=True):
        remote = f"To: <{d.remote}>" + (f";tag={d.remote_tag}" if d.remote_tag else "")
        lines = [f"{method} {uri} SIP/2.0",
                 f"Via: SIP/2.0/UDP {self.local[0]}:{self.local[1]};rport;branch=z9hG4bK{uuid.uuid4().hex}",
                 *[f"Route: <{r}>" for r in d.routes], "Max-Forwards: 70",
                 f"From: <{d.local}>;tag={d.tag}", remote, f"Call-ID: {d.call_id}", f"CSeq: {cseq} {method}"]
        if contact:
            lines.append(f"Contact: {self.contact}")
        return "\r\n".join(lines + ["Content-Length: 0", "", ""]), to

    # --- registration ----------------------------------------------------------------

    def register(self, expires, done, headers=()):
        """`done(code)`: 0 if there was no answer."""
        self.register_cseq += 1
        self.sent_registers += 1
        d = Dialog(self.register_id, self.uri, self.uri, "reg")
        text, to = self._request("REGISTER", f"sip:{self.domain}", self.server, d, self.register_cseq)
        text = text.replace("Content-Length", "\r\n".join([f"Expires: {expires}", *headers, "Content-Length"]))

        def answered(m):
            if m and m.status == 200:
                self.registered = time.monotonic()
            done(m.status if m else 0)
        Client(self, text, to, answered)

    # --- calling -----------------------------------------------------------------------

    def call(self, callee, done):
        """Calls a user of the same domain; the call's record. `done(call)`: at the final answer."""
        call = Call(self, callee)
        self.calls[call.id] = call
        d = Dialog(call.id, self.uri, f"sip:{callee}@{self.domain}", uuid.uuid4().hex[:8], cseq=1)
        self.dialogs[call.id] = call.legs["caller"] = d
        text, to = self._request("INVITE", d.remote, self.server, d, 1)

        def provisional(m):
            if m.status > 100 and not call.ringing:
                call.ringing = time.monotonic()

        def final(m):
            call.code = m.status if m else 408
            if m and m.status < 300:
                call.answered = time.monotonic()
                d.remote_tag, d.target, d.routes = m.tag("to"), m.contact(), m.routes()[::-1]
                self._ack(d, m)
            else:
                call.ended, d.over = time.monotonic(), True
            done(call)
        d.client = Client(self, text, to, final, provisional)
        return call

    def cancel(self, call, done):
        """Takes back a call that has not been answered. `done(code)`."""
        invite = call.legs["caller"].client
        lines = invite.text.replace("INVITE ", "CANCEL ", 1).replace("CSeq: 1 INVITE", "CSeq: 1 CANCEL")
        text = "\r\n".join(x for x in lines.split("\r\n") if not x.startswith("Contact:"))

        def answered(m):
            if not m or m.status == 481:  # nobody knows of the call any more
                invite.end(None)
            done(m.status if m else 0)
        Client(self, text, invite.to, answered)

    @staticmethod
    def _address(d):
        m = HOST.search(d.routes[0] if d.routes else d.target)
        return m.group(1), int(m.group(2) or 5060)

    def _ack(self, d, m):
        text, to = self._request("ACK", d.target, self._address(d), d, m.cseq, contact=False)
        d.ack = (m.cseq, text, to)
        self.send(text, to)

    def answered_again(self, m):
        """A 2xx once more, or one that comes too late."""
        d = self.dialogs[m.call_id]
        if d.ack and d.ack[0] == m.cseq:
            self.send(d.ack[1], d.ack[2])
        elif not d.ack:
            d.remote_tag, d.target, d.routes = m.tag("to"), m.contact(), m.routes()[::-1]
            self._ack(d, m)
            self.inside(d, "BYE", lambda _code: None)

    def inside(self, d, method, done):
        """A request inside a dialog. `done(code)`: 0 if there was no answer."""
        d.cseq += 1

        def final(m):
            if m and m.method == "INVITE" and m.status < 300:
                d.target = m.contact() or d.target
                self._ack(d, m)
            done(m.status if m else 0)
        d.over = d.over or method == "BYE"
        text, to = self._request(method, d.target, self._address(d), d, d.cseq, contact=method == "INVITE")
        Client(self, text, to, final)

    # --- being called -------------------------------------------------------------------

    def _invite(self, m, source):
        d = self.dialogs.get(m.call_id)
        if d and m.tag("to"):
            if d.over:
                self.send(reply_to(m, 481, d.tag), source)
            elif not (d.invite and d.invite[0].cseq == m.cseq):
                d.invite, d.target = (m, source), m.contact() or d.target
                self._accept(d)
            return
        if m.tag("to"):
            self.send(reply_to(m, 481, "none"), source)
        elif d and d.invite and d.invite[0].branch() == m.branch():
            self.send(d.reply, source)
        elif d:
            self.send(reply_to(m, 482, d.tag), source)  # the same request on two ways
        else:
            self._rings(m, source)

    def _rings(self, m, source):
        d = Dialog(m.call_id, self.uri, URI.search(m.one("from")).group(1), uuid.uuid4().hex[:8],
                   m.tag("from"), m.contact(), m.routes(), 100)
        d.invite = (m, source)
        self.dialogs[m.call_id] = d
        call = self.calls.get(m.call_id)
        if call:
            call.source, call.legs["callee"] = list(source), d
        d.reply = reply_to(m, 180, d.tag, [f"Contact: {self.contact}"])
        self.send(d.reply, source)
        if self.refusal is not None:
            self.refuse(d, self.refusal)
        elif self.ring is not None:
            self.loop.after(self.ring, lambda: self.answer(d))
        if self.ring_limit is not None:
            self.loop.after(self.ring_limit, lambda: self.refuse(d, 480))

    def answer(self, d):
        """Takes the call."""
        if d.reply and d.reply.startswith("SIP/2.0 180") and not d.over:
            self._accept(d)

    def _accept(self, d):
        m, source = d.invite
        d.reply = reply_to(m, 200, d.tag, [f"Contact: {self.contact}"])
        self._repeat_reply(d, source, T1, time.monotonic())

    def refuse(self, d, status):
        if d.reply.startswith("SIP/2.0 180"):
            m, source = d.invite
            d.reply, d.over = reply_to(m, status, d.tag), True
            self._repeat_reply(d, source, T1, time.monotonic())

    def _repeat_reply(self, d, source, wait, began):
        self.send(d.reply, source)
        if time.monotonic() - began < TIMER_B:
            d.again = self.loop.after(wait, lambda: self._repeat_reply(d, source, min(2 * wait, T2), began))

    def _acked(self, m, _source):
        d = self.dialogs.get(m.call_id)
        if d and d.again:
            self.loop.forget(d.again)
            d.again = None
        call = self.calls.get(m.call_id)
        if call and d and not d.over and not call.confirmed:
            call.confirmed = time.monotonic()

    def _bye(self, m, source):
        d = self.dialogs.get(m.call_id)
        self.send(reply_to(m, 200 if d else 481, "none"), source)
        if d:
            d.over = True
            self.loop.forget(d.again)
            call = self.calls.get(m.call_id)
            if call and not call.ended:
                call.ended = time.monotonic()

    def _cancelled(self, m, source):
        d = self.dialogs.get(m.call_id)
        ours = d and d.invite and d.invite[0].branch() == m.branch()
        self.send(reply_to(m, 200 if ours else 481, d.tag if d else "none"), source)
        if ours:
            self.refuse(d, 487)
