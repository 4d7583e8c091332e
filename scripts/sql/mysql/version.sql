-- Which version each table has. Every database needs it, before the others:
--   mysql DATABASE < scripts/sql/mysql/version.sql
CREATE TABLE version (
	table_name    VARCHAR(32)  NOT NULL UNIQUE,
	table_version INT UNSIGNED NOT NULL DEFAULT 0
) ENGINE=InnoDB;
