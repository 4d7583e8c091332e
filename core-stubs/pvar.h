/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pseudo-variables: $name, $name(inner), $(name(inner)[index]{transformation}).
 *
 * A pv_spec_t is a parsed one: functions to get and set its value and the parameters for them. The
 * core and the modules export tables of them. A value (pv_value_t) is a string, a number, both or
 * null, and points into the message, a static buffer or private memory: it is good until the next
 * pseudo-variable is evaluated, unless said otherwise.
 */
#ifndef CORE_PVAR_H
#define CORE_PVAR_H

#include "str.h"
#include "usr_avp.h"
#include "parser/msg_parser.h"

#define PV_MARKER '$'

/* flags of a value */
#define PV_VAL_NONE  0
#define PV_VAL_NULL  1
#define PV_VAL_EMPTY 2
#define PV_VAL_STR   4  /* rs is set */
#define PV_VAL_INT   8  /* ri is set */
#define PV_TYPE_INT  16 /* it is a number by nature, rs is just its text */
#define PV_VAL_PKG   32 /* rs is to be freed with pkg_free (pv_value_destroy) */
#define PV_VAL_SHM   64 /* rs is to be freed with shm_free */

#define pvv_is_int(v)                                                                              \
	((v)->flags & (PV_VAL_INT | PV_TYPE_INT) &&                                                \
		((v)->flags & PV_TYPE_INT || !((v)->flags & PV_VAL_STR)))
#define pvv_is_str(v) ((v)->flags & PV_VAL_STR && !((v)->flags & PV_TYPE_INT))

/* how inner name and index are given: only as constants here */
#define PV_NAME_INTSTR 0
#define PV_IDX_INT     3

typedef enum _pv_type {
	PVT_NONE = 0,
	PVT_NULL,
	PVT_MARKER,
	PVT_AVP,
	PVT_HDR,
	PVT_SCRIPTVAR,
	PVT_ROUTE_PARAM,
	PVT_CORE, /* any other of the core */
	PVT_EXTRA /* first of the modules' own */
} pv_type_t;

typedef struct _pv_value {
	str rs;
	int ri;
	int flags;
} pv_value_t, *pv_value_p;

typedef struct _pv_name {
	int type; /* PV_NAME_ */
	union {
		struct {
			int type; /* AVP_NAME_STR or 0 */
			int_str name;
		} isname;
	} u;
} pv_name_t, *pv_name_p;

typedef struct _pv_index {
	int type; /* PV_IDX_, 0: none given */
	union {
		int ival;
	} u;
} pv_index_t, *pv_index_p;

typedef struct _pv_param {
	pv_name_t pvn;
	pv_index_t pvi;
} pv_param_t, *pv_param_p;

/* 0, or <0 on error; no value is a success with PV_VAL_NULL. Context: whatever process runs the
 * script. */
typedef int (*pv_getf_t)(struct sip_msg *, pv_param_t *, pv_value_t *);
/* op: EQ_T, or COLONEQ_T. val NULL: set to null. */
typedef int (*pv_setf_t)(struct sip_msg *, pv_param_t *, int op, pv_value_t *val);

struct trans_;
typedef struct _pv_spec {
	pv_type_t type;
	pv_getf_t getf;
	pv_setf_t setf;
	pv_param_t pvp;
	struct trans_ *trans;
	const struct _pv_export *exp; /* which one it is */
} pv_spec_t, *pv_spec_p;

#define pv_is_w(pv) ((pv)->setf != NULL)

/* Return 0, or <0 when the inner name or index is not good. */
typedef int (*pv_parse_name_f)(pv_spec_p sp, const str *in);
typedef int (*pv_parse_index_f)(pv_spec_p sp, const str *in);
typedef int (*pv_init_param_f)(pv_spec_p sp, int param);

typedef struct _pv_export {
	const str_const name;
	pv_type_t type;
	pv_getf_t getf;
	pv_setf_t setf;               /* NULL: read only */
	pv_parse_name_f parse_name;   /* NULL: takes no inner name */
	pv_parse_index_f parse_index; /* NULL: takes no index */
	pv_init_param_f init_param;
	int iparam;
} pv_export_t;

/* A text with pseudo-variables in it: literal text, then a value, then the next element. */
typedef struct _pv_elem {
	str text;
	pv_spec_t spec; /* type PVT_NONE: none */
	struct _pv_elem *next;
} pv_elem_t, *pv_elem_p;

extern int pv_print_buf_size; /* longest text that pv_printf_s() makes, bytes */

/* Makes the buffers, once. parse_opensips_cfg() does so, free_cfg() ends it. 0 or -1. */
int init_pvar_support(void);
void destroy_pvar_support(void);

/* The same, but the reason for a failure is put into err (size bytes) and not logged. */
char *pv_parse_spec_err(const str *in, pv_spec_p sp, char *err, int size);
/* Frees what a spec refers to and the spec itself (pkg). */
void pv_spec_free(pv_spec_t *spec);
void pv_spec_clean(pv_spec_t *spec); /* the same, without the spec itself */

/* Parses a text; *el refers to `in`, which must live as long. 0 or -1 (logged). */
int pv_parse_format(const str *in, pv_elem_p *el);
int pv_parse_format_err(const str *in, pv_elem_p *el, char *err, int size);
int pv_elem_free_all(pv_elem_p el);

/* 0, or <0 on error. */
int pv_get_spec_value(struct sip_msg *msg, const pv_spec_p sp, pv_value_t *value);
int pv_set_value(struct sip_msg *msg, pv_spec_p sp, int op, pv_value_t *val);

/* Text of a list into buf; *len: its size, then the result's length. 0, or -1 when it does not fit
 * (logged). Null values print as <null>. */
int pv_printf(struct sip_msg *msg, pv_elem_p list, char *buf, int *len);
/* The same into a static buffer (four of them take turns). */
int pv_printf_s(struct sip_msg *msg, pv_elem_p list, str *s);

/* Frees a value's memory (PV_VAL_PKG, PV_VAL_SHM) and makes it null. */
void pv_value_destroy(pv_value_t *val);

/* Module's table of pseudo-variables; ends with a NULL name. 0, or -1 when a name exists. The table
 * must live until the end. */
int register_pvars_mod(const char *mod_name, const pv_export_t *items);
int pv_free_extra_list(void);

/* For use in tables. */
int pv_parse_index(pv_spec_p sp, const str *in);
int pv_parse_avp_name(pv_spec_p sp, const str *in);
int pv_parse_str_name(pv_spec_p sp, const str *in); /* any constant or $pv name */
int pv_init_iname(pv_spec_p sp, int param);

/* For use in get functions: fill res, return 0 (pv_get_strval: 0 or -1). */
int pv_get_null(struct sip_msg *msg, pv_param_t *param, pv_value_t *res);
int pv_get_uintval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, unsigned int uival);
int pv_get_sintval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, int sival);
int pv_get_strval(struct sip_msg *msg, pv_param_t *param, pv_value_t *res, str *sval);

#endif
