# SPDX-License-Identifier: GPL-2.0-or-later
"""Kamailio from Debian's packages, with its own replication (dmq_usrloc): what to compare with."""
import os
import shutil
import signal
import subprocess

from tests.lib.node import kill_group, render
from tests.lib.wait import DEADLINE, Failed, wait_for

HOME = os.path.dirname(os.path.abspath(__file__))
DMQ = """loadmodule "dmq.so"
loadmodule "dmq_usrloc.so"
modparam("dmq", "server_address", "sip:@IP@:5060")
modparam("dmq", "notification_address", "sip:@OTHER@:5060")
modparam("dmq", "num_workers", 2)
modparam("dmq_usrloc", "enable", 1)
modparam("dmq_usrloc", "sync", 1)"""
HANDLE = """	if (is_method("KDMQ")) {
		dmq_handle_message();
		exit;
	}"""


def installed():
    return bool(shutil.which("kamailio") and shutil.which("kamcmd"))


class Kamailio:
    """One node; `other` is the address of its only peer, None: no replication."""

    def __init__(self, ip, directory, other=None, memory=1024):
        self.ip, self.dir, self.memory, self.process = ip, directory, memory, None
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(HOME, "kamailio.cfg"), encoding="utf-8") as f:
            text = f.read()
        text = text.replace("@DMQ@", DMQ if other else "").replace(
            "@HANDLE@", HANDLE if other else "")
        with open(self.path("cfg"), "w", encoding="utf-8") as f:
            f.write(render(text, {"IP": ip, "DIR": directory, "OTHER": other}))

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(
                ["kamailio", "-f", self.path("cfg"), "-DD", "-E", "-Y", self.dir,
                 "-P", self.path("pid"), "-m", str(self.memory)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for(self._answers, "start of kamailio")

    def _answers(self):
        if self.process.poll() is not None:
            raise Failed("kamailio ended while starting")
        try:
            return True, self.contacts()
        except Failed as e:
            return False, e

    def contacts(self):
        """How many contacts it holds."""
        r = subprocess.run(["kamcmd", "-s", f"unix:{self.path('ctl')}", "stats.get_statistics",
                            "usrloc:"], capture_output=True, text=True, timeout=DEADLINE,
                           check=False)
        for line in r.stdout.splitlines():
            if line.startswith("usrloc:location_contacts"):
                return int(line.split("=")[1])
        raise Failed(f"kamcmd: {r.stderr.strip()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            pass
        self.cleanup()

    def check(self):
        if self.process.poll() is not None:
            raise Failed("kamailio has ended")

    def cleanup(self):
        if self.process:
            kill_group(self.process)
            self.process.wait()
            self.process = None
