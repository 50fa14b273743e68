CREATE TABLE `callback_packs` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`refs` text NOT NULL,
	`due_at` integer NOT NULL,
	`rung_at` integer NOT NULL,
	`rings` integer DEFAULT 1 NOT NULL,
	`lease` text,
	`lease_until` integer,
	`claims` integer DEFAULT 0 NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `callbacks` (
	`tenant_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`id` text NOT NULL,
	`project_id` text NOT NULL,
	`type` text NOT NULL,
	`message_id` text,
	`url` text,
	`event` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`tries` integer DEFAULT 0 NOT NULL,
	`attempts` text DEFAULT '[]' NOT NULL,
	`next_at` integer,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `endpoint_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `messages` ADD `callback_url` text;
