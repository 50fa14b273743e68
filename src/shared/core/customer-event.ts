/** What a customer's endpoint is told: types of events, filters on them, and the body of a post. Pure. */
import type { Delivery, MessageEvent } from "./message.ts";
import { NOTICE_TYPES } from "./notice.ts";
import { EVENT_TYPES, type EventType } from "./status.ts";

type ToldType = Exclude<EventType, "attempted">;

export const CUSTOMER_EVENTS: readonly string[] = [
  ...EVENT_TYPES.filter((type): type is ToldType => type !== "attempted").map((type) => `message.${type}`),
  ...NOTICE_TYPES,
];
/** What `POST /v1/webhooks/test` sends; no filter names it. */
export const TEST_EVENT = "webhook.test";

/** `message.*` and the like, and `*` for all of them. */
export const EVENT_PATTERNS: readonly string[] = ["*", ...new Set(CUSTOMER_EVENTS.map((type) => `${familyOf(type)}.*`))];

function familyOf(type: string): string {
  return type.slice(0, type.indexOf("."));
}

/** The types that a list of types and patterns lets through. */
export function typesOf(filters: readonly string[]): string[] {
  return CUSTOMER_EVENTS.filter((type) => filters.some((f) => f === "*" || f === type || f === `${familyOf(type)}.*`));
}

/** As which type a message's event is told; null for what is ours alone. */
export function toldAs(event: Pick<MessageEvent, "type" | "code">): string | null {
  // One delivery of several that was not needed; the message goes on.
  if (event.type === "attempted" || event.code === "not_needed") return null;
  return `message.${event.type}`;
}

/** What a body says of the message, beside the event. Nothing of it changes while the message lives. */
export interface MessageFacts {
  readonly messageId: string;
  readonly projectId: string;
  readonly mode: string;
  readonly channel: string;
  readonly recipient: string;
  readonly template: string | null;
  readonly category: string | null;
  readonly tags: readonly string[];
  readonly requestId: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** The delivery that the event is about, with its attempts; null where it is about the whole message. */
  readonly delivery: Pick<Delivery, "channel" | "destination" | "attempts"> | null;
}

export interface ToldEvent {
  /** `evt_…`, the same however often it is posted. */
  readonly id: string;
  readonly type: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** No body is larger: what does not fit is left out, and named in `data.omitted`. */
export const MOST_BODY_BYTES = 20_000;

/** The body of a message's event; `facts` is null where the message is gone. */
export function messageBody(told: ToldEvent, event: MessageEvent, messageId: string, facts: MessageFacts | null): string {
  const attempt = facts?.delivery?.attempts.findLast(({ id }) => id === event.attempt_id);
  const data = {
    message_id: messageId,
    project_id: facts?.projectId ?? null,
    mode: facts?.mode ?? null,
    channel: facts?.delivery?.channel ?? facts?.channel ?? null,
    recipient: facts?.delivery?.destination ?? facts?.recipient ?? null,
    delivery: event.delivery ?? null,
    attempt_id: event.attempt_id ?? null,
    connection_id: event.connection_id ?? attempt?.connection_id ?? null,
    provider: event.provider ?? attempt?.provider ?? null,
    provider_message_id: attempt?.provider_message_id ?? null,
    code: event.code ?? null,
    reason: event.reason ?? null,
    template: facts?.template ?? null,
    category: facts?.category ?? null,
    tags: facts?.tags ?? [],
    request_id: facts?.requestId ?? null,
    metadata: facts?.metadata ?? {},
  };
  return bodyOf(told, data, ["metadata", "recipient", "tags"]);
}

/** The body of any event: Standard Webhooks' `type`, `timestamp`, `data`. Fields of `mayGo` give way, in their order, where it is too large. */
export function bodyOf(told: ToldEvent, data: Readonly<Record<string, unknown>>, mayGo: readonly string[]): string {
  const text = (shown: object) =>
    JSON.stringify({ id: told.id, type: told.type, timestamp: new Date(told.at).toISOString(), data: shown });
  let body = text(data);
  for (let n = 1; n <= mayGo.length && new TextEncoder().encode(body).length > MOST_BODY_BYTES; n++) {
    const omitted = mayGo.slice(0, n);
    const left = Object.fromEntries(Object.entries(data).filter(([field]) => !omitted.includes(field)));
    body = text({ ...left, omitted });
  }
  return body;
}
