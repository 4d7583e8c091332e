# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests and the demo share: nodes, management interface, tables, SIP, sipp."""
