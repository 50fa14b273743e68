/** Sends a finished message again, as a new message that names the old one. */
import { Fault } from "../core/faults.ts";
import type { Order } from "../core/message.ts";
import { FINAL_STATUSES } from "../core/status.ts";
import type { Caller } from "../core/tenant.ts";
import { idempotencyKey, type Run, rateHeaders, takeReceipt } from "./accept.ts";
import { sha256Hex } from "./authenticate.ts";
import type { Deps } from "./deps.ts";
import { type FoundMessage, findMessage } from "./find-message.ts";
import { keyOf, type SendOutcome } from "./send.ts";

/** The same words to the same recipient, due now, with as long to live as the first had after it was due. */
export async function resendMessage(
  deps: Pick<Deps, "shards" | "gate" | "now" | "random">,
  caller: Caller,
  id: string,
  input: { readonly idempotencyHeader: string | null; readonly requestId: string },
): Promise<SendOutcome> {
  const key = keyOf(input.idempotencyHeader, undefined);
  const found = await findMessage(deps, caller, id);
  if (!found) throw new Fault("not_found");
  const { message } = found;
  if (message.status !== "sent" && !FINAL_STATUSES.has(message.status)) {
    throw new Fault("conflict", { detail: `The message is ${message.status}: only a finished one can be sent again.` });
  }
  if (caller.mode === "test" && message.mode === "live") {
    throw new Fault("forbidden", { detail: "A test key only ever reaches the sandbox, and this message is a live one." });
  }
  const now = deps.now();
  // A live key that resends a test message makes a test message.
  const as: Caller = { ...caller, mode: message.mode };
  const receipt = await takeReceipt(deps, as, {
    requestId: input.requestId,
    idempotency: key === null ? null : idempotencyKey(as, key, await sha256Hex(`resend ${id}`)),
    echo: "queued",
    runs: [runOf(found, { request_id: input.requestId, key_id: caller.keyId }, now)],
    now,
  });
  const item = receipt.items[0];
  if (item?.kind !== "accepted") throw new Error("a single send was neither accepted nor refused");
  return {
    body: {
      request_id: receipt.requestId,
      status: "queued",
      message_ids: [item.first],
      messages: [{ id: item.first, channel: message.channel, destination: message.recipient }],
    },
    headers: { ...rateHeaders(receipt.rate), ...(receipt.replayed ? { "idempotent-replayed": "true" } : {}) },
  };
}

function runOf({ message, order }: FoundMessage, asked: Pick<Order, "request_id" | "key_id">, now: number): Run {
  if (order === null) throw new Fault("conflict", { detail: "What the message was made from is not kept any more." });
  const { channel, recipient: destination, variables } = message;
  const also = message.deliveries.slice(1).map((d) => ({ channel: d.channel, destination: d.destination }));
  // It goes out by itself: its line has moved on, and it is the same content again on purpose.
  const { ordering_key: _key, ordering: _ordering, dedupe_window_seconds: _window, ...words } = order;
  return {
    priority: message.priority,
    dueAt: now,
    ttlSeconds: message.expiresAt === null ? undefined : Math.ceil((message.expiresAt - message.dueAt) / 1000),
    template: message.template ?? undefined,
    category: message.category ?? undefined,
    tags: message.tags.length === 0 ? undefined : message.tags,
    order: { ...words, ...asked, metadata: { ...order.metadata, resent_from: message.id } },
    to: [{ channel, destination, ...(also.length === 0 ? {} : { also }), ...(variables === null ? {} : { variables }) }],
    dedupe: null,
  };
}
