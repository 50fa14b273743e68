/** What a new project begins with: its row, a live and a test key, and, if asked for, the sandbox on every channel. */
import { CHANNELS } from "../core/channels.ts";
import { newId } from "../core/ids.ts";
import type { ProjectSettings, Scope } from "../core/tenant.ts";
import { connectionsOf } from "../db/control/connections.ts";
import { keysOf } from "../db/control/keys.ts";
import { type ProjectRow, projectsOf } from "../db/control/projects.ts";
import { mintKey } from "./create-key.ts";
import type { Deps } from "./deps.ts";
import { mintKeptKey } from "./mint-kept-key.ts";

export interface NewProject {
  readonly name: string;
  readonly settings: ProjectSettings;
  /** Gives the project a sandbox connection on every channel, so that it can send at once. */
  readonly sandbox: boolean;
  /** Of both first keys. */
  readonly scopes: readonly Scope[];
}

export interface ProjectStart {
  readonly row: ProjectRow;
  /** In this answer only; the database keeps their hashes. */
  readonly liveKey: string;
  readonly testKey: string;
  /** Signs what is posted to a message's `callback_url`. In this answer only. */
  readonly callbackSecret: string;
  /** To be committed together. */
  readonly writes: readonly D1PreparedStatement[];
}

export async function startProject(
  deps: Pick<Deps, "control" | "now" | "random" | "sealer" | "webhookSealer">,
  tenantId: string,
  { name, settings, sandbox, scopes }: NewProject,
): Promise<ProjectStart> {
  const { control, random } = deps;
  const now = deps.now();
  const id = newId("prj", now, random);
  const scope = { tenantId, projectId: id };
  const key = { scopes, expiresAt: null, rateLimit: null };
  const live = await mintKey(deps, { ...key, name: "First live key", mode: "live" });
  const test = await mintKey(deps, { ...key, name: "First test key", mode: "test" });
  const empty = await deps.sealer.seal({});
  const { secret: callbackSecret, kept } = await mintKeptKey(deps);
  const callbackKeys = JSON.stringify([kept]);
  const row = { id, tenantId, name, settings: JSON.stringify(settings), createdAt: now, callbackKeys };
  return {
    row,
    liveKey: live.secret,
    testKey: test.secret,
    callbackSecret,
    writes: [
      projectsOf(control, scope).insert(row),
      keysOf(control, scope).insert(live.row),
      keysOf(control, scope).insert(test.row),
      ...(sandbox ? CHANNELS : []).map((channel) =>
        connectionsOf(control, scope).insert({
          id: newId("con", now, random),
          channel,
          provider: "sandbox",
          name: `Sandbox ${channel}`,
          priority: 1000,
          enabled: true,
          settings: "{}",
          credentials: empty.jwe,
          credentialsKeyId: empty.keyId,
          verifiedAt: now,
          createdAt: now,
          updatedAt: now,
        }),
      ),
    ],
  };
}
