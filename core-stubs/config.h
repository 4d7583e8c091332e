/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built-in limits and defaults of the core. */
#ifndef CONFIG_H
#define CONFIG_H

#define SIP_PORT  5060
#define SIPS_PORT 5061

#ifndef CFG_DIR
#define CFG_DIR "/usr/local/etc/opensips/"
#endif
#define CFG_FILE CFG_DIR "opensips.cfg"

#define UDP_WORKERS_NO   8
#define TCP_WORKERS_NO   8
#define SHUTDOWN_TIMEOUT 10 /* seconds until a stop is forced */

#define RT_NO             100 /* routes of one kind */
#define FAILURE_RT_NO     RT_NO
#define ONREPLY_RT_NO     RT_NO
#define BRANCH_RT_NO      RT_NO
#define TIMER_RT_NO       RT_NO
#define EVENT_RT_NO       RT_NO
#define DEFAULT_RT        0
#define MAX_REC_LEV       100
#define ROUTE_MAX_REC_LEV 100

#define MAX_URI_SIZE      1024
#define MAX_PATH_SIZE     255
#define MAX_BRANCHES      12
#define BUF_SIZE          65535
#define MIN_UDP_PACKET    20
#define MAX_VIA_LINE_SIZE 240
#define MAX_RECEIVED_SIZE 57
#define MAX_RPORT_SIZE    13
#define MAX_WARNING_LEN   256
#define MAX_PORT_LEN      7

#define SHM_MEM_SIZE 32 /* MB */
#define PKG_MEM_SIZE 16 /* MB */

#define TIMER_TICK  1            /* seconds */
#define UTIMER_TICK (100 * 1000) /* microseconds */

#define CRLF                 "\r\n"
#define CRLF_LEN             (sizeof(CRLF) - 1)
#define MY_VIA               "Via: SIP/2.0/UDP "
#define MY_VIA_LEN           (sizeof(MY_VIA) - 1)
#define MY_BRANCH            ";branch="
#define MY_BRANCH_LEN        (sizeof(MY_BRANCH) - 1)
#define MCOOKIE              "z9hG4bK"
#define MCOOKIE_LEN          (sizeof(MCOOKIE) - 1)
#define MD5_LEN              32
#define MAX_BRANCH_PARAM_LEN (MCOOKIE_LEN + 8 + 1 + MD5_LEN + 1 + 8 + 1)
#define RECEIVED             ";received="
#define RECEIVED_LEN         (sizeof(RECEIVED) - 1)
#define RPORT                ";rport="
#define RPORT_LEN            (sizeof(RPORT) - 1)
#define TRANSPORT_PARAM      ";transport="
#define TRANSPORT_PARAM_LEN  (sizeof(TRANSPORT_PARAM) - 1)
#define TOTAG_TOKEN          ";tag="
#define TOTAG_TOKEN_LEN      (sizeof(TOTAG_TOKEN) - 1)
#define ID_PARAM             ";i="
#define ID_PARAM_LEN         (sizeof(ID_PARAM) - 1)
#define CONTENT_LENGTH       "Content-Length: "
#define CONTENT_LENGTH_LEN   (sizeof(CONTENT_LENGTH) - 1)

#define USER_AGENT     "User-Agent: OpenSIPS (" VERSION " (" ARCH "/" OS "))"
#define USER_AGENT_LEN (sizeof(USER_AGENT) - 1)
#define SERVER_HDR     "Server: OpenSIPS (" VERSION " (" ARCH "/" OS "))"
#define SERVER_HDR_LEN (sizeof(SERVER_HDR) - 1)

#endif
