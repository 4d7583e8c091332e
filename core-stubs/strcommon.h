/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping of URI user parts and parameters. */
#ifndef CORE_STRCOMMON_H
#define CORE_STRCOMMON_H

#include "str.h"

/* RFC 3261 section 25.1 user and parameter characters; others become %XX. sout->s is a buffer of
 * sout->len bytes; both are set to the result's length. 0, or -1 when it does not fit or (unescape)
 * the text is malformed. */
int escape_user(str *sin, str *sout);
int unescape_user(str *sin, str *sout);
int escape_param(str *sin, str *sout);
int unescape_param(str *sin, str *sout);

#endif
