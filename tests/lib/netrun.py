# SPDX-License-Identifier: GPL-2.0-or-later
"""What a runner of scenarios in network namespaces does besides running them: it becomes root,
sees whether this machine can do it, and leaves nothing behind, however it ends."""
import os
import shutil
import signal
import sys
import tempfile

from . import netns, runner
from .wait import Failed


def become_root():
    if os.geteuid() != 0 and shutil.which("sudo"):
        keep = [f"{k}={os.environ[k]}" for k in ("BUILD", "TEST_DEADLINE", "PATIENCE") if k in os.environ]
        os.execvp("sudo", ["sudo", *keep, sys.executable, *sys.argv])


def sweep():
    """Removes what a run has left whose machine or watchdog was ended badly."""
    for name in netns.names():
        pid = name.removeprefix(netns.PREFIX).split("-")[0]
        if name.startswith(netns.PREFIX) and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            netns.remove_all(f"{netns.PREFIX}{pid}-")


def main(home, scenario, network, jobs, able=None):
    """Runs the scenarios of the directory `home`; the exit code. The rest as in runner.Suite.
    `able`: called with an empty directory; Failed if this machine lacks something more."""
    become_root()
    suite = runner.Suite(home, scenario, network, jobs)
    args = runner.options(suite)
    try:
        sweep()
        netns.check_able()
        if able:
            with tempfile.TemporaryDirectory() as directory:
                able(directory)
    except Failed as e:
        print(f"CANNOT RUN: this machine does not let us build networks to test in: {e}")
        print(f"0 passed, {len(runner.cases(suite, args))} failed")
        return 1
    suite.directory = tempfile.mkdtemp(prefix=f"{os.path.basename(home)}-{os.getpid()}-")

    def clean():
        if not args.keep:
            shutil.rmtree(suite.directory, ignore_errors=True)
    watchdog = netns.Watchdog(f"{netns.PREFIX}{os.getpid()}-", clean)

    def interrupted(signum, _frame):
        runner.printing.acquire(timeout=1)  # no more verdicts
        try:
            print("interrupted, cleaning up", flush=True)
        except OSError:
            pass  # nobody reads any more; with an exception from here the lock would stay held for ever
        watchdog.finish()
        os._exit(128 + signum)
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, interrupted)
    try:
        return runner.run(suite, args)
    finally:
        watchdog.finish()
