# SPDX-License-Identifier: GPL-2.0-or-later
"""What the script makes of expressions, assignments and pseudo-variables, made at random: only those
that doc/core-stubs.md has as covered and the same."""
from .exchange import Exchange

A_CONFIG = 40  # statements

REQUEST = ["MESSAGE sip:bob:pw@Example.test:5070;x=y SIP/2.0", 'To: "Bob" <sip:bob@example.test>;tag=t',
           "Call-ID: script-@N@", "CSeq: 17 MESSAGE", "X-One: 1", "X-Text: some text", "X-Empty:",
           "X-Two: a", "X-Two: b", "Contact: <sip:alice@192.0.2.1:5090>", "User-Agent: phone/1.0"]
# names of what there is in each route, and a value that each has had
VALUES = ["$rm", "$ru", "$rU", "$rd", "$rp", "$fu", "$fU", "$fd", "$tu", "$tU", "$td", "$tt", "$ft",
          "$ci", "$cs", "$ct", "$si", "$sp", "$ua", "$du", "$rs", "$hdr(X-One)", "$hdr(X-Text)",
          "$hdr(X-Empty)", "$hdr(X-None)", "$hdr(X-Two)", "$var(n)", "$var(m)", "$var(s)", "$var(u)",
          "$avp(a)", "$avp(none)", "$(ru{uri.user})", "$(ru{uri.host})", "$(ru{uri.port})",
          "$(fu{uri.port})", "$(hdr(X-Text){s.len})", "$(hdr(X-One){s.int})", "$(var(s){s.len})"]
NUMBERS = ["0", "1", "2", "3", "7", "10", "255", "-1", "-7", "2147483647", "$var(n)", "$var(m)"]
TEXTS = ['"text"', '"TEXT"', '""', '"12"', '"a"', '"some text"', '"bob"', '"MESSAGE"']
START = """	$var(n) = 5;
	$var(m) = -3;
	$var(s) = "some";
	$avp(a) = "first";
"""


def number(r, depth=0):
    if depth > 2 or r.random() < .4:
        return r.choice(NUMBERS)
    # not by something that may be 0, nor by more than an int has bits
    op, right = r.choice([(o, None) for o in "+-*&|^"] +
                         [("/", "3"), ("%", "4"), ("<<", "3"), (">>", "2")])
    left = number(r, depth + 1)
    right = right or number(r, depth + 1)
    return f"({left}) {op} ({right})" if r.random() < .4 else f"{left} {op} {right}"


def condition(r, depth=0):
    kind = r.random()
    if depth < 2 and kind < .25:
        both = f"{condition(r, depth + 1)} {r.choice(['&&', '||', 'and', 'or'])} " \
               f"{condition(r, depth + 1)}"
        return f"({both})" if r.random() < .5 else both
    if depth < 2 and kind < .32:
        return f"!({condition(r, depth + 1)})"
    if kind < .45:
        return r.choice(VALUES)
    if kind < .55:
        op, pattern = r.choice(["=~", "!~"]), r.choice(["^a", "b", "^$", "[0-9]", "T"])
        return f'{r.choice(VALUES)} {op} "{pattern}"'
    if kind < .6:
        return r.choice(['is_method("MESSAGE")', 'is_method("INVITE|MESSAGE")', "has_totag()",
                         'is_present_hf("X-Empty")', 'is_present_hf("x-one")', "is_myself($rd)"])
    op = r.choice(["==", "!=", "<", ">", "<=", ">="])
    if kind < .8:
        return f"{r.choice(['$var(n)', '$var(m)', '$cs', '$sp', '$rp'])} {op} " \
               f"{r.choice(NUMBERS)}"
    return f"{r.choice(VALUES)} {r.choice(['==', '!='])} {r.choice(TEXTS + VALUES + ['NULL'])}"


def statement(r, i):
    kind = r.random()
    tell = f'xlog("L_NOTICE", "@@ {i} %s\\n");'
    if kind < .3:
        return f"$var(x) = {number(r)}; " + tell % "$var(x)"
    if kind < .4:
        return f"$var(n) {r.choice(['=', '+=', '-=', '*=', '&=', '|=', '^='])} " \
               f"{r.choice(NUMBERS[:7])}; " + tell % "$var(n)"
    if kind < .45:
        return f"$var(s) = {r.choice(TEXTS)} + {r.choice(TEXTS + ['$ru', '$fu', '$rU'])}; " + \
            tell % "$var(s)"
    if kind < .6:
        return tell % r.choice(VALUES)
    if kind < .65:
        return f"switch ({r.choice(['$var(n)', '$rU', '$var(s)'])}) {{ case 5: {tell % 'five'} break; " \
               f'case "bob": {tell % "bob"} break; default: {tell % "other"} }}'
    return f"if ({condition(r)}) {tell % 'true'} else {tell % 'false'}"


class Script(Exchange):
    template, keep = "script.cfg", set()

    def rounds(self, r, count):
        self.configs, out = {}, []
        for c in range(max(1, count // A_CONFIG)):
            name = f"config {c + 1}"
            self.configs[name] = START + "".join(
                f"\t{statement(r, i)}\n" for i in range(A_CONFIG))
            out.append((name, [REQUEST]))
        return out

    def show(self, name, steps, result):
        """The statements that differ."""
        first, *others = result[1]
        print(f"--- DIFFERENT ({name})")
        statements = self.configs[name][len(START):].splitlines()
        for side, lines in zip(self.sides[1:], others):
            if len(lines) != len(first):
                print("\n".join([*first[-2:], "...", *lines[-2:]]))
            for a, b in zip(first, lines):
                if a != b:
                    number = a.split()[1] if len(a.split()) > 1 else ""
                    print(statements[int(number)] if number.isdigit() else "")
                    print(f"  {self.sides[0].name}: {a}\n  {side.name}: {b}", flush=True)
