/** What providers of email have in common: fields of their forms, and parts of a mail that each writes down in its own way. */
import { z } from "zod";
import type { AttachedFile, Envelope } from "../../core/message.ts";
import { headerValue, isMailbox, oneLine } from "./lines.ts";

export type EmailEnvelope = Extract<Envelope, { channel: "email" }>;

/** A mail, or a bug: the plan gives a provider no channel that it does not carry. */
export function emailOf(envelope: Envelope, provider: string): EmailEnvelope {
  if (envelope.channel !== "email") throw new Error(`${provider} does not carry ${envelope.channel}`);
  return envelope;
}

/** The mailbox that mails come from. */
export function sender(description: string) {
  return z
    .string()
    .max(320)
    .refine(isMailbox, "A sender is `a@b.example` or `Name <a@b.example>`.")
    .meta({ title: "Sender", description: `Used where the content names none. ${description}` });
}

const MAX_TAGS = 10;

/** Tags on one line each, without repeats, as many as every provider takes. */
export function tagLines(tags: readonly string[], maxLength: number): string[] {
  const lines = tags.map((tag) => oneLine(tag).slice(0, maxLength)).filter((tag) => tag !== "");
  return [...new Set(lines)].slice(0, MAX_TAGS);
}

/** Our ids and the tags as names and values of `[A-Za-z0-9_-]`, at most 256 characters each, for providers that take no other. */
export function tagPairs(envelope: Envelope): (readonly [name: string, value: string])[] {
  const safe = (tag: string) => tag.replaceAll(/[^A-Za-z0-9_-]/g, "_").slice(0, 256) || "_";
  return [
    ["attempt_id", envelope.attemptId],
    ["message_id", envelope.messageId],
    ...envelope.tags.slice(0, MAX_TAGS).map((tag, i) => [`tag_${i + 1}`, safe(tag)] as const),
  ];
}

/** A file's name on one line, of a length that every provider takes. */
export function filename(file: AttachedFile): string {
  return oneLine(file.filename).slice(0, 255) || "file";
}

/** `type/subtype`, without parameters; what is none, or too long to be one, is a file of unknown type. */
export function mediaType(file: AttachedFile): string {
  const type = headerValue(file.contentType).replace(/;.*$/s, "").trim();
  return /^[\w.+-]{1,63}\/[\w.+-]{1,63}$/.test(type) ? type : "application/octet-stream";
}
