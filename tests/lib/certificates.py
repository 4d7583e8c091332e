# SPDX-License-Identifier: GPL-2.0-or-later
"""Certificates for nodes that talk over TLS, made with openssl."""
import os
import subprocess

from .wait import Failed


def openssl(*args):
    try:
        done = subprocess.run(["openssl", *args], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Failed("openssl is not installed") from None
    if done.returncode != 0:
        raise Failed(f"openssl {' '.join(args)}: {done.stderr.strip()}")


def new_key(path):
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def authority(directory, name):
    """Key and certificate of an authority, made at its first use; their paths."""
    key, cert = (os.path.join(directory, f"{name}.{k}") for k in ("key", "pem"))
    if not os.path.exists(cert):
        new_key(key)
        openssl("req", "-x509", "-new", "-key", key, "-subj", f"/CN={name}", "-days", "30",
                "-out", cert)
    return key, cert


def give(directory, node, name):
    """A node's directory gets key.pem, cert.pem for its address, and ca.pem, by the authority
    of that name."""
    ca_key, ca_cert = authority(directory, name)
    key, cert, request = (os.path.join(node.dir, f) for f in ("key.pem", "cert.pem", "request"))
    new_key(key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={node.ip}", "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", ca_cert, "-CAkey", ca_key, "-set_serial",
            str(node.values["ID"]), "-days", "30", "-out", cert)
    with open(ca_cert, encoding="ascii") as f, \
            open(os.path.join(node.dir, "ca.pem"), "w", encoding="ascii") as out:
        out.write(f.read())
