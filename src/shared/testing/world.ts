/** A world for one test suite: real bindings, a tenant of its own, and the API in front of it. */

import { env } from "cloudflare:workers";
import { makeApp } from "../../../workers/api/app.ts";
import { routes } from "../../../workers/api/routes.ts";
import { door } from "../../../workers/webhooks/door.ts";
import { joseSealer, joseUnsealer } from "../adapters/jose-vault.ts";
import { ANYTHING } from "../core/grants.ts";
import type { Mode } from "../core/message.ts";
import type { TenantLimits } from "../core/tenant.ts";
import { SCOPES, type Scope } from "../core/tenant.ts";
import { type DispatcherBindings, dispatcherDeps } from "../runtime/wire.ts";
import { sha256Hex } from "../verbs/authenticate.ts";
import { createKey } from "../verbs/create-key.ts";
import { createTenant } from "../verbs/create-tenant.ts";
import type { Deps } from "../verbs/deps.ts";
import { makeDesk } from "../verbs/desk.ts";
import { makePostman } from "../verbs/postman.ts";

export const OPERATOR_KEY = "ck_operator_0000000000000000000000000000000000000000";

type TestBindings = DispatcherBindings & {
  readonly SEAL_PUBLIC_KEY: string;
  readonly WEBHOOK_SEAL_PUBLIC_KEY: string;
  readonly WEBHOOK_SEAL_PRIVATE_KEYS: string;
};

/** Dependencies over the real bindings of the test Worker; `over` replaces some. */
export function testDeps(over: Partial<Deps> = {}): Deps {
  const bindings = env as unknown as TestBindings;
  const base: Deps = {
    ...dispatcherDeps(bindings),
    sealer: joseSealer(bindings.SEAL_PUBLIC_KEY),
    webhookSealer: joseSealer(bindings.WEBHOOK_SEAL_PUBLIC_KEY),
    ...over,
  };
  const atWebhooks: Deps = { ...base, unsealer: joseUnsealer(bindings.WEBHOOK_SEAL_PRIVATE_KEYS) };
  const webhooks = { fetch: (...args: Parameters<typeof fetch>) => door(atWebhooks, new Request(...args)) };
  return { ...base, desk: makeDesk(base), postman: makePostman(atWebhooks), webhooks: over.webhooks ?? webhooks };
}

export interface World {
  readonly deps: Deps;
  readonly tenantId: string;
  readonly projectId: string;
  readonly liveKey: string;
  readonly testKey: string;
  /** One request through the real app. A body that is not a string is sent as JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  /** A key with these scopes only. */
  keyWith(scopes: readonly Scope[], mode?: Mode): Promise<string>;
}

export interface CallOptions {
  /** The live key unless set; null for no Authorization header. */
  readonly key?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A fresh tenant with a project, a live key and a test key. Sandbox connections on every channel. */
export async function makeWorld(
  options: { deps?: Partial<Deps>; limits?: Partial<TenantLimits>; gateShards?: number } = {},
): Promise<World> {
  const deps = testDeps(options.deps);
  const made = await createTenant(deps, {
    name: "World",
    limits: { ratePerSecond: 1e6, burst: 1e6, ...options.limits },
    ...(options.gateShards === undefined ? {} : { gateShards: options.gateShards }),
    sandbox: true,
    requestId: "req_test",
  });
  const operatorKeyHash = await sha256Hex(OPERATOR_KEY);
  const app = makeApp<object>(routes, () => ({ deps, operatorKeyHash }));
  const actor = { tenantId: made.tenantId, projectId: made.projectId, name: "system", requestId: "req_test" };
  return {
    deps,
    ...made,
    async call(method, path, { key = made.liveKey, body, headers } = {}) {
      const isText = typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
      const pending: Promise<unknown>[] = [];
      const response = await app.fetch(
        new Request(`https://carillon.test${path}`, {
          method,
          headers: {
            ...(key === null ? {} : { authorization: `Bearer ${key}` }),
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: isText ? (body as BodyInit) : JSON.stringify(body) }),
        }),
        {},
        {
          waitUntil: (p: Promise<unknown>) => void pending.push(p),
          passThroughOnException() {},
          props: {},
        } as unknown as ExecutionContext,
      );
      await Promise.all(pending);
      return response;
    },
    async keyWith(scopes, mode = "live") {
      const { secret } = await createKey(deps, actor, ANYTHING, {
        name: "scoped",
        mode,
        scopes,
        expiresAt: null,
        rateLimit: null,
      });
      return secret;
    },
  };
}

export { SCOPES };

/** Waits until `check` gives a value, looking every few milliseconds; fails loudly after `ms`. */
export async function eventually<T>(check: () => Promise<T | undefined | false>, ms = 10_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`not true within ${ms} ms: ${check}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
