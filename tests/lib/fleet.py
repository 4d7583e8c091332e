# SPDX-License-Identifier: GPL-2.0-or-later
"""Fleet: many phones in a process of their own, which is told what to do line by line.

A phone's socket can be in any network namespace, so that the phones of several homes and their
callers are in one process, with one clock. A command is a line of JSON, and has one line as
answer; Fleet is the end of the one who commands."""
import json
import os
import select
import subprocess
import sys
import time

from .wait import DEADLINE, Failed

PROCESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fleet_process.py")


class Fleet:
    """Starts the process and talks to it."""

    def __init__(self, log):
        with open(log, "ab") as err:
            self.process = subprocess.Popen([sys.executable, PROCESS],
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err)

    def ask(self, do, alive=None, deadline=DEADLINE, **keys):
        """Does a command; its answer. `alive`: called while it is waited for, and may raise."""
        self._send({"do": do, **keys})
        end = time.monotonic() + deadline
        while not select.select([self.process.stdout], [], [], 0.2)[0]:
            if alive:
                alive()
            if time.monotonic() > end:
                raise Failed(f"phones: {do} {keys}: not done within {deadline:g} s: {self.stuck()}")
        line = self.process.stdout.readline()
        if not line:
            raise Failed("the phones have ended: see their log")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"phones: {do}: {answer['error']}")
        return answer["ok"]

    def _send(self, command):
        try:
            os.write(self.process.stdin.fileno(), json.dumps(command).encode() + b"\n")
        except BrokenPipeError:
            raise Failed("the phones have ended: see their log") from None

    def stuck(self):
        """What is not done yet."""
        self._send({"do": "stuck"})
        if select.select([self.process.stdout], [], [], 5)[0]:
            return self.process.stdout.readline().decode().strip()
        return "no answer"

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
