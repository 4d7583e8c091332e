# SPDX-License-Identifier: GPL-2.0-or-later
"""What a registrar makes of REGISTERs, and of requests for who has registered.

A round is a list of steps about one user; a step is a request as a list of lines, in which @U@ is
the user and @N@ a number of its own, which is in all its AoRs. After each step: what was answered
and sent, what the script says of save() and lookup(), and what is in usrloc of it.

Not made: no-reply, since what it would have told of contacts is in the next answer to a refused
REGISTER that OpenSIPS's process sends, whoever's that is; only-request-contacts, since with contacts
in three header fields that process may never come back, with the AoR locked; path-received,
since once such a REGISTER was refused, that process gives its address to all contacts that have none;
sips: without a port, as which one that is depends on the socket."""
import json

from .exchange import Exchange

# Variants of the configuration: lines of @PARAMS@
CONFIGS = {
    "plain": "",
    "limits": """modparam("registrar", "min_expires", 100)
modparam("registrar", "max_expires", 3000)
modparam("registrar", "default_expires", 500)
modparam("registrar", "max_contacts", 3)
modparam("registrar", "default_q", 300)
modparam("registrar", "case_sensitive", 0)
modparam("registrar", "retry_after", 7)
modparam("usrloc", "desc_time_order", 1)
""",
    "domain": """modparam("usrloc", "use_domain", 1)
modparam("usrloc", "matching_mode", 1)
modparam("usrloc", "cseq_delay", 0)
modparam("registrar", "allow_dup_cseq", 1)
modparam("registrar", "received_param", "rcvd")
modparam("registrar", "sock_hdr_name", "X-Sock")
modparam("registrar", "max_username_len", 20)
modparam("registrar", "max_domain_len", 20)
modparam("registrar", "max_aor_len", 30)
""",
}

KEEP = {"contact", "path", "route", "to", "supported", "require", "unsupported", "retry-after",
        "min-expires", "warning", "expires", "p-registrar-error"}

# --- made at random ------------------------------------------------------------------------

USERS = ["@U@"] * 8 + ["Joe@U@", "a%40@U@", "%41b@U@", "a.b-c_~!*'()@U@", "@U@;phone", "@U@:secret"]
DOMAINS = ["example.test"] * 6 + ["Example.TEST", "[::1]", "@NET@.1", "example.test:5060",
                                  "example.test:5070"]
EXPIRES = ["0", "1", "60", "99", "100", "101", "3000", "3001", "7200", "1000000", "2147483647",
           "2147483648", "4294967295", "4294967296", "99999999999", "-1", "+60", "60abc", "abc", "",
           " 60 ", "060", "0x10", "6 0", '"60"', "60,70"]
QS = ["1", "0", "0.5", "0.50", "0.500", "1.0", "1.000", "0.1", ".5", "0.", "0.999", "0.001", "1.1",
      "2", "-1", "abc", "", "0.5555", '"0.5"']
PATHS = ["<sip:@NET@.100:5062;lr>", "<sip:@NET@.100:5062;lr>,<sip:edge.test;lr>",
         "sip:@NET@.100:5063;lr", "<sip:p@@NET@.100:5063;lr;received=sip:192.0.2.1:77>",
         "<sip:@NET@.100:5062;lr;received=sip%3a192.0.2.1%3a77%3btransport%3dtcp>",
         '"P" <sip:@NET@.100:5062;lr>;x=y', "<sip:@NET@.100:5062>", "garbage", "<>",
         "<sip:@NET@.100:5062;lr;ob>"]
FLAGS = ["memory-only", "socket-header", "path-strict", "path-lazy", "path-off",
         "force-registration", "max-contacts=1", "max-contacts=2", "max-contacts=0",
         "min-expires=70", "max-expires=90", "matching-mode=0", "matching-mode=1",
         "matching-mode=<rinstance>"]
UAS = ["phone/1.0", "x" * 300, "", 'a "quoted" <thing>; yes']
URI_PARAMS = ["", ";transport=udp", ";transport=UDP", ";transport=tcp", ";rinstance=1", ";ob", ";lr",
              ";rinstance=2", ";x=%20", ";maddr=@NET@.100", ";user=phone"]
CONTACT_PARAMS = ['+sip.instance="<urn:uuid:1>"', '+sip.instance="<urn:uuid:2>"', "+sip.instance=x",
                  '+sip.instance=""', "reg-id=1", 'methods="INVITE, ACK"', 'methods="FOO"',
                  "methods=INVITE", "received=sip:192.0.2.9:99", 'received="sip:192.0.2.9:99"',
                  "x=y", "x", 'x="a;b,c>"', "EXPIRES=200", "Q=0.3", "expires", "q",
                  "rcvd=sip:192.0.2.7"]
NAMES = [""] * 6 + ['"A, B" ', '"x\\"y" ', "Joe ", "Joe Doe ", '""']
STARS = ["Contact: *", "m:*", "Contact: *;expires=0", "Contact: <*>"]
SUPPORTED = ["Supported: path", "Supported: gruu, path", "k: path", "Supported: x", "Require: path",
             "Require: x", "Proxy-Require: x", "Supported: outbound,path", "Supported: PATH"]
EXTRA = ["X-Nat: 1", "X-Flag: 1", "X-Attr: some attr", "X-Attr:", "X-AoR: @U@",
         "X-AoR: sip:other@U@@example.test", "X-Sock: udp:@NET@.1:5070", "X-Sock: udp:192.0.2.1:1",
         "X-Sock: x"]
ALLOW = ["Allow: INVITE, ACK, BYE", "Allow:", "Allow: FOO", "Allow: INVITE,,ACK", "Allow: invite"]


def uri(r):
    host = r.choice(["@NET@.100"] * 9 + ["phone.invalid", "[::1]", "PHONE.invalid"])
    port = r.choice(["", ":5060", ":5061", ":5062", ":5063", ":05061"])
    user = r.choice(["@U@"] * 5 + ["a", "A", "a%62", "ab", "@U@:pw", "", "%zz"])
    scheme = r.choice(["sip"] * 12 + ["sips", "SIP", "tel"])
    if scheme == "tel":
        return "tel:+4912345" + r.choice(["", ";phone-context=example.test"])
    if scheme == "sips":
        port = port or ":5061"
    params = "".join(r.sample(URI_PARAMS, r.choice([0, 0, 1, 2])))
    headers = r.choice([""] * 10 + ["?X=y"])
    return f"{scheme}:{user}{'@' if user else ''}{host}{port}{params}{headers}"


def contact(r):
    params = []
    if r.random() < .4:
        params.append(f"expires={r.choice(EXPIRES)}")
    if r.random() < .4:
        params.append(f"q={r.choice(QS)}")
    if r.random() < .2:
        params.append(r.choice(CONTACT_PARAMS))
    r.shuffle(params)
    name, target = r.choice(NAMES), uri(r)
    if not name and r.random() < .1:
        return ";".join([target, *params])  # what is behind belongs to the contact
    blank = r.choice(["", "", "", " "])
    return f"{name}<{target}>" + "".join(f"{blank};{blank}{p}" for p in params)


def contacts(r, seen):
    """Lines of Contact; those seen before come again."""
    if r.random() < .07:
        return [r.choice(STARS)]
    out = []
    for _ in range(r.choice([0, 1, 1, 1, 1, 1, 2, 2, 3, 5])):
        if seen and r.random() < .5:
            c = r.choice(seen)
            if r.random() < .5:
                c = c.partition(">")[0] + ">" * (">" in c) + \
                    r.choice(["", ";expires=0", ";q=0.2", ";expires=300"])
        else:
            c = contact(r)
        seen.append(c)
        out.append(c)
    name = r.choice(["Contact", "Contact", "Contact", "m", "CONTACT", "Contact "])
    if out and r.random() < .5:
        return [f"{name}: " + r.choice([", ", ",", " , ", ",\r\n "]).join(out)]
    return [f"{name}: {c}" for c in out]


def address(r, state):
    if state["tel"]:
        return f"tel:+49@N@{r.choice(['', ';x=y'])}"
    user, domain = state["user"], state["domain"]
    if r.random() < .05:
        user = user.upper()
    if r.random() < .05:
        domain = r.choice(DOMAINS)
    return f"sip:{user}@{domain}"


def register(r, seen, state):
    if r.random() < .85:
        state["cseq"] += 1
    elif r.random() < .3:
        state["cseq"] = max(0, state["cseq"] - 1)
    if r.random() < .1:
        state["callid"] = r.choice(["c1", "c2", "c3@host"])
    name, params = r.choice(["", "X ", '"Q" ']), r.choice([""] * 5 + [";x=y", ";tag=a"])
    lines = [f"REGISTER sip:{r.choice(['example.test', 'Example.TEST', state['domain']])} SIP/2.0",
             f"To: {name}<{address(r, state)}>{params}",
             f"Call-ID: {state['callid']}-@N@",
             f"CSeq: {state['cseq']} REGISTER"]
    lines += contacts(r, seen)
    if r.random() < .5:
        lines.append(f"Expires: {r.choice(EXPIRES)}")
    if r.random() < .25:
        for _ in range(r.choice([1, 1, 2])):
            lines.append(f"{r.choice(['Path', 'PATH'])}: {r.choice(PATHS)}")
    if r.random() < .4:
        lines.append("X-Flags: " + ",".join(r.sample(FLAGS, r.choice([1, 1, 2, 3]))))
    for chance, some in ((.25, SUPPORTED), (.15, EXTRA), (.15, ALLOW),
                         (.3, [f"User-Agent: {ua}" for ua in UAS])):
        if r.random() < chance:
            lines.append(r.choice(some))
    return lines


def request(r, state):
    ruri = address(r, state) + r.choice(["", "", "", ";transport=tcp", ";x=y"])
    lines = [f"MESSAGE {ruri} SIP/2.0", "To: <sip:x@y>", "Call-ID: m-@N@", "CSeq: 1 MESSAGE"]
    return lines + r.sample(["X-Registered: 1", "X-Serial: 1", "X-Relay: 1", "X-Lookup: no-branches",
                             "X-Lookup: method-filtering"], r.choice([0, 0, 1, 2]))


def rounds(r, count):
    """[(configuration, [step])]"""
    out = []
    for _ in range(count):
        state = {"user": r.choice(USERS), "domain": r.choice(DOMAINS), "tel": r.random() < .04,
                 "cseq": r.choice([1, 5, 100]), "callid": "c1"}
        seen, steps = [], []
        for _ in range(r.choice([1, 2, 3, 4])):
            if steps and r.random() < .1:
                steps.append(steps[-1])  # the same once more
            else:
                steps.append(register(r, seen, state))
            if r.random() < .6:
                steps.append(request(r, state))
        out.append((r.choice(list(CONFIGS)), steps))
    return out


# --- what is looked at ---------------------------------------------------------------------

NOT_SAME = ("ContactID", "Last-modified", "Latency", "Shtag", "KV-Store")


def table(side, number):
    """Lines of what is in usrloc of a round."""
    out = []
    for d in side.mi("ul_dump")["Domains"]:
        for aor in sorted(d["AORs"], key=lambda a: a["AOR"]):
            if str(number) not in aor["AOR"]:
                continue
            out.append(side.neutral(f"  {d['name']}: {aor['AOR']}"))
            for c in aor["Contacts"]:
                row = {k: v for k, v in c.items() if k not in NOT_SAME}
                if isinstance(row["Expires"], int):
                    row["Expires"] = f"<{row['Expires']} s>"
                out.append(side.neutral("    " + json.dumps(row, sort_keys=True)))
    return out


class Register(Exchange):
    template, configs, keep = "registrar.cfg", CONFIGS, KEEP
    rounds = staticmethod(rounds)

    def look(self, side, number):
        return ["table:", *table(side, number)]

    def clear(self, side):
        for d in side.mi("ul_dump")["Domains"]:
            for aor in d["AORs"]:
                side.mi("ul_rm", {"table_name": d["name"], "aor": aor["AOR"]})
