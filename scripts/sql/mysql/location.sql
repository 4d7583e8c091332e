-- Contacts of usrloc, one row each: table 'location', version 1013, columns as in OpenSIPS 3.6.
-- A usrloc domain of another name is a table of that name.
CREATE TABLE location (
	contact_id    BIGINT UNSIGNED NOT NULL PRIMARY KEY,   -- made by usrloc
	username      VARCHAR(64)  NOT NULL DEFAULT '',
	domain        VARCHAR(64),                            -- with use_domain only
	contact       TEXT         NOT NULL,
	received      VARCHAR(255),
	path          VARCHAR(255),
	expires       INT UNSIGNED NOT NULL,                  -- Unix time; 0: never
	q             FLOAT(10,2)  NOT NULL DEFAULT 1.0,      -- -1: none was given
	callid        VARCHAR(255) NOT NULL DEFAULT 'Default-Call-ID',
	cseq          INT          NOT NULL DEFAULT 13,
	last_modified DATETIME     NOT NULL DEFAULT '1900-01-01 00:00:01',
	flags         INT          NOT NULL DEFAULT 0,
	cflags        VARCHAR(255),                           -- names of branch flags
	user_agent    VARCHAR(255) NOT NULL DEFAULT '',
	socket        VARCHAR(64),
	methods       INT,                                    -- NULL: all
	sip_instance  VARCHAR(255),
	kv_store      TEXT,                                   -- JSON: what modules attached
	attr          VARCHAR(255)
) ENGINE=InnoDB;
INSERT INTO version (table_name, table_version) VALUES ('location', 1013);
