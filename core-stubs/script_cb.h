/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that modules have run before and after the script, for each request or reply. */
#ifndef CORE_SCRIPT_CB_H
#define CORE_SCRIPT_CB_H

#include "parser/msg_parser.h"

/* Returns SCB_DROP_MSG to end processing, or which of the following may run; the results of all
 * callbacks are and-ed. */
typedef int(cb_function)(struct sip_msg *msg, void *param);

#define SCB_DROP_MSG      0
#define SCB_RUN_TOP_ROUTE (1 << 0)
#define SCB_RUN_POST_CBS  (1 << 1)
#define SCB_RUN_ALL       (SCB_RUN_TOP_ROUTE | SCB_RUN_POST_CBS)

/* when, and for what; combined */
#define PRE_SCRIPT_CB  (1 << 0)
#define POST_SCRIPT_CB (1 << 1)
#define REQ_TYPE_CB    (1 << 2)
#define RPL_TYPE_CB    (1 << 3)
#define PARSE_ERR_CB   (1 << 4)

#define register_script_cb(func, type, param) __register_script_cb(func, type, param, 0)

/* Before forking only. Highest prio runs first. 0 or <0. */
int __register_script_cb(cb_function f, int type, void *param, int prio);
void destroy_script_cb(void);

/* Run them; SCB_ bits. */
int exec_pre_req_cb(struct sip_msg *msg);
int exec_post_req_cb(struct sip_msg *msg);
int exec_pre_rpl_cb(struct sip_msg *msg);
int exec_post_rpl_cb(struct sip_msg *msg);
int exec_parse_err_cb(struct sip_msg *msg);

#endif
