# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine for programs that take one for granted: besides a network of its own it has a name
(uname -n) and directories of its own where the files of the system would be, such as /run.

It is a process that holds the namespaces and sleeps; what runs on the machine joins it. When all
processes of the network namespace are killed, as by the loss of the machine, it is gone too; the
directories stay, and boot() makes the machine again."""
import os
import shutil
import subprocess

from . import netns
from .wait import Failed

VOLATILE = ("/run", "/dev/shm")  # what does not outlive the machine

# "$1": its name; then pairs of what is put where.
HOLD = """set -e
hostname "$1"
shift
while [ $# -gt 0 ]; do
	mount --bind "$1" "$2"
	shift 2
done
echo up
exec sleep infinity
"""


def unshare():
    """The command that gives a program mounts of its own. In a chroot nothing can be said about
    how mounts spread: there they must not spread anyhow, which check_able() finds out."""
    flags = ["unshare", "--mount", "--uts"]
    able = subprocess.run([*flags, "true"], capture_output=True, check=False)
    return flags if able.returncode == 0 else [*flags, "--propagation", "unchanged"]


class Host:
    """Takes the part of netns.Namespace for a node: `prefix` and `socket`."""

    def __init__(self, place, name, directory):
        """`place`: a netns.Namespace. `directory`: where its own directories are."""
        self.place, self.name, self.dir = place, name, directory
        self.over = {}   # where: what
        self.holder = None
        self.own("/run")

    def own(self, path, owner=None):
        """An empty directory of its own instead of that of the system; where it is."""
        source = os.path.join(self.dir, path.strip("/").replace("/", "-"))
        os.makedirs(source, exist_ok=True)
        if owner:
            shutil.chown(source, owner)
        self.over[path] = source
        return source

    def copy(self, path):
        """A copy of the system's directory instead of it; where it is."""
        source = self.own(path)
        netns.command("cp", "-a", path + "/.", source)
        return source

    def boot(self):
        for run in [self.over[p] for p in VOLATILE if p in self.over]:
            for name in os.listdir(run):
                netns.command("rm", "-rf", os.path.join(run, name))
        pairs = [x for path, source in self.over.items() for x in (source, path)]
        self.holder = subprocess.Popen(
            [*self.place.prefix, *unshare(), "sh", "-c", HOLD, "sh", self.name, *pairs],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, text=True)
        if self.holder.stdout.readline() != "up\n":
            raise Failed(f"{self.name} has no directories of its own: "
                         f"{self.holder.stderr.read().strip()}")

    def shutdown(self):
        """After whatever ran there has been ended."""
        if self.holder:
            self.holder.kill()
            self.holder.wait()
            self.holder.stdout.close()
            self.holder.stderr.close()
            self.holder = None

    @property
    def prefix(self):
        ns = f"/proc/{self.holder.pid}/ns"
        return (*self.place.prefix, f"--mount={ns}/mnt", f"--uts={ns}/uts",
                f"--root=/proc/{self.holder.pid}/root", "--wd=/")

    def socket(self, *args):
        return self.place.socket(*args)

    def run(self, *args, given=None):
        """Runs a program there; its output. Failed if it fails."""
        return netns.command(*self.prefix, *args, given=given)

    def tries(self, *args):
        """The same as a condition for wait_for()."""
        try:
            return True, self.run(*args)
        except Failed as e:
            return False, e

    def spawn(self, *args, log):
        """Starts a program there that stays; its output goes to a file."""
        with open(log, "ab") as out:
            return subprocess.Popen([*self.prefix, *args], stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=out, start_new_session=True)


def check_able(directory):
    """Failed with the reason if a machine cannot be made here, or is seen outside."""
    name = f"{netns.PREFIX}{os.getpid()}-host"
    place = netns.Namespace(name)
    host = Host(place, "host", os.path.join(directory, "host"))
    inside = os.path.join(directory, "inside")
    os.makedirs(inside)
    try:
        with open(os.path.join(host.own(inside), "seen"), "w", encoding="ascii"):
            pass
        host.boot()
        if host.run("ls", inside) != "seen\n" or host.run("uname", "-n") != "host\n":
            raise Failed("no directories or no name of its own for a namespace")
        if os.path.exists(os.path.join(inside, "seen")):
            subprocess.run(["umount", inside], check=False)
            subprocess.run(["umount", "/run"], check=False)
            raise Failed("what is mounted in a namespace is seen outside (a chroot below a shared mount)")
    finally:
        host.shutdown()
        place.remove()
