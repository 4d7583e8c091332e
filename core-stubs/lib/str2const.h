/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * str and str_const have the same layout; these casts let one function serve both.
 * Included by str.h only.
 */
#ifndef STR2CONST_H
#define STR2CONST_H

#define str2const(_sp)                                                                             \
	_Generic((_sp), str *: _s2c, const str *: _cs2cc, str_const *: _c2cc, const str_const *: _cc2cc)(_sp)

#endif
