/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaped characters in URI user parts and parameters (RFC 3261, 19.1.2). */
#ifndef CORE_STRCOMMON_H
#define CORE_STRCOMMON_H

#include "str.h"

/* %XX becomes its character. sout->s is a buffer of sout->len bytes, which is set to the result's
 * length. 0, or -1 when it does not fit or the text is malformed. */
int unescape_user(str *sin, str *sout);
int unescape_param(str *sin, str *sout);

#endif
