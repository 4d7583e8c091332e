/* SPDX-License-Identifier: GPL-2.0-or-later */
/* q values (RFC 3261, 20.10) as thousandths. */
#ifndef _QVALUE_H
#define _QVALUE_H 1

typedef int qvalue_t;

#define Q_UNSPECIFIED ((qvalue_t)-1)
#define MAX_Q         ((qvalue_t)1000)
#define MIN_Q         ((qvalue_t)0)

/* "0.25", without trailing zeros, in a static buffer; empty for Q_UNSPECIFIED. len may be NULL. */
char *q2str(qvalue_t q, unsigned int *len);

/* 0; E_Q_EMPTY, E_Q_INV_CHAR, E_Q_TOO_BIG. Digits after the third are cut. */
int str2q(qvalue_t *q, char *s, int len);

#endif
