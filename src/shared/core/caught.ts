/** What the sandbox caught, as it would have gone to a provider. */
import type { Channel } from "./channels.ts";
import { encode32, type MessagePlace, parseAttemptId, parseMessageId } from "./ids.ts";
import type { Envelope, LinkedFile } from "./message.ts";
import { smsSize } from "./sms.ts";

/** An envelope without the bytes of its attachments; without any content where the message is sensitive. */
export interface CaughtEnvelope {
  readonly channel: Channel;
  readonly to: string;
  readonly tags: readonly string[];
  readonly sensitive?: true;
  readonly attachments?: readonly { readonly filename: string; readonly content_type: string; readonly size_bytes: number }[];
  /** The channel's own fields: `subject`, `html`, `text`, `title`, … */
  readonly [field: string]: unknown;
}

export interface Caught {
  readonly id: string;
  readonly tenantId: string;
  readonly projectId: string;
  readonly messageId: string;
  readonly channel: Channel;
  readonly destination: string;
  readonly envelope: CaughtEnvelope;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface CaughtFilter {
  readonly channel?: Channel | undefined;
  readonly destination?: string | undefined;
  readonly messageId?: string | undefined;
}

/** Longer fields are cut: a row of the catcher is for looking at. */
const MOST_CHARS = 200_000;
const FEW_CHARS = 4_000;

/** What is kept of an envelope that the sandbox carried. */
export function caughtOfEnvelope(
  envelope: Envelope,
  about: { readonly tenantId: string; readonly projectId: string; readonly sensitive: boolean; readonly at: number },
): Caught {
  const { attemptId, messageId, to, tags, channel } = envelope;
  const base = { channel, to, tags };
  return {
    id: caughtId(attemptId, messageId, about.at),
    tenantId: about.tenantId,
    projectId: about.projectId,
    messageId,
    channel,
    destination: to,
    envelope: about.sensitive ? { ...base, sensitive: true } : { ...base, ...contentOf(envelope) },
    at: about.at,
  };
}

function contentOf(envelope: Envelope): Record<string, unknown> {
  const { attemptId: _a, messageId: _m, to: _to, tags: _t, channel: _c, ...content } = envelope;
  const fields = cut(content, MOST_CHARS);
  if (envelope.channel === "whatsapp" && envelope.attachments !== undefined) {
    const shown = ({ filename, contentType, sizeBytes }: LinkedFile) => ({
      filename,
      content_type: contentType,
      size_bytes: sizeBytes,
    });
    return { ...fields, attachments: envelope.attachments.map(shown) };
  }
  if (envelope.channel === "sms" && envelope.text !== "") return { ...fields, ...smsSize(envelope.text) };
  if (envelope.channel !== "email") return fields;
  return {
    ...fields,
    attachments: envelope.attachments.map((file) => ({
      filename: file.filename,
      content_type: file.contentType,
      size_bytes: Math.floor((file.contentBase64.replace(/=+$/, "").length * 3) / 4),
    })),
  };
}

/** The same envelope in a few thousand characters, for a pack whose messages are large. */
export function shortened(envelope: CaughtEnvelope): CaughtEnvelope {
  return { ...envelope, ...cut(envelope, FEW_CHARS) };
}

function cut(fields: Readonly<Record<string, unknown>>, most: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) =>
      typeof value === "string" && value.length > most ? [name, `${value.slice(0, most)}…`] : [name, value],
    ),
  );
}

/**
 * `cau_` + 10 (time) + 2 (message database) + 14 (who it is: sequence, random bits, try): sorted by the time
 * of catching, and finds its database.
 */
function caughtId(attemptId: string, messageId: string, at: number): string {
  const attempt = parseAttemptId(attemptId)?.attempt ?? 0;
  return `cau_${encode32(at, 10)}${messageId.slice(17, 19)}${messageId.slice(14, 17)}${messageId.slice(21, 30)}${encode32(attempt, 2)}`;
}

/** Index of the message database that holds it; null for what is no such id. */
export function dbShardOfCaught(id: string): MessagePlace["dbShard"] | null {
  if (!/^cau_[0-9A-Z]{26}$/.test(id)) return null;
  return parseMessageId(`msg_${id.slice(4, 14)}000${id.slice(14, 16)}00${"0".repeat(9)}`)?.dbShard ?? null;
}
