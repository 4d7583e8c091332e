-- Peers of reg_replicate, in addition to its parameter 'peer': table 'reg_replicate_peers', version 1.
--   mysql DATABASE < scripts/sql/mysql/version.sql
--   mysql DATABASE < scripts/sql/mysql/reg_replicate.sql
CREATE TABLE reg_replicate_peers (
	at_node INT UNSIGNED NOT NULL,                    -- the node that has this peer: its node_id
	node_id INT UNSIGNED NOT NULL,                    -- of the peer
	uri     VARCHAR(255) NOT NULL,                    -- sip:host[:port][;transport=udp|tcp|tls]
	kind    VARCHAR(8)   NOT NULL DEFAULT 'full',     -- full or plain
	resync  VARCHAR(8)   NOT NULL DEFAULT '',         -- full, missed, or empty: as kind wants it
	enabled INT          NOT NULL DEFAULT 1,          -- 0: nothing is sent to it
	PRIMARY KEY (at_node, node_id)
) ENGINE=InnoDB;
INSERT INTO version (table_name, table_version) VALUES ('reg_replicate_peers', 1);

-- What reg_replicate keeps over a restart: parameter db_url, with a usrloc that loads from SQL.
-- It belongs into the database that has usrloc's contacts: what is committed there later must not
-- survive a power cut longer than they do.

-- Of each node, what it held of each stream as far as it was on disk.
CREATE TABLE reg_replicate_vector (
	at_node  INT UNSIGNED NOT NULL PRIMARY KEY,
	state    TEXT    NOT NULL,           -- as in the header Reg-Repl-State
	contacts INT     NOT NULL            -- that had a row then
) ENGINE=InnoDB;
INSERT INTO version (table_name, table_version) VALUES ('reg_replicate_vector', 1);

-- Bindings that were removed, until they would have expired. There may be several rows of one.
CREATE TABLE reg_replicate_removed (
	at_node  INT UNSIGNED NOT NULL,
	domain   VARCHAR(64)  NOT NULL,      -- usrloc's
	aor      VARCHAR(255) NOT NULL,
	contact  TEXT         NOT NULL,
	callid   VARCHAR(255) NOT NULL,      -- where usrloc matches by Call-ID
	stamp    VARCHAR(96)  NOT NULL,
	keep     INT UNSIGNED NOT NULL       -- Unix time
) ENGINE=InnoDB;
CREATE INDEX reg_replicate_removed_keep ON reg_replicate_removed (at_node, keep);
INSERT INTO version (table_name, table_version) VALUES ('reg_replicate_removed', 1);

-- Of each plain peer (resync=missed) of a node, what it acknowledged; what it misses is the rest.
CREATE TABLE reg_replicate_missed (
	at_node INT UNSIGNED NOT NULL,
	node_id INT UNSIGNED NOT NULL,                   -- of the peer
	uri     VARCHAR(255) NOT NULL,                   -- with another uri it is another one
	state   TEXT         NOT NULL,                   -- as in the header Reg-Repl-State
	PRIMARY KEY (at_node, node_id)
) ENGINE=InnoDB;
INSERT INTO version (table_name, table_version) VALUES ('reg_replicate_missed', 1);
