# SPDX-License-Identifier: GPL-2.0-or-later
"""Which programs the nodes of scenarios run: mostly one core, but a cluster may have nodes of different
versions."""
import argparse

from . import cores
from .node import Programs


class Mix:
    """The programs of the nodes of a scenario."""

    def __init__(self, kinds):
        """`kinds`: at least one of Programs."""
        self.kinds = kinds

    def of(self, number):
        """Those of a node, by its place in the scenario's list, from 1."""
        return self.kinds[(number - 1) % len(self.kinds)]

    def called(self):
        """What a scenario may say that it is not for: programs, and "mix"."""
        return [*{kind.name().split()[0] for kind in self.kinds}, *(["mix"] if len(self.kinds) > 1 else [])]

    def name(self):
        """"opensips 3.4.18 + 3.6.8": what the program is called is said once."""
        names, last = [], None
        for kind in self.kinds:
            program, _, version = kind.name().partition(" ")
            names.append(version if program == last and version else kind.name())
            last = program
        return " + ".join(names)


def mix_of(ap, args, build):
    """The Mix that the options of cores.add_options() (several) ask for; `build` as in cores.choose()."""
    names = ("core", "modules", "opensips_src", "repl_module")
    count = max(1, len(args.core or []))
    given = [getattr(args, name) or [None] * count for name in names]
    if any(len(values) != count for values in given):
        ap.error("--modules, --opensips-src and --repl-module have to be named for each --core, or not at all")
    chosen = [cores.choose(argparse.Namespace(**dict(zip(names, values))), build) for values in zip(*given)]
    return Mix([Programs(c.core, c.modules, c.repl_module, c.opensips_src) for c in chosen])
