/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a SIP message ends in a stream (RFC 3261, 18.3). */
#ifndef NET_TCP_FRAME_H
#define NET_TCP_FRAME_H

/*
 * Looks at len bytes that begin with a message. Result: its length (which may be more than
 * len when headers are whole and the body is not), 0: the headers are not whole, -1: no
 * Content-Length, two that differ, or one that is no number below 2^31.
 */
int tcp_frame(const char *buf, int len);
/* Bytes of CR and LF at the beginning, which are no message (keep-alive). */
int tcp_blank(const char *buf, int len);

#endif
