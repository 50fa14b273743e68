CREATE TABLE `engagement` (
	`tenant_id` text NOT NULL,
	`project_id` text NOT NULL,
	`key` text NOT NULL,
	`tried` integer NOT NULL,
	`answered` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `project_id`, `key`)
) WITHOUT ROWID;
