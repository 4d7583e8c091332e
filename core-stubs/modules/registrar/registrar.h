/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this module share: parameters, interfaces of other modules, and the
 * outcome of the request at hand.
 */
#ifndef REGISTRAR_H
#define REGISTRAR_H

#include "../usrloc/usrloc.h"
#include "../signaling/signaling.h"
#include "../../lib/reg/save_flags.h"
#include "../../parser/msg_parser.h"
#include "../../parser/contact/parse_contact.h"
#include "../../statistics.h"

/* Limits of OpenSIPS: what its database columns take. */
#define CALLID_MAX_SIZE 255
#define UA_MAX_SIZE     255
#define REG_MAX_AOR_LEN 256

extern usrloc_api_t ul;
extern struct sig_binds sigb;

extern int default_expires;
extern int min_expires;
extern int max_expires;
extern int default_q;
extern int case_sensitive;
extern int max_contacts;
extern int max_username_len;
extern int max_domain_len;
extern int max_aor_len;
extern int retry_after;
extern int allow_dup_cseq;
extern str received_param;
extern str sock_hdr_name; /* empty: flag socket-header finds nothing */
extern int received_avp;  /* id, -1: none */
extern int attr_avp;
extern int disable_gruu;
extern str gruu_secret; /* not empty */

/* Where the time comes from; time() unless a test sets another clock. */
extern time_t (*reg_clock)(time_t *t);

extern stat_var *accepted_registrations;
extern stat_var *rejected_registrations;

/* name, status code, text in P-Registrar-Error */
#define REG_ERRORS(X)                                                                              \
	X(R_FINE, 200, "No problem")                                                               \
	X(R_INTERNAL, 500, "Server Internal Error")                                                \
	X(R_UL_NEW_R, 500, "usrloc_record_new failed")                                             \
	X(R_INV_CSEQ, 400, "Invalid CSeq number")                                                  \
	X(R_UL_INS_C, 500, "usrloc_contact_insert failed")                                         \
	X(R_UL_UPD_C, 500, "usrloc_contact_update failed")                                         \
	X(R_AOR_LEN, 500, "Address Of Record too long")                                            \
	X(R_AOR_PARSE, 400, "Error while parsing AOR")                                             \
	X(R_INV_Q, 400, "Invalid q param in contact")                                              \
	X(R_PARSE, 400, "Message parse error")                                                     \
	X(R_TO_MISS, 400, "To header not found")                                                   \
	X(R_CID_MISS, 400, "Call-ID header not found")                                             \
	X(R_CS_MISS, 400, "CSeq header not found")                                                 \
	X(R_PARSE_EXP, 400, "Expires parse error")                                                 \
	X(R_PARSE_CONT, 400, "Contact parse error")                                                \
	X(R_STAR_EXP, 400, "* used in contact and expires is not zero")                            \
	X(R_STAR_CONT, 400, "* used in contact and more than 1 contact")                           \
	X(R_UNESCAPE, 500, "Error while unescaping username")                                      \
	X(R_TOO_MANY, 503, "Too many registered contacts")                                         \
	X(R_CALLID_LEN, 400, "Callid too long")                                                    \
	X(R_PARSE_PATH, 400, "Path parse error")                                                   \
	X(R_PATH_UNSUP, 420, "No support for found Path indicated")

#define X(name, code, text) name,
typedef enum rerr {
	REG_ERRORS(X)
} rerr_t;
#undef X

/* The first thing that went wrong with the request at hand. */
extern rerr_t rerrno;

/* One call of save(). */
struct save_ctx {
	unsigned int flags;
	str aor;
	unsigned int max_contacts;
	unsigned int min_expires;
	unsigned int max_expires;
	struct ct_match cmatch;
	str path; /* Path of the request for the reply; pkg memory; empty: none or not asked for */
	str callid;
	int cseq;
};

/* registrar.c */

/*
 * The AoR that a URI stands for: its user, unescaped, with use_domain user@host. 0 and
 * *aor, which stays valid until the next call; -1 with rerrno set.
 */
int extract_aor(str *uri, str *aor);

/* ci.c */

/*
 * What the request says about its contacts in general. 0 or -1 with rerrno set. ci points
 * into static memory and the message, good until the next call.
 */
int pack_ci(struct sip_msg *msg, struct save_ctx *ctx, ucontact_info_t *ci);
/* Adds what it says about one of them. expires: Unix time. 0 or -1 with rerrno set. */
int pack_contact(struct sip_msg *msg, contact_t *ct, time_t expires, ucontact_info_t *ci);
/* When a contact shall expire (Unix time), or 0 if it is to be removed. */
time_t contact_expires(struct sip_msg *msg, struct save_ctx *ctx, contact_t *ct, time_t now);
/* All Path headers in one, in pkg memory. 0, *path being empty without any, or -1. */
int build_path_vector(struct sip_msg *msg, str *path);

/* gruu.c */

/* Whom a request with `gr` in its URI is for; without it, everybody. Empty: any. */
struct gruu {
	str aor; /* as usrloc has it; only a temporary GRUU names one */
	str instance;
	str callid;
	char *block; /* pkg memory that the texts of a temporary one point into */
};

/* Does the phone that sends this REGISTER know GRUUs (RFC 5627, 4.1), and are they given out? */
int wants_gruu(struct sip_msg *msg);
/*
 * The GRUUs of a contact as parameters of Contact: writes at most size bytes to p, which is not
 * looked at with size 0, and returns what they need; 0 if the contact has no instance.
 * rcv_sock: what they name for a contact whose socket is not known.
 */
int print_gruu(
	char *p, size_t size, const ucontact_t *c, const struct socket_info *rcv_sock, time_t now);
/*
 * Reads the GRUU in a URI, if it is one. 0, *g points into the URI or its own block, which
 * free_gruu() frees; -1, nothing to be freed: a temporary one that no secret of ours has made.
 */
int parse_gruu(str *uri, struct gruu *g);
void free_gruu(struct gruu *g);
/* Is this the contact, or one of those, that g is for? */
int gruu_fits(const struct gruu *g, const ucontact_t *c);

/* reply.c */

/* Adds the Contact header of the reply. Under the slot lock. 0 or -1 with rerrno set. */
int build_contact(struct sip_msg *msg, struct save_ctx *ctx, ucontact_t *contacts, time_t now);
/* Answers by rerrno. 0 sent, -1 not. */
int send_reply(struct sip_msg *msg, struct save_ctx *ctx);

/* Script functions; results are those of the script: positive is true. */
int save(struct sip_msg *msg, void *d, void *flags, str *aor, str *owtag);
int lookup(struct sip_msg *msg, void *d, void *flags, str *aor);
int is_registered(struct sip_msg *msg, void *d, str *aor);

#define REG_LOOKUP_NOBRANCH_FLAG     (1 << 0)
#define REG_LOOKUP_METHODFILTER_FLAG (1 << 1)

#endif
