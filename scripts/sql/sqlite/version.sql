-- Which version each table has. Every database needs it, before the others:
--   sqlite3 FILE < scripts/sql/sqlite/version.sql
CREATE TABLE version (
	table_name    VARCHAR(32) NOT NULL UNIQUE,
	table_version INTEGER     NOT NULL DEFAULT 0
);
