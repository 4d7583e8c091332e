# SPDX-License-Identifier: GPL-2.0-or-later
"""A node that is another program: Kamailio, as Debian packages it. A plain peer, never more.

It is asked over JSON-RPC on HTTP, at its own SIP port, and its contacts are told in the words of
OpenSIPS's ul_dump, so that the steps of scenarios are the same for both."""
import os
import re
import shutil
import socket

from .mi import HttpMI, MIError, MIUnreachable
from .net import HERE
from .node import Node
from .wait import DEADLINE, Failed

PORT = 5060
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

# Its name of a field, by that of OpenSIPS.
NAMES = {"Contact": "Address", "Expires": "Expires", "Callid": "Call-ID", "Cseq": "CSeq",
         "User-agent": "User-Agent", "Received": "Received", "Path": "Path",
         "SIP_instance": "Instance", "Socket": "Socket"}
NOT_SET = "[not set]"


def contact_of(told):
    """A contact of its ul.dump with the names and forms of OpenSIPS's; what is not set is left out."""
    out = {ours: told[theirs] for ours, theirs in NAMES.items()
           if told.get(theirs, NOT_SET) != NOT_SET}
    out["Q"] = f"{told['Q']:.3g}" if told["Q"] >= 0 else ""
    return out


class Kamailio(Node):
    """Started, ended and asked as a node of OpenSIPS is."""

    # What it keeps of a contact as it came. Methods it numbers in its own way, of Sock-Info it
    # knows nothing, and branch flags and attributes do not go to plain peers at all.
    FIELDS = ("Received", "Path", "Q", "Cseq", "Callid", "User-agent", "SIP_instance")

    # Ending, it says CRITICAL of processes that have ended before others.
    BAD_LOG = re.compile(r"\bBUG\b|segfault|core dumped|ERROR:")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.place is not HERE:
            raise Failed("Kamailio runs in scenarios on this machine's own network only")
        self.mi = HttpMI(f"http://{self.ip}:{PORT}/RPC")

    def command(self, cfg):
        program = shutil.which("kamailio", path=PATH)
        if not program:
            raise Failed("there is no kamailio: scripts/setup --all installs it")
        return [program, "-DD", "-E", "-f", cfg, "-m", str(self.memory), "-M", "8",
                "-Y", self.dir, "-w", self.dir]

    def responds(self):
        try:
            with socket.create_connection((self.ip, PORT), DEADLINE):
                pass
            self.mi.call("core.uptime")
        except (MIUnreachable, MIError, OSError) as e:
            return False, e
        return True, None

    def contacts(self, domain):
        for d in self.mi.call("ul.dump")["Domains"]:
            if d["Domain"]["Domain"] != domain:
                continue
            for aor in d["Domain"]["AoRs"]:
                for c in aor["Info"]["Contacts"]:
                    yield aor["Info"]["AoR"], contact_of(c["Contact"])
