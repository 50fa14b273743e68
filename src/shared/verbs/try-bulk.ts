/** Low-priority mail by the call-full: deliveries of one connection that may share a request go in one, and are settled one by one. */
import type { Receipt } from "../core/message.ts";
import type { ClaimedRow } from "../db/messages/packs.ts";
import type { Account, Bulk, HttpProvider } from "../providers/provider.ts";
import { type Carriage, carry, notAnswered } from "./carry.ts";
import type { DeliverDeps } from "./deliver-deps.ts";
import type { Lanes } from "./lanes.ts";
import { faulty, type Ready, type Round, ready } from "./ready.ts";
import { sessionFor, settleSession } from "./sessions.ts";
import { again, type Tried } from "./tried.ts";
import { settleCarriage } from "./try-delivery.ts";

/** Deliveries that are made ready between two breaths. */
const SLICE = 25;

/** Deliveries of the bulk lane, in the order of `rows`. Never throws. */
export async function tryBulk(
  deps: DeliverDeps,
  rows: readonly ClaimedRow[],
  round: Round,
  lanes: Lanes,
  startUntil: number,
): Promise<Tried[]> {
  const found: (Ready | Tried)[] = [];
  for (let at = 0; at < rows.length; at += SLICE) {
    found.push(...(await Promise.all(rows.slice(at, at + SLICE).map((row) => ready(deps, row, round)))));
    // Whoever else runs on this thread has a turn: a thousand mails are half a second of rendering.
    await deps.wait(0);
  }
  const tried = new Map<ClaimedRow, Tried>();
  for (const it of found) if (it.kind !== "ready") tried.set(it.row, it);
  const calls = grouped(found.filter((it) => it.kind === "ready"));
  await Promise.all(
    calls.map((call) =>
      lanes(async () => {
        const done = deps.now() < startUntil ? await tryCall(deps, call, round) : call.map((it) => again(it.row, deps.now()));
        await Promise.all(call.map((it) => it.permit.done()));
        for (const one of done) tried.set(one.row, one);
      }),
    ),
  );
  return rows.flatMap((row) => tried.get(row) ?? []);
}

/** What goes in one call: of one connection and one key, no address twice, and no more than the provider takes. */
function grouped(all: readonly Ready[]): Ready[][] {
  const calls: Ready[][] = [];
  const open = new Map<string, { call: Ready[]; addresses: Set<string> }>();
  for (const it of all) {
    const bulk = bulkOf(it);
    const key = bulk?.bulk.key(it.envelope, bulk.account) ?? null;
    if (bulk === null || key === null) {
      calls.push([it]);
      continue;
    }
    const slot = `${it.connection.connectionId} ${key}`;
    let group = open.get(slot);
    if (!group || group.call.length >= bulk.bulk.most || group.addresses.has(it.envelope.to)) {
      group = { call: [], addresses: new Set() };
      open.set(slot, group);
      calls.push(group.call);
    }
    group.call.push(it);
    group.addresses.add(it.envelope.to);
  }
  return calls;
}

function bulkOf({ connection: { provider, account } }: Ready): { bulk: Bulk; provider: HttpProvider; account: Account } | null {
  if (provider.kind !== "http" || provider.bulk === undefined || account === null) return null;
  return { bulk: provider.bulk, provider, account };
}

async function tryCall(deps: DeliverDeps, call: readonly Ready[], round: Round): Promise<Tried[]> {
  let carriages: readonly (Carriage | undefined)[];
  try {
    const [only, another] = call;
    carriages = only !== undefined && another === undefined ? [await carry(deps, only)] : await carryMany(deps, call);
  } catch (error) {
    // Nothing was sent yet: see carry and carryMany.
    return call.map((it) => faulty(deps, round, it, it.policy, error));
  }
  return call.map((it, i) => settleCarriage(deps, round, it, carriages[i] ?? NO_RECEIPT(deps.now())));
}

/** A fault of ours in reading the answer is found out too late: the provider has them, or has not. */
function receiptsOf(decode: () => Receipt[], count: number): Receipt[] {
  try {
    return decode();
  } catch (error) {
    const reason = String(error).slice(0, 200);
    return Array.from({ length: count }, () => ({ outcome: "unknown", code: "answer_not_understood", reason }));
  }
}

/** The provider said nothing of this one. */
const NO_RECEIPT = (startedAt: number): Carriage => ({
  startedAt,
  receipt: { outcome: "unknown", code: "no_receipt", reason: "The answer says nothing of this message." },
});

/** Throws only before anything was sent. */
async function carryMany(deps: DeliverDeps, call: readonly Ready[]): Promise<Carriage[]> {
  const [first] = call;
  const means = first === undefined ? null : bulkOf(first);
  if (first === undefined || means === null) throw new Error("these cannot share a call");
  const { bulk, provider, account } = means;
  const startedAt = deps.now();
  const session = await sessionFor(deps, provider, account);
  const same = (receipt: Receipt) => call.map(() => ({ startedAt, receipt }));
  if (session !== null && "outcome" in session) return same(session);
  const request = await bulk.encode(
    call.map((it) => it.envelope),
    account,
    {
      now: startedAt,
      callbackUrl: null,
      idempotencyKey: first.envelope.attemptId,
      session: session?.token ?? null,
      random: deps.random,
    },
  );
  const answer = await deps.carrier.carry(request, provider.timeoutMs);
  if (answer.kind !== "answered") return same(notAnswered(answer));
  return receiptsOf(() => bulk.decode(answer, call.length), call.length).map((receipt) => ({
    startedAt,
    receipt: settleSession(deps, account, session, receipt),
  }));
}
