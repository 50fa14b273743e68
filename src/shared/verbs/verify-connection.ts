/** The dispatcher's side of a verification: opens the account, asks the provider, remembers a yes. Sends nothing. */
import { endpointFlaw, hostFlaw } from "../core/endpoint.ts";
import { commit } from "../db/commit.ts";
import { type ConnectionRow, connectionsOf } from "../db/control/connections.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Verification } from "../ports/desk.ts";
import { openConnection } from "./accounts.ts";
import type { Deps } from "./deps.ts";
import { sessionFor } from "./sessions.ts";

type VerifyDeps = Pick<Deps, "control" | "unsealer" | "carrier" | "sockets" | "mailer" | "now" | "allowPrivateEndpoints">;

export async function verifyConnection(deps: VerifyDeps, scope: ProjectScope, id: string): Promise<Verification> {
  const connections = connectionsOf(deps.control, scope);
  const row = await connections.get(id);
  if (!row) return no("not_found", "There is no such connection.");
  const verification = await probe(deps, row);
  // Of the account that was asked: one that was changed meanwhile is another.
  if (verification.ok) await commit(deps.control, [connections.setVerified(id, row.updatedAt, deps.now())]);
  return verification;
}

async function probe(deps: VerifyDeps, row: ConnectionRow): Promise<Verification> {
  const { provider, account, error } = await openConnection(deps, row);
  if (account === null) return no("cannot_open", error ?? "The connection cannot be opened.");
  if (provider.kind === "sandbox") return { ok: true, detail: "The sandbox needs no account." };
  if (provider.kind === "binding") return { ok: true, detail: provider.vouch };
  if (provider.kind === "dialogue") {
    const refused = hostFlaw(provider.hostOf(account), deps.allowPrivateEndpoints);
    return refused === null ? deps.sockets.converse(provider.probe(account)) : no("endpoint_refused", refused);
  }

  const flaw = provider.accountFlaw?.(account);
  if (flaw) return no(flaw.code, flaw.reason);
  const session = await sessionFor(deps, provider, account);
  if (session !== null && "outcome" in session) return no(session.code, session.reason);
  const request = await provider.probe.encode(account, { now: deps.now(), session: session?.token ?? null });
  const { origin, pathname } = new URL(request.url);
  const wrong = endpointFlaw(origin + pathname, deps.allowPrivateEndpoints);
  if (wrong !== null) return no("endpoint_refused", wrong);

  const carried = await deps.carrier.carry(request, provider.timeoutMs);
  switch (carried.kind) {
    case "answered":
      return provider.probe.decode(carried, account);
    case "not_sent":
    case "unknown":
      return no("unreachable", `The provider cannot be reached: ${carried.reason.slice(0, 200)}`);
  }
}

function no(code: string, detail: string): Verification {
  return { ok: false, code, detail };
}
