# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting on a condition, with a deadline that only a broken program reaches."""
import os
import time

# Generous, so that slow or busy machines and sanitizers make no difference.
DEADLINE = float(os.environ.get("TEST_DEADLINE", "120"))


class Failed(Exception):
    """A test did not get what it expected."""


def wait_for(condition, what, deadline=DEADLINE, interval=0.02):
    """Asks condition() until it returns (True, value): that value. It returns
    (False, reason) otherwise; the last reason is in the error at the deadline."""
    end = time.monotonic() + deadline
    while True:
        ok, got = condition()
        if ok:
            return got
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {deadline:g} s; last: {got}")
        time.sleep(interval)
        interval = min(interval * 1.5, 0.5)
