-- Accounts of auth_db: table 'subscriber', version 8, columns as in OpenSIPS 3.6. For a user
-- 'alice' with password 'secret' in the realm 'example.test':
--   ha1            MD5 of         alice:example.test:secret, in lower case hexadecimal
--   ha1_sha256     SHA-256 of     the same
--   ha1_sha512t256 SHA-512-256 of the same
-- examples/digest-auth/add-account makes the statement. With calculate_ha1=1 and password_column
-- 'password' the plain password is used instead.
CREATE TABLE subscriber (
	id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
	username       VARCHAR(64) NOT NULL DEFAULT '',
	domain         VARCHAR(64) NOT NULL DEFAULT '',    -- looked at with use_domain only
	password       VARCHAR(64) NOT NULL DEFAULT '',
	ha1            VARCHAR(64) NOT NULL DEFAULT '',
	ha1_sha256     VARCHAR(64) NOT NULL DEFAULT '',
	ha1_sha512t256 VARCHAR(64) NOT NULL DEFAULT '',
	UNIQUE (username, domain)
);
INSERT INTO version (table_name, table_version) VALUES ('subscriber', 8);
