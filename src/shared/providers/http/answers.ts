/** What an answer means, by the rules of the account. */
import type { FailedReceipt, Receipt } from "../../core/message.ts";
import { excerpt, retryAfterMs } from "../answers.ts";
import type { Answer } from "../provider.ts";
import type { HttpSettings } from "./settings.ts";

type Sign = HttpSettings["success"];

/** Where no id is asked for, there is none. */
const NO_ID = "accepted";

export function receiptOf(answer: Answer, settings: HttpSettings): Receipt {
  const json = jsonOf(answer.body);
  const rule = settings.errors.find((one) => fits(one, answer, json));
  if (rule !== undefined) return refused(rule.outcome, answer, json, settings);
  const { statuses = ["2xx"], ...said } = settings.success;
  if (!isAmong(answer.status, statuses)) return refused(byStatus(answer.status), answer, json, settings);
  if (!fits(said, answer, json)) {
    // It says something else than that it was taken, or nothing that can be understood.
    return refused(json === undefined ? "unknown" : "permanent", answer, json, settings);
  }
  if (settings.id_pointer === undefined && settings.id_header === undefined) return { outcome: "sent", providerMessageId: NO_ID };
  const id = wordOf(settings.id_pointer === undefined ? undefined : at(json, settings.id_pointer)) ?? headerOf(answer, settings);
  if (id !== null) return { outcome: "sent", providerMessageId: id };
  return { outcome: "unknown", code: "no_message_id", reason: "It answered without the id of the message." };
}

function headerOf({ headers }: Answer, { id_header }: HttpSettings): string | null {
  return id_header === undefined ? null : wordOf(headers.get(id_header));
}

function refused(outcome: FailedReceipt["outcome"], answer: Answer, json: unknown, settings: HttpSettings): FailedReceipt {
  const of = (pointer: string | undefined) => (pointer === undefined ? null : wordOf(at(json, pointer)));
  const wait = outcome === "throttled" ? retryAfterMs(answer.headers) : undefined;
  return {
    outcome,
    code: (of(settings.error_code_pointer) ?? `http_${answer.status}`).slice(0, 100),
    reason: of(settings.error_message_pointer) ?? `It answered ${answer.status}.`,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

function byStatus(status: number): FailedReceipt["outcome"] {
  if (status === 429) return "throttled";
  if (status === 408 || status >= 500 || (status >= 200 && status < 300)) return "unknown";
  return [401, 403, 404, 405, 410].includes(status) || status < 400 ? "misconfigured" : "permanent";
}

/** Whether an answer is all that a sign names. */
function fits({ statuses, pointer, equals }: Sign, { status }: Answer, json: unknown): boolean {
  if (statuses !== undefined && !isAmong(status, statuses)) return false;
  if (pointer === undefined) return true;
  const found = at(json, pointer);
  return equals === undefined ? found !== undefined && found !== null : found === equals;
}

/** `200`, `2xx`, `200-204`. */
export function isAmong(status: number, statuses: readonly string[]): boolean {
  return statuses.some((text) => {
    if (text.endsWith("xx")) return Math.floor(status / 100) === Number(text[0]);
    const [first = 0, last = first] = text.split("-").map(Number);
    return status >= first && status <= last;
  });
}

/** The value at a JSON pointer (RFC 6901); undefined where there is none. */
export function at(json: unknown, pointer: string): unknown {
  let value = json;
  for (const part of pointer.split("/").slice(1)) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** A text, a number or yes and no on one line; null for what says nothing. */
function wordOf(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return null;
  return excerpt(String(value), "") || null;
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined; // not JSON: its status has to do
  }
}
