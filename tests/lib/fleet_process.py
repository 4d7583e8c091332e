# SPDX-License-Identifier: GPL-2.0-or-later
"""The process of fleet.py: phones, told what to do by lines on its standard input."""
import ctypes
import itertools
import json
import os
import resource
import socket
import sys
import time

import ua

CLONE_NEWNET = 0x40000000


class Phones:
    """All phones, in groups; their calls, in sets."""

    def __init__(self):
        self.loop = ua.Loop()
        self.groups, self.calls, self.sets = {}, {}, {}
        self.rest = b""
        self.waiting = None      # what is being waited for: a text
        self.loop.watch(0, self._commands)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def _commands(self):
        data = os.read(0, 65536)
        if not data:
            sys.exit(0)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            command = json.loads(line)
            try:
                getattr(self, "do_" + command.pop("do"))(**command)
            except Exception as e:  # noqa: BLE001 - told to the one who asked
                self._say(error=f"{type(e).__name__}: {e}")

    def _say(self, **answer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
        self.waiting = None

    def _paced(self, things, rate, start):
        """start(thing) for each, so many a second."""
        things, began = iter(things), time.monotonic()
        done = 0

        def some():
            nonlocal done
            while done < (time.monotonic() - began) * rate + 1:
                thing = next(things, None)
                if thing is None:
                    return
                done += 1
                start(thing)
            self.loop.after(max(0.001, 1 / rate), some)
        some()

    def do_add(self, group, netns, ip, port, count, prefix, server, domain, first=0):
        """Phones prefix0 .. at one address, each with a port of its own from `port` on."""
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(netns, os.O_RDONLY)
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(fd):
            if libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        enter(there)
        try:
            phones = self.groups.setdefault(group, [])
            for i in range(count):
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
                s.bind((ip, port + i))
                phones.append(ua.Phone(self.loop, f"{prefix}{first + i}", domain, s, tuple(server), self.calls))
        finally:
            enter(here)
            os.close(here)
            os.close(there)
        self._say(ok=len(phones))

    def do_register(self, group, expires=3600, rate=500, wait=True):
        """All phones of a group register once; answered when all have an answer, or at once."""
        phones = self.groups[group]
        codes, left = {}, len(phones)
        if wait:
            self.waiting = "registrations"
        else:
            self._say(ok=None)

        def one(phone):
            def done(code):
                nonlocal left
                codes[code] = codes.get(code, 0) + 1
                left -= 1
                if not left and wait:
                    self._say(ok={"codes": codes})
            phone.register(expires, done)
        self._paced(phones, rate, one)

    def do_call(self, name, caller, to, count=None, rate=100, first=0):
        """Phones of the group `caller` call those of `to`, one after the other; answered at once. `count` 0: again
        and again, until `enough`."""
        callers, callees = self.groups[caller], self.groups[to]
        calls = self.sets[name] = []
        n = len(callees) if count is None else count
        self.sets[name, "size"] = n

        def pairs():
            for i in range(n) if n else itertools.count():
                if self.sets[name, "size"] != n:
                    return
                yield callers[i % len(callers)], callees[(first + i) % len(callees)].user
        self._paced(pairs(), rate, lambda p: calls.append(p[0].call(p[1], lambda _call: None)))
        self._say(ok=n)

    def do_enough(self, name):
        """No more calls of this set are begun."""
        self.sets[name, "size"] = len(self.sets[name])
        self._say(ok=None)

    def do_wait(self, name, state):
        """Until all calls of a set are `ringing`, `final` (answered or failed), `confirmed` (the callee
        has the ACK, or the call failed) or `ended`."""
        how = {"ringing": lambda c: c.ringing or c.code, "final": lambda c: c.code,
               "confirmed": lambda c: c.confirmed or c.code >= 300, "ended": lambda c: c.ended}[state]
        self.waiting = (name, state, how)

        def look():
            if len(self.sets[name]) == self.sets[name, "size"] and all(how(c) for c in self.sets[name]):
                self._say(ok=self._codes(name))
            else:
                self.loop.after(0.01, look)
        look()

    def _codes(self, name):
        codes = {}
        for c in self.sets[name]:
            codes[c.code] = codes.get(c.code, 0) + 1
        return codes

    def do_stuck(self):
        out = "?"
        if isinstance(self.waiting, tuple):
            name, state, how = self.waiting
            late = [c.record() for c in self.sets[name] if not how(c)]
            out = f"{len(late)} calls not {state}, the first: {late[:1]}"
        sys.stdout.write(json.dumps(out) + "\n")
        sys.stdout.flush()

    def do_calls(self, name):
        """All records of a set."""
        self._say(ok=[c.record() for c in self.sets[name]])

    def do_behave(self, group, ring=0.0, ring_limit=None):
        for p in self.groups[group]:
            p.ring, p.ring_limit = ring, ring_limit
        self._say(ok=None)

    def _phone_of(self, call, side):
        return call.caller if side == "caller" else self.by_user()[call.callee]

    def by_user(self):
        return {p.user: p for phones in self.groups.values() for p in phones}

    def do_answer(self, name):
        """Those that ring take their calls."""
        users = self.by_user()
        for c in self.sets[name]:
            if "callee" in c.legs:
                users[c.callee].answer(c.legs["callee"])
        self._say(ok=None)

    def do_inside(self, name, side, method, rate=200):
        """INVITE, BYE or CANCEL by caller or callee in all calls of a set that stand (CANCEL: that do not
        yet); answered when all have an answer: {code: count}."""
        users = self.by_user()
        calls = [c for c in self.sets[name] if (not c.code if method == "CANCEL" else
                                                c.code == 200 and not c.ended and side in c.legs)]
        codes, left = {}, len(calls)
        self.waiting = f"{method} by {side}"
        if not calls:
            raise ValueError("no such calls")

        def one(call):
            def done(code):
                nonlocal left
                codes[code] = codes.get(code, 0) + 1
                left -= 1
                if method == "BYE":
                    call.ended = call.ended or time.monotonic()
                if not left:
                    self._say(ok=codes)
            phone = call.caller if side == "caller" else users[call.callee]
            if method == "CANCEL":
                phone.cancel(call, done)
            else:
                phone.inside(call.legs[side], method, done)
        self._paced(calls, rate, one)

    def do_status(self, group):
        """What the phones of a group have seen: REGISTERs sent, pings got, addresses that wrote to them."""
        phones = self.groups[group]
        self._say(ok={"registers": sum(p.sent_registers for p in phones),
                      "pings": [len(p.pings) for p in phones],
                      "registered": {p.user: p.registered for p in phones},
                      "sources": sorted({s for p in phones for s in p.sources})})


if __name__ == "__main__":
    phones_here = Phones()
    while True:
        phones_here.loop.turn()
