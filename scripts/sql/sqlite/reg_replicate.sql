-- Peers of reg_replicate, in addition to its parameter 'peer': table 'reg_replicate_peers', version 1.
--   sqlite3 FILE < scripts/sql/sqlite/version.sql
--   sqlite3 FILE < scripts/sql/sqlite/reg_replicate.sql
CREATE TABLE reg_replicate_peers (
	at_node INTEGER      NOT NULL,                    -- the node that has this peer: its node_id
	node_id INTEGER      NOT NULL,                    -- of the peer
	uri     VARCHAR(255) NOT NULL,                    -- sip:host[:port][;transport=udp|tcp|tls]
	kind    VARCHAR(8)   NOT NULL DEFAULT 'full',     -- full or plain
	resync  VARCHAR(8)   NOT NULL DEFAULT '',         -- full, missed, or empty: as kind wants it
	enabled INTEGER      NOT NULL DEFAULT 1,          -- 0: nothing is sent to it
	PRIMARY KEY (at_node, node_id)
);
INSERT INTO version (table_name, table_version) VALUES ('reg_replicate_peers', 1);
