import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test } from "vitest";
import { gateName } from "../../src/shared/core/placement.ts";
import type { Gate } from "../../src/shared/ports/gate.ts";
import type { TenantGate } from "./index.ts";

const namespace = (env as unknown as { TENANT_GATE: DurableObjectNamespace<TenantGate> }).TENANT_GATE;
let tenants = 0;
const freshGate = () => namespace.getByName(gateName(`ten_key_watch_test_${tenants++}`, 0));
const asGate = (stub: DurableObjectStub<TenantGate>): Gate => stub as unknown as Gate;

test("whatever order changes are told in, the newest stands, also after an eviction", async () => {
  const change = fc.record({ at: fc.nat(1000), isSuspended: fc.boolean() });
  const changes = fc.uniqueArray(change, { selector: ({ at }) => at, minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(changes, async (told) => {
      const stub = freshGate();
      for (const { at, isSuspended } of told) await asGate(stub)[isSuspended ? "suspend" : "resume"]("key_1", at);
      const newest = told.reduce((a, b) => (b.at > a.at ? b : a));
      const expected = [newest.isSuspended ? "suspended" : "good", "good"];
      expect(await asGate(stub).standings(["key_1", "key_2"])).toEqual(expected);
      await evictDurableObject(stub);
      expect(await asGate(stub).standings(["key_1", "key_2"])).toEqual(expected);
    }),
    { numRuns: 25 },
  );
});

test("a key that is revoked stays revoked, whatever its suspension comes to", async () => {
  const gate = asGate(freshGate());
  await gate.suspend("key_1", 1);
  await gate.revoke("key_1");
  expect(await gate.standings(["key_1"])).toEqual(["revoked"]);
  await gate.resume("key_1", 2);
  expect(await gate.standings(["key_1"])).toEqual(["revoked"]);
});

test("failures of a key that the gate has not seen are of no account", async () => {
  const gate = asGate(freshGate());
  await gate.noteFailures(Array.from({ length: 500 }, () => ({ keyId: "key_1", acceptedAt: Date.now() })));
  expect((await gate.countsOf("key_1")).tally).toBeNull();
});
