/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flags of save(), from their names in the script.
 */
#ifndef __LIB_REG_SAVE_FLAGS__
#define __LIB_REG_SAVE_FLAGS__

#include "../../str.h"
#include "../../str_list.h"
#include "../../modules/usrloc/ucontact.h"

#define REG_SAVE_MEMORY_FLAG        (1 << 0) /* memory-only */
#define REG_SAVE_NOREPLY_FLAG       (1 << 1) /* no-reply */
#define REG_SAVE_SOCKET_FLAG        (1 << 2) /* socket-header */
#define REG_SAVE_PATH_STRICT_FLAG   (1 << 3) /* path-strict */
#define REG_SAVE_PATH_LAZY_FLAG     (1 << 4) /* path-lazy */
#define REG_SAVE_PATH_OFF_FLAG      (1 << 5) /* path-off */
#define REG_SAVE_PATH_RECEIVED_FLAG (1 << 6) /* path-received */
#define REG_SAVE_FORCE_REG_FLAG     (1 << 7) /* force-registration */
#define REG_SAVE_REQ_CT_ONLY_FLAG   (1 << 8) /* only-request-contacts */
#define REG_SAVE_PATH_FLAG                                                                         \
	(REG_SAVE_PATH_STRICT_FLAG | REG_SAVE_PATH_LAZY_FLAG | REG_SAVE_PATH_OFF_FLAG)

struct save_flags {
	unsigned int flags;
	unsigned int max_contacts; /* 0: no limit */
	unsigned int min_expires;  /* seconds; 0: no limit */
	unsigned int max_expires;  /* seconds; 0: no limit */
	struct ct_match cmatch;
	str_list match_params; /* where cmatch.match_params points to */
};

/*
 * *param is a str "flag,key=value,..." and becomes a struct save_flags in pkg
 * memory that starts as *default_flags. A matching-mode=<param> points into the
 * given string, which must live as long. 0 or negative, having logged what it
 * does not know.
 */
int reg_fixup_save_flags(void **param, struct save_flags *default_flags);
int reg_fixup_free_save_flags(void **param);

#endif
