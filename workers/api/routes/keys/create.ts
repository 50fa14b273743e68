import { newKeyShape, createKey as shape } from "../../../../src/shared/contract/keys.ts";
import { createKey } from "../../../../src/shared/verbs/create-key.ts";
import { route } from "../../route.ts";
import { keyView } from "./view.ts";

export const createKeyRoute = route({
  method: "POST",
  path: "/v1/keys",
  operationId: "createKey",
  tag: "keys",
  summary: "Make an API key for this project",
  description: "No key hands out more than it has: a test key makes test keys, and no key grants a scope that it lacks.",
  auth: "keys:write",
  body: shape,
  responses: { 201: { description: "The key, shown this once.", body: newKeyShape } },
  handle: async ({ deps, actor, caller, body }) => {
    const { secret, row } = await createKey(deps, actor, caller, {
      name: body.name,
      mode: body.mode,
      scopes: body.scopes ?? caller.scopes,
      expiresAt: body.expires_at === undefined ? null : Date.parse(body.expires_at),
      rateLimit: body.rate_limit ? { ratePerSecond: body.rate_limit.rate_per_second, burst: body.rate_limit.burst } : null,
    });
    return { status: 201, body: { ...keyView(row), key: secret } };
  },
});
