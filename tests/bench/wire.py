# SPDX-License-Identifier: GPL-2.0-or-later
"""The network of the benchmark: a namespace of its own with nothing but loopback, in which bytes
between nodes are counted, and taken away, by nftables. The same for all that are compared."""
import json
import os
import shutil
import subprocess
import sys

from tests.lib.netns import command
from tests.lib.wait import Failed

INSIDE = "REG_REPLICATE_BENCH_INSIDE"
NODES = "1-80"     # last parts of the addresses of nodes
RELAYS = "200-203"  # and of relays; all others are phones


def enter():
    """Starts this program anew in a network namespace of its own, unless it is in one."""
    if os.environ.get(INSIDE):
        command("ip", "link", "set", "lo", "up")
        return
    prefix = []
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            sys.exit("the benchmark needs root, or sudo, for a network namespace")
        prefix = ["sudo"]
    for program in ("unshare", "nft", "ip"):
        if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
            sys.exit(f"the benchmark needs {program}")
    arguments = [*prefix, "env", f"{INSIDE}=1", "unshare", "--net", sys.executable, *sys.argv]
    os.execvp(arguments[0], arguments)


def nft(text):
    command("nft", "-f", "-", given=text)


class Net:
    """127.0.N.0/24: the addresses of one group of nodes. Host 1 is the node that phones register
    at, 2 the peer that is looked at, 9 a peer that does not exist."""

    def __init__(self, number):
        self.number = number
        base = f"127.0.{number}."

        def those(hosts):
            first, last = hosts.split("-")
            return f"{base}{first}-{base}{last}"
        others = f"{{ {those(NODES)}, {those(RELAYS)} }}"
        nft(f"""table ip n{number}
delete table ip n{number}
table ip n{number} {{
	counter to {{ }}
	counter from {{ }}
	chain faults {{
		type filter hook input priority -10; policy accept;
	}}
	chain count {{
		type filter hook input priority 0; policy accept;
		ip saddr {others} ip daddr {self.ip(2)} counter name to
		ip saddr {self.ip(2)} ip daddr {others} counter name from
	}}
}}
""")

    def ip(self, host):
        return f"127.0.{self.number}.{host}"

    def _drop(self, *what):
        rule = f"add rule ip n{self.number} faults "
        nft("".join(f"{rule}{x} drop\n" for x in what))

    def black_hole(self, host):
        """What is sent there vanishes."""
        self._drop(f"ip daddr {self.ip(host)}")

    def cut(self, a, b):
        """Nothing goes between a and b."""
        self._drop(*(f"ip saddr {self.ip(x)} ip daddr {self.ip(y)}" for x, y in ((a, b), (b, a))))

    def heal(self):
        nft(f"flush chain ip n{self.number} faults\n")

    def counted(self):
        """(bytes, packets) so far that node 2 and other nodes, or relays, got from each other."""
        listed = json.loads(command("nft", "-j", "list", "counters", "table", "ip",
                                    f"n{self.number}"))
        counters = [x["counter"] for x in listed["nftables"] if "counter" in x]
        if len(counters) != 2:
            raise Failed(f"nft lists {len(counters)} counters, not 2")
        return sum(c["bytes"] for c in counters), sum(c["packets"] for c in counters)

    def close(self):
        command("nft", "delete", "table", "ip", f"n{self.number}")


class Relay:
    """relay.c between hosts 1 and 2 of a net, on a port. It is host 200 for 1, and 201 for 2."""

    AS_1, AS_2 = 201, 200

    def __init__(self, program, net, port, cut_after=0, segment=1460, mbit=1000):
        """`cut_after`: bytes after which it cuts all connections for three seconds; 0: never."""
        ips = [net.ip(h) for h in (1, 2, self.AS_1, self.AS_2)]
        self.process = subprocess.Popen(
            [program, *ips, str(port), str(segment), str(mbit), str(cut_after)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise Failed("the relay does not start")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
