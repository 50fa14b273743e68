/** A customer of the API. */
import { expect } from "vitest";
import { type Server, until } from "./harness.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; null for an empty body. */
  readonly body: unknown;
}

export interface Message {
  readonly id: string;
  readonly status: string;
  readonly channel: string;
  readonly deliveries: readonly {
    readonly phase: string;
    readonly attempts: readonly {
      readonly provider: string;
      readonly outcome: string;
      readonly code: string | null;
      readonly provider_message_id: string | null;
      readonly route: { readonly policy_id: string; readonly why: string } | null;
    }[];
  }[];
  readonly events: readonly { readonly type: string; readonly at: string; readonly provider: string | null }[];
}

type Reachable = Pick<Server, "url" | "liveKey">;

export async function call(
  { url, liveKey }: Reachable,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${liveKey}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

/** Sends; answers with the ids. Throws on anything but a 202. */
export async function send(server: Reachable, body: object, headers: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const answer = await call(server, "POST", "/v1/send", body, headers);
  if (answer.status !== 202) throw new Error(`POST /v1/send: ${answer.status} ${JSON.stringify(answer.body)}`);
  return (answer.body as { message_ids: string[] }).message_ids;
}

export async function read(server: Reachable, id: string): Promise<Message> {
  const answer = await call(server, "GET", `/v1/messages/${id}`);
  if (answer.status !== 200) throw new Error(`GET /v1/messages/${id}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as Message;
}

/** Reads each message until `isDone` for all of them. Throws after `ms` with what the rest look like. */
export async function waitFor(
  server: Reachable,
  ids: readonly string[],
  isDone: (message: Message) => boolean,
  ms: number,
): Promise<Message[]> {
  const done = new Map<string, Message>();
  let last: Message | undefined;
  try {
    await until(async () => {
      for (const id of ids) {
        if (done.has(id)) continue;
        last = await read(server, id);
        if (!isDone(last)) return undefined;
        done.set(id, last);
      }
      return true;
    }, ms);
  } catch (error) {
    throw new Error(`${ids.length - done.size} of ${ids.length} messages are not there yet, such as ${JSON.stringify(last)}`, {
      cause: error,
    });
  }
  return [...done.values()];
}

export const isDelivered = (message: Message): boolean => message.status === "delivered";

/** The provider has it. What it says later may be lost with the process, where the provider is the sandbox. */
export const isSent = (message: Message): boolean => message.status === "sent" || message.status === "delivered";

/** A message that was carried twice has two of `sent`. */
export function expectOnce(messages: readonly Message[]): void {
  for (const { events } of messages) expect(events.filter((e) => e.type === "sent")).toHaveLength(1);
}

/** An email by inline content whose subject is `marker`. */
export function email(marker: string, destination = "ada@example.com"): object {
  return { to: [{ channel: "email", destination }], content: { email: { subject: marker, text: `About ${marker}.` } } };
}

export function sms(marker: string, destination = "+447700900123"): object {
  return { to: [{ channel: "sms", destination }], content: { sms: { text: marker } } };
}
