# SPDX-License-Identifier: GPL-2.0-or-later
"""What a client makes of a challenge (RFC 3261, 22; RFC 7616; RFC 8760): the header that answers it."""
import hashlib
import re
import uuid

HASHES = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}


def challenges(response):
    """The challenges of a 401 or 407: a dictionary of parameters each, `header` among them."""
    out = []
    for name, rest in re.findall(r"^((?:WWW|Proxy)-Authenticate):\s*Digest\s+(.*?)\r?$", response,
                                 re.M | re.I):
        found = {k.lower(): quoted or plain for k, quoted, plain in
                 re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^",\s]+))', rest)}
        found["header"] = "Authorization" if name.upper().startswith("WWW") else "Proxy-Authorization"
        out.append(found)
    return out


def authorization(response, method, uri, user, password, algorithm="MD5"):
    """The header line that answers a challenge by that algorithm; None if there is no such one."""
    for c in challenges(response):
        if c.get("algorithm", "MD5").upper() != algorithm:
            continue

        def h(*parts):
            return hashlib.new(HASHES[algorithm], ":".join(parts).encode()).hexdigest()
        fields = [f'username="{user}"', f'realm="{c["realm"]}"', f'nonce="{c["nonce"]}"',
                  f'uri="{uri}"']
        ha1, ha2 = h(user, c["realm"], password), h(method, uri)
        if "qop" in c:
            cnonce = uuid.uuid4().hex
            fields += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"']
            answer = h(ha1, c["nonce"], "00000001", cnonce, "auth", ha2)
        else:
            answer = h(ha1, c["nonce"], ha2)
        fields.append(f'response="{answer}"')
        if "algorithm" in c:
            fields.append(f"algorithm={c['algorithm']}")
        return f"{c['header']}: Digest " + ", ".join(fields)
    return None


def again(request, line):
    """The request once more, as one that follows (RFC 3261, 22.2), with a header line added, or in
    place of the one of that name."""
    request = re.sub(rf"(?mi)^{line.split(':')[0]}:.*\r\n", "", request)
    request = re.sub(r"branch=[^;,\s]+", f"branch=z9hG4bK{uuid.uuid4().hex}", request, count=1)
    request = re.sub(r"(?m)^(CSeq:\s*)(\d+)", lambda m: m.group(1) + str(int(m.group(2)) + 1),
                     request, count=1)
    head, sep, body = request.partition("\r\n\r\n")
    return head + "\r\n" + line + sep + body
