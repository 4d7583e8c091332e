/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jobs between processes: a function (same address in all of them) and a pointer, which
 * must be to shared memory and belongs to the receiver once sent. Sending never blocks:
 * it fails when the receiver's pipe is full.
 */
#ifndef IPC_H
#define IPC_H

#include "pt.h"

typedef void(ipc_rpc_f)(int sender, void *param);

#define IPC_FD_READ(_proc_no)  pt[_proc_no].ipc_pipe[0]
#define IPC_FD_WRITE(_proc_no) pt[_proc_no].ipc_pipe[1]
#define IPC_FD_READ_SELF       IPC_FD_READ(process_no)

/* To one process. 0, or -1 (pipe full, no such process, or it takes no jobs). */
int ipc_send_rpc(int dst_proc, ipc_rpc_f *rpc, void *param);
/* To whichever SIP worker is free first. 0, or -1. */
int ipc_dispatch_rpc(ipc_rpc_f *rpc, void *param);

/* Used by the core. */
int init_ipc(void);
int create_ipc_pipes(int proc_no);
void destroy_ipc(void);
int ipc_shared_fd(void);
/* Reads and runs jobs that wait on fd, at most 16. For a reactor. */
int ipc_handle_job(int fd, void *param, int was_timeout);

#endif
