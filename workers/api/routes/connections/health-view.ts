import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { connectionHealthShape } from "../../../../src/shared/contract/connection-health.ts";
import type { ConnectionHealth } from "../../../../src/shared/core/connection-health.ts";

export function healthView(health: ConnectionHealth | null): z.output<typeof connectionHealthShape> | null {
  if (health === null) return null;
  const { state, since, until, code, reason, consecutiveFailures, window } = health;
  return { state, since: iso(since), until: iso(until), code, reason, consecutive_failures: consecutiveFailures, window };
}
