/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error codes of the core. Those of -400 and below translate to SIP replies. */
#ifndef ERROR_H
#define ERROR_H

#include "str.h"

#define E_UNSPEC            -1
#define E_OUT_OF_MEM        -2
#define E_BAD_RE            -3
#define E_BUG               -5
#define E_CFG               -6
#define E_NO_SOCKET         -7
#define E_BAD_VIA           -8
#define E_BAD_TUPEL         -9
#define E_SCRIPT            -10
#define E_EXEC              -11
#define E_TOO_MANY_BRANCHES -12
#define E_BAD_TO            -13
#define E_INVALID_PARAMS    -14
#define E_Q_INV_CHAR        -15
#define E_Q_EMPTY           -16
#define E_Q_TOO_BIG         -17
#define E_NO_DESTINATION    -18
#define E_IP_BLOCKED        -473
#define E_BAD_PROTO         -474
#define E_BAD_URI           -475
#define E_BAD_ADDRESS       -476
#define E_SEND              -477
#define E_BAD_REQ           -400
#define E_BAD_SERVER        -500

#define UNUSED(x)      (void)(x)
#define MAX_REASON_LEN 128

/* Last error met while a request was handled in this process. */
extern int ser_error;
extern int prev_ser_error;

/*
 * Writes the reason phrase for an E_* code into phrase (etl bytes at most, zero
 * terminated, "signature" appended in brackets) and the SIP code into sip_error.
 * Returns the length of the phrase.
 */
int err2reason_phrase(int err, int *sip_error, char *phrase, int etl, const char *signature);

#endif
