# SPDX-License-Identifier: GPL-2.0-or-later
"""sipp as many phones."""
import os
import shutil
import subprocess
import time

from .net import HERE
from .wait import Failed

TIMEOUT = 300


def write_csv(path, rows):
    """A file for sipp's -inf: one line a call."""
    with open(path, "w", encoding="utf-8") as f:
        f.write("SEQUENTIAL\n")
        for row in rows:
            f.write(";".join(str(x) for x in row) + "\n")


def run(scenario, target, local_ip, directory, rows, name="sipp", rate=200, transport="u1",
        local_port=5060, window=1000, timeout=TIMEOUT, extra=(), alive=None,
        place=HERE):
    """Runs one call for each row; Failed if not all of them went as the scenario says."""
    if not shutil.which("sipp"):
        raise Failed("sipp is not installed")
    csv = os.path.join(directory, name + ".csv")
    errors = os.path.join(directory, name + ".errors")
    write_csv(csv, rows)
    cmd = [*place.prefix, "sipp", target, "-sf", scenario, "-inf", csv, "-m", str(len(rows)), "-r", str(rate),
           "-l", str(window), "-i", local_ip, "-p", str(local_port), "-t", transport,
           "-nostdin", "-trace_err", "-error_file", errors,
           "-timeout", f"{timeout}s", "-timeout_error", *extra]
    with open(os.path.join(directory, name + ".out"), "wb") as out:
        process = subprocess.Popen(cmd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   cwd=directory)
        try:
            code = wait(process, timeout + 30, alive)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code != 0:
        text = ""
        if os.path.exists(errors):
            with open(errors, encoding="utf-8", errors="replace") as f:
                text = f.read()[:600]
        raise Failed(f"sipp ended with {code}: not all {len(rows)} calls went well\n{text}")


def wait(process, timeout, alive):
    """Its exit code. `alive`, if given, is called meanwhile, and may raise."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            if alive:
                alive()
    raise Failed(f"sipp did not end within {timeout} s")
