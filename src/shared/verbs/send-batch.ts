/** POST /v1/batch: many recipients of one send, or many sends; each item answers for itself. */
import type { z } from "zod";
import { flawsOf } from "../contract/flaws.ts";
import { recipientsOf } from "../contract/routing.ts";
import { type batchAnswer, type RecipientsBatch, recipientShape, sendBody } from "../contract/send.ts";
import { Fault, type FaultCode, type Flaw } from "../core/faults.ts";
import { messageIdAt } from "../core/ids.ts";
import type { Caller } from "../core/tenant.ts";
import { type Accepted, byGate, idempotencyKey, type Run, rateHeaders, takeReceipt } from "./accept.ts";
import { sha256Hex } from "./authenticate.ts";
import type { Deps } from "./deps.ts";
import { keyOf, resolveRun } from "./send.ts";

type BatchDeps = Pick<Deps, "control" | "gate" | "now" | "random" | "allowPrivateEndpoints">;
type Answer = z.output<typeof batchAnswer>;
type Item = Answer["data"][number];

export interface BatchInput {
  readonly rawBody: Uint8Array;
  readonly idempotencyHeader: string | null;
  readonly requestId: string;
}

export interface BatchOutcome {
  readonly body: Answer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Of one item; `conflict` where its own key was used with another body. */
type Messages = { readonly ids: string[]; readonly replayed: boolean } | "conflict";

/** What became of the items before a gate saw them. Kept with the idempotency record, so a replay says the same. */
interface Sorted {
  /** Item index → its place in the accepted run (recipients) or among the runs (sends); -1 for one that this gate does not have. */
  readonly places: readonly number[];
  /** Messages of each run. */
  readonly counts: readonly number[];
  readonly errors: readonly (Item["error"] | null)[];
}

export async function batchOfRecipients(
  deps: BatchDeps,
  caller: Caller,
  body: RecipientsBatch,
  input: BatchInput,
): Promise<BatchOutcome> {
  const now = deps.now();
  const good: Run["to"][number][] = [];
  const places: number[] = [];
  const errors: (Item["error"] | null)[] = [];
  for (const [i, raw] of body.recipients.entries()) {
    const parsed = recipientShape.safeParse(raw);
    const flaws = parsed.success ? missingPart(parsed.data.channel, body.content) : flawsOf(parsed.error);
    errors[i] = flaws.length > 0 ? invalid(flaws) : null;
    places[i] = flaws.length > 0 ? -1 : good.length;
    if (parsed.success && flaws.length === 0) good.push(parsed.data);
  }
  const { recipients: _, ...words } = body;
  const { run, flaws } = await resolveRun(deps, caller, words, good, now, input.requestId);
  if (flaws.length > 0) {
    const error = invalid(flaws);
    return answer(
      input.requestId,
      places.map((_place, index) => ({ index, status: "rejected" as const, error })),
      {},
    );
  }
  const runs = good.length > 0 ? [run] : [];
  const sorted: Sorted = { places, errors, counts: [good.length] };
  return settle(deps, caller, body.deduplication_key, input, sorted, runs, now, (receipt, place) => {
    const item = receipt.items[0];
    return item?.kind === "accepted" ? { ids: [messageIdAt(item.first, place)], replayed: item.replayed } : "conflict";
  });
}

export async function batchOfSends(
  deps: BatchDeps,
  caller: Caller,
  body: { readonly sends: readonly unknown[]; readonly deduplication_key?: string | undefined },
  input: BatchInput,
): Promise<BatchOutcome> {
  const now = deps.now();
  const runs: Run[] = [];
  const places: number[] = [];
  const errors: (Item["error"] | null)[] = [];
  for (const [i, raw] of body.sends.entries()) {
    const parsed = sendBody.safeParse(raw);
    const { to, plan } = parsed.success ? recipientsOf(parsed.data.to, parsed.data.routing) : { to: [] };
    const resolved = parsed.success ? await resolveRun(deps, caller, parsed.data, to, now, input.requestId, plan) : null;
    const flaws = parsed.success ? (resolved?.flaws ?? []) : flawsOf(parsed.error);
    errors[i] = flaws.length > 0 ? invalid(flaws) : null;
    places[i] = flaws.length > 0 || !resolved ? -1 : runs.length;
    if (!parsed.success || !resolved || flaws.length > 0) continue;
    const own = parsed.data.deduplication_key;
    runs.push(
      own === undefined
        ? resolved.run
        : { ...resolved.run, dedupe: idempotencyKey(caller, own, await sha256Hex(JSON.stringify(raw))) },
    );
  }
  const sorted: Sorted = { places, errors, counts: runs.map((run) => run.to.length) };
  return settle(deps, caller, body.deduplication_key, input, sorted, runs, now, (receipt, place, count) => {
    const item = receipt.items[place];
    if (item?.kind !== "accepted") return "conflict";
    return { ids: Array.from({ length: count }, (_, k) => messageIdAt(item.first, k)), replayed: item.replayed };
  });
}

/** What one gate is asked for. More than one only where a batch has ordering keys of several gates. */
interface Part {
  readonly sorted: Sorted;
  readonly runs: readonly Run[];
}

function partsOf(caller: Caller, sorted: Sorted, runs: readonly Run[]): [Part, ...Part[]] {
  const [head, ...rest] = byGate(caller, runs);
  if (!head || rest.length === 0) return [{ sorted, runs }];
  const part = (group: readonly number[]): Part => {
    const places = new Map(group.map((place, i) => [place, i]));
    return {
      runs: group.flatMap((place) => runs[place] ?? []),
      sorted: {
        places: sorted.places.map((place) => places.get(place) ?? -1),
        counts: group.map((place) => sorted.counts[place] ?? 0),
        errors: sorted.errors,
      },
    };
  };
  return [part(head), ...rest.map(part)];
}

/** What a gate said to its part: a receipt, or, behind the first part, a refusal that is its items' own. */
type Settled = { readonly sorted: Sorted } & ({ readonly receipt: Accepted } | { readonly refusal: NonNullable<Item["error"]> });

/** Takes the receipts for what is good, and answers item by item. Where the first gate refuses, nothing was accepted. */
async function settle(
  deps: BatchDeps,
  caller: Caller,
  field: string | undefined,
  input: BatchInput,
  sorted: Sorted,
  runs: readonly Run[],
  now: number,
  messagesAt: (receipt: Accepted, place: number, count: number) => Messages,
): Promise<BatchOutcome> {
  const key = keyOf(input.idempotencyHeader, field);
  const idempotency = key === null ? null : idempotencyKey(caller, key, await sha256Hex(input.rawBody));
  const ask = (part: Part) =>
    takeReceipt(deps, caller, {
      requestId: input.requestId,
      idempotency,
      echo: JSON.stringify(part.sorted),
      runs: part.runs,
      now,
    });
  const [head, ...rest] = partsOf(caller, sorted, runs);
  const first = settledBy(head, await ask(head));
  const parts: Settled[] = [first];
  for (const part of rest) {
    try {
      parts.push(settledBy(part, await ask(part)));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      parts.push({ sorted: part.sorted, refusal: { code: error.code, detail: error.message } });
    }
  }
  const { receipt } = first;
  const items = first.sorted.places.map((_, index) =>
    itemAt(index, first.sorted.errors[index] ?? sorted.errors[index], parts, messagesAt),
  );
  const isReplay = parts.every((part) => "receipt" in part && part.receipt.replayed);
  return answer(receipt.requestId, items, {
    ...rateHeaders(receipt.rate),
    ...(isReplay ? { "idempotent-replayed": "true" } : {}),
  });
}

function settledBy(part: Part, receipt: Accepted): { readonly sorted: Sorted; readonly receipt: Accepted } {
  return { receipt, sorted: receipt.replayed ? (JSON.parse(receipt.echo) as Sorted) : part.sorted };
}

function itemAt(
  index: number,
  error: Item["error"] | null | undefined,
  parts: readonly Settled[],
  messagesAt: (receipt: Accepted, place: number, count: number) => Messages,
): Item {
  const part = parts.find(({ sorted }) => (sorted.places[index] ?? -1) >= 0);
  if (!part && error) return { index, status: "rejected", error };
  if (!part) throw new Error(`no gate was asked for item ${index}`);
  if ("refusal" in part) return { index, status: "rejected", error: part.refusal };
  const place = part.sorted.places[index] ?? -1;
  const messages = messagesAt(part.receipt, place, part.sorted.counts[place] ?? 0);
  if (messages === "conflict") {
    return {
      index,
      status: "rejected",
      error: { code: "idempotency_key_reused" satisfies FaultCode, detail: "deduplication_key was used with another body." },
    };
  }
  return { index, status: "accepted", message_ids: messages.ids, ...(messages.replayed ? { replayed: true } : {}) };
}

function answer(requestId: string, data: readonly Item[], headers: Record<string, string>): BatchOutcome {
  return {
    body: {
      request_id: requestId,
      accepted: data.reduce((sum, item) => sum + (item.message_ids?.length ?? 0), 0),
      rejected: data.filter((item) => item.status === "rejected").length,
      data: [...data],
    },
    headers,
  };
}

function invalid(errors: readonly Flaw[]): NonNullable<Item["error"]> {
  return {
    code: "validation_failed" satisfies FaultCode,
    detail: "The item does not have the right shape.",
    errors: [...errors],
  };
}

function missingPart(channel: string, content: object | undefined): Flaw[] {
  return content === undefined || channel in content ? [] : [{ path: "channel", message: `content has no part for ${channel}.` }];
}
