/**
 * ProviderHealth objects as itty-durable reaches them, behind types. Its stub is a proxy over `fetch` for which every
 * name is a method of the object (`then` too: it must never be handed out of an async function), so it stays in here.
 */
import { proxyDurable } from "itty-durable/proxy-durable.js";
import type { Breaker } from "../core/breaker.ts";
import type { HealthObject, Probing } from "../ports/health.ts";

/** What the class answers to. Arguments travel in a header, so a report comes as JSON in plain ASCII. */
export interface RemoteHealth {
  read(): Promise<Breaker>;
  report(reportJson: string): Promise<Breaker>;
  probe(): Promise<Probing>;
  mend(): Promise<Breaker>;
}

export type HealthObjects = (tenantId: string, connectionId: string) => HealthObject;

export function healthName(tenantId: string, connectionId: string): string {
  return `${tenantId}/${connectionId}`;
}

/** Throws for anything that is not a name of healthName. */
export function parseHealthName(name: string): { readonly tenantId: string; readonly connectionId: string } {
  const [tenantId, connectionId, ...rest] = name.split("/");
  if (!tenantId || !connectionId || rest.length > 0) throw new Error(`no name of a connection's health: ${name}`);
  return { tenantId, connectionId };
}

export function healthObjects(namespace: DurableObjectNamespace): HealthObjects {
  const objects = proxyDurable(namespace, { parse: true });
  return (tenantId, connectionId) => {
    // A stub belongs to the invocation that made it, so each call makes its own. The class implements RemoteHealth.
    const remote = () => objects.get(healthName(tenantId, connectionId)) as RemoteHealth;
    return {
      read: () => remote().read(),
      report: (report) => remote().report(ascii(JSON.stringify(report))),
      probe: () => remote().probe(),
      mend: () => remote().mend(),
    };
  };
}

/** The same JSON without a character that a header does not carry. */
function ascii(json: string): string {
  return json.replaceAll(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
