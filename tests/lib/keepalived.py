# SPDX-License-Identifier: GPL-2.0-or-later
"""keepalived at one host of a site: a process of its own, with its files in the host's directory."""
import os
import re
import signal
import subprocess

from .node import kill_group
from .wait import DEADLINE, Failed


class Keepalived:
    """`text`: its configuration."""

    def __init__(self, place, directory, text):
        self.place, self.dir, self.text = place, directory, text
        self.log = os.path.join(directory, "keepalived.log")
        self.process = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("keepalived.conf"), "w", encoding="utf-8") as f:
            f.write(self.text)
        command = [*self.place.prefix, "keepalived", "--vrrp", "--dont-fork", "--log-console", "--log-detail",
                   "--no-syslog", f"--use-file={self.path('keepalived.conf')}",
                   f"--pid={self.path('keepalived.pid')}", f"--vrrp_pid={self.path('vrrp.pid')}"]
        with open(self.log, "ab") as log:
            try:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                cwd=self.dir, start_new_session=True)
            except FileNotFoundError:
                raise Failed("keepalived is not installed") from None

    def check(self):
        if self.process and self.process.poll() is not None:
            raise Failed(f"keepalived has ended (exit code {self.process.returncode}): {self.said()[-400:]}")

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def state(self):
        """MASTER, BACKUP or FAULT; "" before it has said."""
        found = re.findall(r"Entering (MASTER|BACKUP|FAULT) STATE", self.said())
        return found[-1] if found else ""

    def stop(self):
        """As an operator does: it gives the address away."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise Failed("keepalived does not end on SIGTERM") from None
        finally:
            self.forget()

    def forget(self):
        """Whatever is left of it ends, and its pid files."""
        if self.process:
            kill_group(self.process)
            self.process.wait()
            self.process = None
        for name in ("keepalived.pid", "vrrp.pid"):
            if os.path.exists(self.path(name)):
                os.unlink(self.path(name))
