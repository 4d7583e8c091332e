# SPDX-License-Identifier: GPL-2.0-or-later
"""Location tables, as ul_dump tells them, and their comparison contact by contact."""
import collections
import time

# What belongs to a contact wherever it is. ContactID and State are a node's own affair.
FIELDS = ("Received", "Path", "Q", "Cseq", "Callid", "User-agent", "Methods", "SIP_instance",
          "Flags", "Cflags", "Attr", "Socket")
# Seconds: rounding on both sides, and how late what came is thought to be. Where the machine stands
# still that is known to a second or two; a node that has just started does not know it at all, and
# may get what was sent before it died and is repeated, for as long as transactions live (5 s).
EXPIRES_SLACK = 6


def table_of(node, domain="location"):
    """{(aor, contact): fields} of a node; "_until" is when it expires on this machine's clock,
    as a dump of a large table takes time. Where usrloc matches by Call-ID there may be several of
    one contact; then the Call-ID is part of its name."""
    now = time.monotonic()
    told = list(node.contacts(domain))
    times = collections.Counter((aor, c["Contact"]) for aor, c in told)
    contacts = {}
    for aor, c in told:
        if times[aor, c["Contact"]] > 1:
            c["Contact"] += f" {c['Callid']}"
        if c.get("Cflags"):  # names, in an order of each node's own
            c["Cflags"] = " ".join(sorted(c["Cflags"].split()))
        contacts[aor, c["Contact"]] = c
        if isinstance(c.get("Expires"), int):
            c["_until"] = now + c["Expires"]
    return contacts


def same_expiry(a, b, slack):
    if "_until" in a and "_until" in b:
        return abs(a["_until"] - b["_until"]) <= slack
    return a.get("Expires") == b.get("Expires")


def differences(a, b, fields=FIELDS, slack=EXPIRES_SLACK):
    """What differs between two tables, as sentences. None left out, in a fixed order."""
    out = []
    for key in sorted(set(a) | set(b)):
        if key not in a or key not in b:
            out.append(f"{key[0]} {key[1]}: only in the {'second' if key not in a else 'first'}")
            continue
        for f in fields:
            if a[key].get(f) != b[key].get(f):
                out.append(f"{key[0]} {key[1]}: {f} is {a[key].get(f)!r} and {b[key].get(f)!r}")
        if not same_expiry(a[key], b[key], slack):
            out.append(f"{key[0]} {key[1]}: Expires is {a[key].get('Expires')!r} and "
                       f"{b[key].get('Expires')!r}")
    return out


def tables_equal(nodes, count=None, fields=FIELDS, slack=EXPIRES_SLACK, domain="location"):
    """(True, tables) if all nodes have the same table (of that many contacts), else
    (False, what differs): a condition for wait_for(). Of the fields those count that all of the
    nodes keep."""
    fields = [f for f in fields if all(f in n.FIELDS for n in nodes)]
    tables = [table_of(n, domain) for n in nodes]
    if count is not None:
        for n, t in zip(nodes, tables):
            if len(t) != count:
                return False, f"{n.name} has {len(t)} contacts, not {count}"
    for n, t in zip(nodes[1:], tables[1:]):
        diff = differences(tables[0], t, fields, slack)
        if diff:
            return False, f"{nodes[0].name} and {n.name}, {len(diff)} differences: {diff[0]}"
    return True, tables
