/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PARSE_DEF_H
#define PARSE_DEF_H

#define PARSE_ERROR -1
#define PARSE_OK    1

#endif
