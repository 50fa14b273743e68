CREATE TABLE `dead_letters` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`project_id` text NOT NULL,
	`message_id` text NOT NULL,
	`delivery` integer NOT NULL,
	`channel` text NOT NULL,
	`code` text NOT NULL,
	`reason` text NOT NULL,
	`task` text NOT NULL,
	`state` text NOT NULL,
	`created_at` integer NOT NULL,
	`resolved_at` integer,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `messages` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`project_id` text NOT NULL,
	`mode` text NOT NULL,
	`status` text NOT NULL,
	`channel` text NOT NULL,
	`recipient` text NOT NULL,
	`template` text,
	`priority` text NOT NULL,
	`category` text,
	`tags` text,
	`order_json` text,
	`order_ref` text,
	`variables` text,
	`deliveries` text NOT NULL,
	`log` text NOT NULL,
	`created_at` integer NOT NULL,
	`due_at` integer NOT NULL,
	`expires_at` integer,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `messages_recipient` ON `messages` (`tenant_id`,`recipient`,`id`);--> statement-breakpoint
CREATE TABLE `orders` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`order_json` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `packs` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`channel` text NOT NULL,
	`lane` text NOT NULL,
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
CREATE TABLE `sandbox_messages` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`project_id` text NOT NULL,
	`message_id` text NOT NULL,
	`channel` text NOT NULL,
	`destination` text NOT NULL,
	`envelope` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
) WITHOUT ROWID;
