# SPDX-License-Identifier: GPL-2.0-or-later
"""phones.c: many phones in one process. That file says what the options mean."""
import json
import subprocess

from tests.lib.wait import Failed

TIMEOUT = 900
NICE = -10  # of all that is measured, so that other programs disturb less


def prefer(process):
    """Gives a session, which is a group for the scheduler, precedence where that can be had."""
    try:
        with open(f"/proc/{process.pid}/autogroup", "w", encoding="ascii") as f:
            f.write(str(NICE))
    except OSError:
        pass


def command_line(program, server, local, users, first=0, rate=0, window=64, expires=3600, cseq=1,
                 prefix="phone", query=False, within=0, peer=None):
    line = [program, "-l", local, "-u", prefix, "-f", str(first), "-n", str(users),
            "-r", str(rate), "-w", str(window), "-e", str(expires), "-c", str(cseq)]
    if query:
        line += ["-q", "-x", str(within)]
    if peer:
        line += ["-p", peer]
    return [*line, server]


class Phones:
    """A run of phones that goes on in the background."""

    def __init__(self, *args, **kwargs):
        self.process = subprocess.Popen(command_line(*args, **kwargs), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        start_new_session=True)
        prefer(self.process)

    def result(self):
        """What it says at its end. The times `answer_ms` and `visible_ms` are sorted."""
        try:
            out, errors = self.process.communicate(timeout=TIMEOUT)
        finally:
            self.close()
        if self.process.returncode != 0:
            raise Failed(errors.decode().strip())
        return json.loads(out)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def run(*args, **kwargs):
    return Phones(*args, **kwargs).result()


def percentile(values, p):
    """Of sorted values; None if there are none."""
    return values[min(len(values) - 1, int(len(values) * p / 100))] if values else None
