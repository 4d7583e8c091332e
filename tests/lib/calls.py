# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones that call each other, as steps of scenarios: user agents of ua.py in a thread of their own,
so that they answer whatever step is being done."""
import os
import queue
import re
import socket
import threading

from . import ua
from .net import HERE
from .wait import DEADLINE, Failed

FIRST_AGENT = 150  # agents have the addresses from here on

class Exchange:
    """The loop of all phones, in a thread. Nothing of theirs is touched but in there, by run()."""

    def __init__(self):
        self.loop, self.calls = ua.Loop(), {}
        self.work, self.running = queue.Queue(), True
        self.wake = os.eventfd(0)
        self.loop.watch(self.wake, self._do_work)
        self.thread = threading.Thread(target=self._main, daemon=True)
        self.thread.start()

    def _main(self):
        while self.running:
            self.loop.turn()

    def _do_work(self):
        os.eventfd_read(self.wake)
        while not self.work.empty():
            function, answer = self.work.get()
            try:
                answer.put((function(), None))
            except Exception as e:  # noqa: BLE001 - told to the one who asked
                answer.put((None, e))

    def run(self, function):
        """What the function returns, called between two events of the phones."""
        answer = queue.Queue()
        self.work.put((function, answer))
        os.eventfd_write(self.wake, 1)
        value, error = answer.get(timeout=DEADLINE)
        if error:
            raise error
        return value

    def close(self):
        self.run(lambda: setattr(self, "running", False))
        self.thread.join(DEADLINE)


class UserAgent(ua.Phone):
    """A phone that also knows what it got, and that sends by another way where it is told to."""

    def __init__(self, *args):
        super().__init__(*args)
        self.got, self.senders, self.ways = [], [], {}

    def send(self, text, to):
        super().send(text, self.ways.get(tuple(to), to))

    def _received(self, m, source):
        if not m.status:
            self.got.append(m.text)
            self.senders.append("%s:%d" % source[:2])
        super()._received(m, source)


class CallSteps:
    """Steps of scenarios; `self.uas` and `self.exchange` are theirs."""

    exchange = None

    def _start_exchange(self):
        if not self.exchange:
            self.exchange, self.uas, self.talks = Exchange(), {}, {}

    def _close_calls(self):
        if self.exchange:
            self.exchange.close()
            for agent in self.uas.values():
                agent.sock.close()
            self.exchange = None

    def _ua(self, user):
        if not self.exchange or user not in self.uas:
            raise Failed(f"there is no phone '{user}'")
        return self.uas[user]

    def _call_of(self, user):
        """The last call that a phone takes part in."""
        if user not in self.talks:
            raise Failed(f"{user} has no call")
        return self.talks[user]

    def _soon(self, condition, what):
        """Waits until condition() -> (bool, what it is now) is so; it runs among the phones."""
        return self._wait(lambda: self.exchange.run(condition), what)

    def do_ua(self, user, host, server, ring=0, refuse=None, contact=None, register=False,
              headers=(), domain="example.test", port=5060, behind=None):
        """A phone at an address, that sends to `server` (a node or address). Called, it rings, answers
        after `ring` seconds (-1: when it is told) or refuses with the status `refuse`. Once more for a
        phone that is there: what is said now counts. `register`: it registers, with
        `contact` if that is not its own address, and has to get 200. `behind`: addresses of servers
        behind 1-to-1 NAT, {told: real}."""
        self._start_exchange()
        if user not in self.uas:
            s = (self.net.place or HERE).socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.setblocking(False)
            s.bind((self.net.ip(host), port))
            to = (self.nodes[server].ip if server in self.nodes else server, 5060)
            self.uas[user] = self.exchange.run(
                lambda: UserAgent(self.exchange.loop, user, domain, s, to, self.exchange.calls))
        agent = self.uas[user]
        agent.ring, agent.refusal = (None if ring < 0 else ring), refuse
        agent.server = (self.nodes[server].ip if server in self.nodes else server, 5060)
        agent.contact = contact or agent.contact
        agent.ways = {self._host_port(self._fill(k)): self._host_port(v) for k, v in (behind or {}).items()}
        if register:
            self._register(agent, 600, headers, 200)

    def do_agent(self, node, user, expires=600, domain="example.test", status=200):
        """A phone at the next free address, that registers at a node, from then on its server."""
        self._start_exchange()
        host = FIRST_AGENT + len(self.uas)
        self.do_ua(user, host, node, domain=domain)
        self._register(self._ua(user), expires, (), status)

    def do_call(self, caller, callee, status=200, by=None):
        """A phone calls another user through its server; what is answered is hung up by the
        caller, then. `by`: the node that the INVITE comes to the callee from."""
        self.do_dial(caller, callee, status)
        if status >= 300:
            return
        source = self._call_of(caller).source
        if by and source[0] != self._node(by).ip:
            raise Failed(f"the INVITE came from {source[0]}")
        self.do_within(caller, "BYE")

    def _register(self, agent, expires, headers, status):
        codes = []
        self.exchange.run(lambda: agent.register(expires, codes.append, headers))
        self._soon(lambda: (bool(codes), "no answer"), f"{agent.user} registers")
        if codes != [status]:
            raise Failed(f"{agent.user}: answered {codes[0]}")

    @staticmethod
    def _host_port(text):
        host, _, port = text.rpartition(":")
        return host, int(port)

    def do_dial(self, user, to, code=200, wait=True):
        """Calls somebody; waits for the final answer, and where it is 200, for the ACK at the other
        side."""
        caller = self._ua(user)
        call = self.exchange.run(lambda: caller.call(to, lambda _call: None))
        self.talks[user] = call
        if to in self.uas:
            self.talks[to] = call
        if wait:
            self.do_dialled(user, code)

    def do_dialled(self, user, code):
        """The call of a phone has its final answer."""
        call = self._call_of(user)
        self._soon(lambda: (call.code != 0, "no final answer"), f"the call of {user} has an answer")
        if call.code != code:
            raise Failed(f"the call of {user}: {call.code}")
        if code == 200:
            self._soon(lambda: (call.confirmed > 0, "no ACK"), f"the call of {user} is confirmed")

    def do_rings(self, user):
        """Waits until these phones ring."""
        for name in [user] if isinstance(user, str) else user:
            agent = self._ua(name)
            self._soon(lambda a=agent: (self._ringing(a) is not None, "silent"), f"{name} rings")

    @staticmethod
    def _ringing(agent):
        for d in agent.dialogs.values():
            if d.invite and not d.over and d.reply and d.reply.startswith("SIP/2.0 180"):
                return d
        return None

    def do_take(self, user, refuse=None):
        """A phone that rings answers, or refuses with that status."""
        agent = self._ua(user)
        if refuse:
            self.exchange.run(lambda: agent.refuse(self._ringing(agent), refuse))
        else:
            self.exchange.run(lambda: agent.answer(self._ringing(agent)))

    def do_take_back(self, user):
        """The caller sends CANCEL, and gets its 200."""
        agent, call, codes = self._ua(user), self._call_of(user), []
        self._soon(lambda: (call.ringing > 0, "no 180"), f"{user} hears that it rings")
        self.exchange.run(lambda: agent.cancel(call, codes.append))
        self._soon(lambda: (bool(codes), "no answer"), f"the CANCEL of {user} is answered")
        if codes != [200]:
            raise Failed(f"CANCEL: answered {codes[0]}")

    def do_within(self, user, method, code=200):
        """A request in the dialog of a phone's call, and its answer. After BYE both sides know."""
        agent, call, codes = self._ua(user), self._call_of(user), []
        dialog = agent.dialogs[call.id]
        self.exchange.run(lambda: agent.inside(dialog, method, codes.append))
        self._soon(lambda: (bool(codes), "no answer"), f"the {method} of {user} is answered")
        if codes != [code]:
            raise Failed(f"{method}: answered {codes[0]}")
        if method == "BYE" and code == 200:
            self._soon(lambda: (call.ended > 0, "it goes on"), "the other side knows that the call is over")

    def do_heard(self, user, has, count=1, sender=None):
        """Waits until a phone has got that many requests that match, from `sender` (address:port)."""
        agent = self._ua(user)

        def look():
            n = sum(1 for m, s in zip(agent.got, agent.senders)
                    if sender in (None, s) and re.search(has, m, re.M))
            return n >= count, f"{n} requests"
        self._soon(look, f"{user} hears /{has}/")

    def do_not_heard(self, user, has):
        """None of the requests that a phone has got so far matches."""
        agent = self._ua(user)
        got = [m for m in self.exchange.run(lambda: list(agent.got)) if re.search(has, m, re.M)]
        if got:
            raise Failed(f"{user} got:\n{got[0]}")
