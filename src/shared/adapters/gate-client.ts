/** The gates as the api Worker calls them: accepts coalesced by gate, everything else straight through. */
import { gateName } from "../core/placement.ts";
import type { Gate } from "../ports/gate.ts";
import { CoalescingGate } from "./coalescing-gate.ts";

const MOST_GATES = 10_000;

/** `keepAlive`: `waitUntil` of the request that is running. */
export function gateClients(
  namespace: DurableObjectNamespace,
  keepAlive: (work: Promise<unknown>) => void,
  now: () => number,
): (tenantId: string, gateShard: number) => Gate {
  const coalescers = new Map<string, CoalescingGate>();

  return (tenantId, gateShard) => {
    const name = gateName(tenantId, gateShard);
    const stub = () => gateStub(namespace, name);
    let coalescer = coalescers.get(name);
    if (!coalescer) {
      // Those under way keep their own reference, so forgetting all of them loses nothing.
      if (coalescers.size >= MOST_GATES) coalescers.clear();
      coalescer = new CoalescingGate((requests) => stub().accept(requests), keepAlive, now);
      coalescers.set(name, coalescer);
    }
    const joined = coalescer;
    return {
      accept: (requests) => Promise.all(requests.map((request) => joined.accept(request))),
      find: (id) => stub().find(id),
      held: (query) => stub().held(query),
      cancel: (id) => stub().cancel(id),
      reschedule: (id, dueAt) => stub().reschedule(id, dueAt),
      revoke: (keyId) => stub().revoke(keyId),
      watch: () => stub().watch(),
      stats: () => stub().stats(),
    };
  };
}

/** A stub belongs to the request that made it, so each call makes its own. It answers every method of TenantGate, which implements Gate. */
export function gateStub(namespace: DurableObjectNamespace, name: string): Gate {
  return namespace.getByName(name) as unknown as Gate;
}
