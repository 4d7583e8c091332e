# SPDX-License-Identifier: GPL-2.0-or-later
"""Phones that register all the while: in the background each one of them registers, refreshes and now
and then un-registers, one after the other, at the node where it is told to be. What they were answered is
known: that must be in the tables of all nodes that are said to have it."""
import threading
import time

from .sip import Phone, status_of
from .wait import DEADLINE, Failed

PORT = 5060
PATIENCE = 2.0  # seconds, after which an unanswered REGISTER is sent again, where the phones are then
PAUSE = 0.005   # between two REGISTERs
UNREGISTERS = 5  # every so many turns of a phone, and then it comes back


class Crowd:
    """`count` phones, crowd0 ..., at an address of their own, port by port."""

    def __init__(self, ip, count, target, expires, alive, stays):
        self.phones = [Phone(f"crowd{i}", "example.test", (ip, 6000 + i), alive=alive)
                       for i in range(count)]
        self.known = {p.user: None for p in self.phones}  # contact and CSeq that were acknowledged
        self.target, self.expires = target, expires
        self.turns, self.error, self.running = 0, None, True
        self.stays = stays  # nobody un-registers for now
        self.may_go = threading.Event()
        self.idle = threading.Lock()  # held while a REGISTER is unanswered
        self.may_go.set()
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self):
        try:
            while self.running:
                self.may_go.wait()
                with self.idle:
                    if self.running and self.may_go.is_set():
                        self._turn(self.phones[self.turns % len(self.phones)])
                        self.turns += 1
                time.sleep(PAUSE)
        except Exception as e:  # noqa: BLE001 - told where somebody asks
            self.error = e

    def _turn(self, phone):
        leaves = self.turns // len(self.phones) % UNREGISTERS == UNREGISTERS - 1 and not self.stays
        contact = f"sip:{phone.user}@%s:%d" % phone.socket.address()
        text = phone.request([f"<{contact}>"], 0 if leaves else self.expires)
        end = time.monotonic() + DEADLINE
        while True:
            answer = phone.socket.ask(text, (self.target, PORT), PATIENCE)
            if answer or not self.running or time.monotonic() > end:
                break
        if not self.running:
            return
        if not answer or status_of(answer) != 200:
            raise Failed(f"{phone.user}: {answer.splitlines()[0] if answer else 'no answer'}")
        self.known[phone.user] = None if leaves else (contact, phone.cseq)

    def check(self):
        if self.error:
            raise Failed(f"the crowd: {self.error}")

    def pause(self):
        """No REGISTER is unanswered, and none follows before resume()."""
        self.may_go.clear()
        with self.idle:
            pass
        self.check()

    def resume(self):
        self.may_go.set()

    def differs(self, table):
        """What a table has otherwise than it was acknowledged, or None."""
        for user, known in self.known.items():
            have = {(c, f["Cseq"]) for (aor, c), f in table.items() if aor == user}
            if have != ({known} if known else set()):
                return f"{user} has {sorted(have)}, acknowledged was {known}"
        return None

    def close(self):
        self.running = False
        self.may_go.set()
        self.thread.join()
        for phone in self.phones:
            phone.close()
