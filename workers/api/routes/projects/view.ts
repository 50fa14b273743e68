import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import { type projectShape, settingsView } from "../../../../src/shared/contract/projects.ts";
import { parseSettings } from "../../../../src/shared/core/tenant.ts";
import type { ProjectRow } from "../../../../src/shared/db/control/projects.ts";
import { keysView } from "../webhooks/keys-view.ts";

export function projectView(row: ProjectRow): z.output<typeof projectShape> {
  return {
    id: row.id,
    name: row.name,
    settings: settingsView(parseSettings(row.settings)),
    callback_keys: keysView(row.callbackKeys),
    created_at: iso(row.createdAt),
  };
}
