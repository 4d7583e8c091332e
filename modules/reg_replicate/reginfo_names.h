/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in our reginfo documents that its writer and its reader have to agree on. */
#ifndef REG_REPLICATE_REGINFO_NAMES_H
#define REG_REPLICATE_REGINFO_NAMES_H

#define REGINFO_NS       "urn:ietf:params:xml:ns:reginfo"
#define REGINFO_OWN_NS   "urn:x-reg-replicate:binding:1"
#define REGINFO_INSTANCE "+sip.instance"

#endif
