/** The gates as the api Worker calls them: what every request asks is coalesced by gate, the rest goes straight through. */
import { gateName } from "../core/placement.ts";
import type { AcceptRequest, AcceptResult, Gate, KeyStanding } from "../ports/gate.ts";
import { Coalescer } from "./coalescer.ts";

const MOST_GATES = 10_000;

interface Joined {
  readonly accepts: Coalescer<AcceptRequest, AcceptResult>;
  readonly standings: Coalescer<string, KeyStanding>;
}

/** `keepAlive`: `waitUntil` of the request that is running. */
export function gateClients(
  namespace: DurableObjectNamespace,
  keepAlive: (work: Promise<unknown>) => void,
  now: () => number,
): (tenantId: string, gateShard: number) => Gate {
  const gates = new Map<string, Joined>();

  return (tenantId, gateShard) => {
    const name = gateName(tenantId, gateShard);
    const stub = () => gateStub(namespace, name);
    let gate = gates.get(name);
    if (!gate) {
      // Those under way keep their own reference, so forgetting all of them loses nothing.
      if (gates.size >= MOST_GATES) gates.clear();
      gate = {
        accepts: new Coalescer({ call: (requests) => stub().accept(requests), size: sizeOf, keepAlive, now }),
        standings: new Coalescer({ call: (ids) => stub().standings(ids), size: (id) => id.length, keepAlive, now }),
      };
      gates.set(name, gate);
    }
    const { accepts, standings } = gate;
    return {
      accept: (requests) => Promise.all(requests.map((request) => accepts.ask(request))),
      standings: (keyIds) => Promise.all(keyIds.map((id) => standings.ask(id))),
      find: (id) => stub().find(id),
      held: (query) => stub().held(query),
      cancel: (id) => stub().cancel(id),
      reschedule: (id, dueAt) => stub().reschedule(id, dueAt),
      revoke: (keyId) => stub().revoke(keyId),
      suspend: (keyId, at) => stub().suspend(keyId, at),
      resume: (keyId, at) => stub().resume(keyId, at),
      noteFailures: (failures) => stub().noteFailures(failures),
      countsOf: (keyId) => stub().countsOf(keyId),
      watch: () => stub().watch(),
      stats: () => stub().stats(),
    };
  };
}

function sizeOf(request: AcceptRequest): number {
  return request.items.reduce((sum, item) => sum + item.text.length, request.echo.length);
}

/** A stub belongs to the request that made it, so each call makes its own. It answers every method of TenantGate, which implements Gate. */
export function gateStub(namespace: DurableObjectNamespace, name: string): Gate {
  return namespace.getByName(name) as unknown as Gate;
}
