/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"
#include "../dprint.h"
#include "../pt.h"
#include "../reactor.h"
#include "../route.h"
#include "../sr_module.h"

int worker_init(const char *name, int rank)
{
	if (reactor_init(name) < 0 || reactor_add_ipc() < 0 || reactor_add_shared() < 0)
		return -1;
	if (init_child(rank) < 0) {
		LM_ERR("init_child failed in SIP worker %d\n", rank);
		return -1;
	}
	if (rank == 1 && run_startup_route() < 0) {
		LM_ERR("startup_route failed\n");
		return -1;
	}
	return 0;
}

void worker_ready(void)
{
	atomic_store(&pt[process_no].ready, 1);
}
