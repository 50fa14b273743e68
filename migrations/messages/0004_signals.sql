CREATE TABLE `early_signals` (
	`tenant_id` text NOT NULL,
	`message_id` text NOT NULL,
	`key` text NOT NULL,
	`signal` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `message_id`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `spent_signatures` (
	`tenant_id` text NOT NULL,
	`connection_id` text NOT NULL,
	`slot` integer NOT NULL,
	`token` text NOT NULL,
	`body_hash` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `connection_id`, `slot`, `token`)
) WITHOUT ROWID;
