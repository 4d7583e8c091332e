# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests given to both sides, step by step, and the first difference, made as small as can be."""
import difflib

from tests.lib.wait import Failed

from .sides import config, same


def request(lines, number, step):
    """The text of a request: what its lines do not say is added. @CUT@: it is as it is."""
    text = "\r\n".join(lines)
    names = {x.partition(":")[0].strip().lower() for x in lines[1:]}
    more = []
    for name, short, value in (
            ("via", "v", f"SIP/2.0/UDP @NET@.100:5060;branch=z9hG4bK-{number}-{step}"),
            ("from", "f", "<sip:caller@example.test>;tag=f"), ("max-forwards", "-", "10"),
            ("content-length", "l", "0")):
        if name not in names and short not in names:
            more.append(f"{name}: {value}")
    first, _, rest = text.partition("\r\n")
    text = "\r\n".join([first, *more[:1], rest, *more[1:], "", ""])
    return text.replace("@U@", f"u{number}").replace("@N@", str(number))


def answer(message, code, tag):
    """An answer of a phone."""
    lines = [f"SIP/2.0 {code} Answer"]
    for line in message.split("\r\n\r\n")[0].split("\r\n")[1:]:
        name = line.partition(":")[0].lower()
        if name in ("via", "from", "call-id", "cseq", "record-route"):
            lines.append(line)
        if name == "to":
            lines.append(line + ("" if ";tag=" in line else f";tag={tag}"))
    return "\r\n".join([*lines, "Content-Length: 0", "", ""])


class Exchange:
    """A kind of input. What there is in a class: `template`, `configs`, `keep` (headers that are
    compared), rounds(random, count)."""

    template, configs, keep = None, {"plain": ""}, None

    def __init__(self, sides):
        self.sides = sides
        self.running = None  # name of the configuration
        self.number = 1000   # of a round

    def use(self, name):
        if self.running == name:
            return
        for side in self.sides:
            side.stop()
            side.start(config(self.template), {"PARAMS": self.configs[name]})
        self.running = name

    def look(self, side, number):
        return []

    def clear(self, side):
        pass

    def step(self, side, lines, number, index):
        """What a side does with one request."""
        try:
            return self.what_it_does(side, lines, number, index)
        except Failed as e:  # it has ended, or hangs: all begins anew
            self.running = None
            return [str(e)]

    def what_it_does(self, side, lines, number, index):
        out = []
        side.send(request(lines, number, index))
        for _ in range(8):  # phones answer, and what comes of it may go on
            side.settle()
            got = side.arrived()
            out += [f"script: {side.neutral(x)}" for x in side.logged()]
            if not got:
                break
            for port, message in got:
                out += [f"to {port}: " + x if i == 0 else x
                        for i, x in enumerate(side.told(message, self.keep))]
                if not message.startswith("SIP/2.0"):
                    side.send(answer(message, 480, f"p{port}"), port)
        return out + self.look(side, number)

    def differs(self, name, steps):
        """Plays a round; None, or (index of the step, what each side did)."""
        self.use(name)
        self.number += 1
        try:
            for i, lines in enumerate(steps):
                seen = [self.step(side, lines, self.number, i) for side in self.sides]
                if any(not same(seen[0], other) for other in seen[1:]):
                    return i, seen
            return None
        finally:
            for side in self.sides:
                if self.running:
                    self.clear(side)
                else:
                    side.kill()

    def smaller(self, name, steps, result):
        """The same difference with fewer steps, and with fewer lines in them; and what it is."""
        steps = steps[:result[0] + 1]
        for candidates in (self.without_step, self.without_line):
            again = True
            while again:
                again = False
                for fewer in candidates(steps):
                    now = self.differs(name, fewer)
                    if now:
                        steps, result, again = fewer, now, True
                        break
        return steps, result

    @staticmethod
    def without_step(steps):
        for i in range(len(steps)):
            if len(steps) > 1:
                yield steps[:i] + steps[i + 1:]

    @staticmethod
    def without_line(steps):
        for i, lines in enumerate(steps):
            for k in range(len(lines) - 1, 3, -1):
                yield [*steps[:i], lines[:k] + lines[k + 1:], *steps[i + 1:]]

    def play(self, rounds, most):
        """Plays all, those with one configuration together; number of differences."""
        found = 0
        for name in dict.fromkeys(c for c, _ in rounds):
            for steps in (s for c, s in rounds if c == name):
                result = self.differs(name, steps)
                if result is None:
                    continue
                found += 1
                self.show(name, *self.smaller(name, steps, result))
                if found >= most:
                    return found
        return found

    def show(self, name, steps, result):
        print(f"--- DIFFERENT ({name})")
        for i, lines in enumerate(steps):
            print(f"  step {i + 1}:")
            for line in lines:
                print("    | " + line.replace("\r\n", "\r\n    | "))
        first, *others = result[1]
        for side, lines in zip(self.sides[1:], others):
            print(f"  {self.sides[0].name} (-), {side.name} (+):")
            for line in difflib.ndiff(first, lines):
                if not line.startswith("?"):
                    print("    " + line)
        print(flush=True)
