/** One commit of accepted requests: idempotency → revocation → backlog → rate and quota → ids → lines → receipt and outbox. */
import { admit, type Meter } from "../../src/shared/core/admission.ts";
import { LANES } from "../../src/shared/core/channels.ts";
import { type Mint, messageIdAt, mintMessageIds, type Random } from "../../src/shared/core/ids.ts";
import type { AcceptedItem, AcceptItem, AcceptRequest, AcceptResult } from "../../src/shared/ports/gate.ts";
import type { Lines } from "./lines.ts";
import type { Outbox } from "./outbox.ts";
import type { Receipts } from "./receipts.ts";
import type { Shedder } from "./shedder.ts";

/** A row of the outbox stays well below SQLite's 2 MB a row. */
const ROW_CHARS = 400_000;

export interface GateState {
  meter: Meter;
  mint: Mint;
}

interface Group {
  lane: number;
  dueAt: number;
  n: number;
  first: string;
  last: string;
  texts: string[];
  chars: number;
}

/**
 * Synchronous on purpose: no await stands between the first read and the last write, so everything a
 * call grants lands in one commit, or, if it throws, in none.
 */
export function acceptAll(
  requests: readonly AcceptRequest[],
  with_: {
    state: GateState;
    receipts: Receipts;
    outbox: Outbox;
    shedder: Shedder;
    lines: Lines;
    revoked: ReadonlySet<string>;
    suspended: ReadonlySet<string>;
    gateShard: number;
    /** Picks the message database of this commit, but for messages in a line. */
    turn: number;
    now: number;
    random: Random;
  },
): AcceptResult[] {
  const groups = new Map<string, Group>();
  const full: Group[] = [];
  /** Messages that are due at once and not in the outbox yet. */
  let granted = 0;
  const results = requests.map((request) => acceptOne(request));
  for (const g of [...full, ...groups.values()]) {
    with_.outbox.add({ first: g.first, last: g.last, lane: g.lane, dueAt: g.dueAt, n: g.n, body: `[${g.texts.join(",")}]` });
  }
  return results;

  function acceptOne(request: AcceptRequest): AcceptResult {
    const { state, receipts, revoked, suspended, now } = with_;
    if (revoked.has(request.keyId)) return { kind: "revoked" };
    if (suspended.has(request.keyId)) return { kind: "suspended" };
    if (request.idempotency) {
      const known = receipts.find(request.idempotency, now);
      if (known === "conflict") return { kind: "conflict" };
      if (known) return { kind: "accepted", replayed: true, ...known, rate: null };
    }

    const known = request.items.map((item) => (item.dedupe ? receipts.find(item.dedupe, now) : undefined));
    const fresh = request.items.filter((_, i) => known[i] === undefined);
    const refusal = with_.shedder.refuse(fresh, request.limits.backlogMessages, granted, now);
    if (refusal) return refusal;
    const cost = request.items.reduce((sum, item, i) => (known[i] === undefined ? sum + item.count : sum), 0);
    const verdict = admit(state.meter, request.limits, { keyId: request.keyId, cost, critical: request.critical, now });
    if (verdict.kind !== "admitted") return verdict;
    state.meter = verdict.meter;

    const items = request.items.map((item, i): AcceptedItem => {
      // A key that stands twice in one request: the second sees what the first has just kept.
      const before = known[i] ?? (item.dedupe ? receipts.find(item.dedupe, now) : undefined);
      if (before === "conflict") return { kind: "conflict" };
      const earlier = before?.items[0];
      if (earlier?.kind === "accepted") return { ...earlier, replayed: true };
      const accepted: AcceptedItem = { kind: "accepted", first: put(item, request.dbShards), replayed: false };
      if (item.dedupe) receipts.keep(item.dedupe, { requestId: request.requestId, echo: "", items: [accepted] }, now);
      return accepted;
    });
    const record = { requestId: request.requestId, echo: request.echo, items };
    if (request.idempotency) receipts.keep(request.idempotency, record, now);
    return { kind: "accepted", replayed: false, ...record, rate: verdict.rate };
  }

  function put(item: AcceptItem, dbShards: readonly number[]): string {
    const { state, gateShard, turn, now, random } = with_;
    // A line lies in one database, so that its messages are read together.
    const dbShard = dbShards[(item.line?.spread ?? turn) % dbShards.length] ?? 0;
    const first = mintMessageIds(state.mint, item.count, { now, dbShard, gateShard, random });
    const last = messageIdAt(first, item.count - 1);
    const lane = LANES.indexOf(item.lane);
    const slot = `${lane}:${item.dueAt <= now ? "now" : item.dueAt}:${dbShard}`;
    let g = groups.get(slot);
    const text = `{"first":"${first}",${afterText(item, first)}${item.text}`;
    if (g && g.chars + text.length > ROW_CHARS) {
      full.push(g);
      g = undefined;
    }
    if (!g) {
      g = { lane, dueAt: item.dueAt, n: 0, first, last, texts: [], chars: 0 };
      groups.set(slot, g);
    }
    g.texts.push(text);
    g.n += item.count;
    if (item.dueAt <= now) granted += item.count;
    g.last = last;
    g.chars += text.length;
    return first;
  }

  /** `Submission.after` as a field of JSON text; empty where no message has one before it. */
  function afterText({ line }: AcceptItem, first: string): string {
    if (line === null) return "";
    const after = line.of.map((of, i) => with_.lines.append(of, messageIdAt(first, i), with_.now));
    return after.some((id) => id !== null) ? `"after":${JSON.stringify(after)},` : "";
  }
}
