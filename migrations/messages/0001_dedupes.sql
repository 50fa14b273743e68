CREATE TABLE `dedupes` (
	`tenant_id` text NOT NULL,
	`key` text NOT NULL,
	`message_id` text NOT NULL,
	`until` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `key`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `dedupes_until` ON `dedupes` (`until`);
