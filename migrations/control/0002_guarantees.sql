CREATE TABLE `notices` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`project_id` text,
	`type` text NOT NULL,
	`subject` text NOT NULL,
	`details` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `routing_policies` (
	`tenant_id` text NOT NULL,
	`project_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`position` integer NOT NULL,
	`enabled` integer NOT NULL,
	`rules` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `project_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `suppressions` (
	`tenant_id` text NOT NULL,
	`channel` text NOT NULL,
	`destination` text NOT NULL,
	`reason` text NOT NULL,
	`source` text NOT NULL,
	`project_id` text,
	`message_id` text,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	PRIMARY KEY(`tenant_id`, `channel`, `destination`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `api_keys` ADD `suspended_at` integer;--> statement-breakpoint
ALTER TABLE `api_keys` ADD `suspended_reason` text;--> statement-breakpoint
ALTER TABLE `connections` ADD `limits` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `connections` ADD `prices` text DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE `connections` ADD `verification` text;--> statement-breakpoint
ALTER TABLE `connections` ADD `unwell_since` integer;
