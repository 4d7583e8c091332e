# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of examples/ as templates: as they are there, only what names a place of the machine is
replaced, since all nodes of a test share one file system."""
import os
import re

from .wait import Failed

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(TOP, "examples")


def example(name):
    """A file of examples/, with what it includes, and @NAMES@ for what the test says."""
    path = os.path.join(EXAMPLES, name)
    try:
        with open(path, encoding="utf-8") as f:
            text = f.read()
    except FileNotFoundError:
        raise Failed(f"there is no examples/{name}") from None
    text = re.sub(r'^include_file "([^"]+)"',
                  lambda m: example(os.path.join(os.path.dirname(name), m.group(1))), text, flags=re.M)
    return placed(text)


def placed(text):
    """@NAMES@ for places of the machine."""
    for pattern, new in ((r'^mpath=".*"', '@CORE@\nmpath="@MODULES@/"'),
                         (r'^loadmodule "reg_replicate\.so"', 'loadmodule "@REPL_MODULE@"'),
                         (r"/run/opensips/opensips_fifo", "@FIFO@"),
                         (r"/run/opensips/", "@DIR@/"),
                         (r"/var/lib/opensips/", "@SCENE@/"),
                         (r"/usr/local/lib/reg_replicate/failover\b", "@HOOKS@")):
        text = re.sub(pattern, new, text, flags=re.M)
    return text
