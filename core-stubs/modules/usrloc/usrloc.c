/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rest of the module and its users share: parameters, clock, and the table of
 * functions that load_ul_api() hands out. The module's frame is in ul_mod.c.
 */
#include "usrloc.h"
#include "ul_mod.h"
#include "utime.h"

int use_domain;
int desc_time_order;
int cseq_delay = 20;
int ul_hash_size = 512;
int matching_mode = CT_MATCH_CONTACT_ONLY;
unsigned int nat_bflag;
int ul_timer_interval = 60;

time_t act_time;
time_t (*ul_clock)(time_t *t) = time;

void get_act_time(void)
{
	act_time = ul_clock(NULL);
}

static int have_mem_storage(void)
{
	return 1;
}

int bind_usrloc(usrloc_api_t *api)
{
	if (!api) {
		LM_ERR("invalid parameter value\n");
		return -1;
	}
	*api = (usrloc_api_t){
		.use_domain = use_domain,
		.cluster_mode = CM_NONE,
		.have_mem_storage = have_mem_storage,
		.nat_flag = nat_bflag,
		.register_udomain = register_udomain,
		.lock_udomain = lock_udomain,
		.unlock_udomain = unlock_udomain,
		.get_urecord = get_urecord,
		.release_urecord = release_urecord,
		.insert_urecord = insert_urecord,
		.get_urecord_key = get_urecord_key,
		.put_urecord_key = put_urecord_key,
		.delete_urecord = delete_urecord,
		.get_ucontact = get_ucontact,
		.insert_ucontact = insert_ucontact,
		.update_ucontact = update_ucontact,
		.get_ucontact_key = get_ucontact_key,
		.put_ucontact_key = put_ucontact_key,
		.delete_ucontact = delete_ucontact,
		.get_next_udomain = get_next_udomain,
		.lock_ulslot = lock_ulslot,
		.unlock_ulslot = unlock_ulslot,
		.register_ulcb = register_ulcb,
	};
	return 0;
}
