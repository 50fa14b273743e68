/**
 * Twilio's status callbacks and inbound messages, signed by HMAC-SHA1 over the URL as Twilio saw it and all parameters.
 * https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
import { z } from "zod";
import type { Callbacks, ProviderSignal } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { attemptIn, forged, idOf, reading, said } from "../signals.ts";
import { fromBase64, isSha256Hex, joined } from "../signatures.ts";
import { type OptOutWord, optOutSignal, optOutWord } from "./opt-out.ts";
import { suppressOfCode } from "./twilio-answers.ts";

const verification = z.strictObject({
  auth_token: secretKey("Auth token").describe(
    "The account's primary one: Twilio signs with no other, also where an API key sends.",
  ),
});

export const twilioCallbacks: Callbacks<z.output<typeof verification>> = {
  verification,
  async read({ url, headers, body }, { auth_token }, { now }) {
    const signature = fromBase64(headers.get("x-twilio-signature") ?? "");
    if (signature === null || signature.length === 0) return forged("It is not signed.");
    const bodyHash = url.searchParams.get("bodySHA256");
    // A body that is no form is signed by its hash in the URL.
    if (bodyHash !== null && !(await isSha256Hex(bodyHash, body))) return forged("Its body is not the one that was signed.");
    const parameters = new URLSearchParams(bodyHash === null ? new TextDecoder().decode(body) : "");
    if (!(await isSigned(auth_token, signature, url, signedText(parameters)))) return forged("Its signature is wrong.");
    return reading([signalOf(parameters, attemptIn(url.searchParams.get("attempt")), now) ?? []].flat());
  },
};

/** Names and values one after the other, by name; the values of one name sorted and without repeats. */
function signedText(parameters: URLSearchParams): string {
  const names = [...new Set(parameters.keys())].sort();
  return names.flatMap((name) => [...new Set(parameters.getAll(name))].sort().map((value) => `${name}${value}`)).join("");
}

/** Whether Twilio saw the port of the scheme in the URL, it does not tell: both are tried. */
async function isSigned(token: string, signature: Uint8Array, url: URL, signed: string): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", joined(token), { name: "HMAC", hash: "SHA-1" }, false, ["verify"]);
  for (const seen of spellings(url)) {
    if (await crypto.subtle.verify("HMAC", key, signature, joined(seen, signed))) return true;
  }
  return false;
}

function spellings(url: URL): readonly string[] {
  const plain = url.href.slice(0, url.href.length - url.hash.length);
  const standard = url.protocol === "http:" ? "80" : "443";
  // The authority of an http URL ends before the first slash after `//`; a user name may hold no slash.
  const start = plain.indexOf("//") + 2;
  const end = plain.indexOf("/", start);
  const [head, authority, rest] = [plain.slice(0, start), plain.slice(start, end), plain.slice(end)];
  if (url.port !== "") return [plain, head + authority.slice(0, -url.port.length - 1) + rest];
  return [plain, `${head}${authority}:${standard}${rest}`];
}

const TYPES: ReadonlyMap<string | null, ProviderSignal["type"]> = new Map([
  ["accepted", "sent"],
  ["scheduled", "sent"],
  ["queued", "sent"],
  ["sending", "sent"],
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["partially_delivered", "delivered"],
  ["read", "opened"],
  ["undelivered", "failed"],
  ["failed", "failed"],
  ["canceled", "failed"],
]);

function signalOf(parameters: URLSearchParams, attemptId: string | null, now: number): ProviderSignal | null {
  const sid = idOf(parameters.get("MessageSid") ?? parameters.get("SmsSid"));
  const status = parameters.get("MessageStatus") ?? parameters.get("SmsStatus");
  if (sid === null) return null;
  if (status === null || status === "received" || status === "receiving") return inbound(parameters, sid, now);
  const type = TYPES.get(status);
  if (type === undefined) return null;
  const code = parameters.get("ErrorCode");
  const suppress = type === "failed" && code !== null ? suppressOfCode(Number(code)) : undefined;
  return {
    attemptId,
    providerMessageId: sid,
    // One event for all that says that Twilio has it.
    key: `${sid}:${type}`,
    type,
    at: now,
    ...said({
      recipient: number(parameters.get("To")),
      ...(type === "failed" ? { code: code || status, reason: parameters.get("ErrorMessage") } : {}),
    }),
    ...(suppress === undefined ? {} : { suppress }),
  };
}

/**
 * A message from a person. `OptOutType` comes with Advanced Opt-Out; without it, Twilio stops at the same words by itself.
 * HELP says nothing that is recorded.
 */
function inbound(parameters: URLSearchParams, sid: string, now: number): ProviderSignal | null {
  const kind = parameters.get("OptOutType");
  const word = kind === null ? optOutWord(parameters.get("Body")) : (KINDS.get(kind) ?? null);
  return optOutSignal(word, { key: sid, at: now, recipient: number(parameters.get("From")) });
}

const KINDS: ReadonlyMap<string, OptOutWord> = new Map([
  ["STOP", "stop"],
  ["START", "start"],
]);

function number(address: string | null): string | undefined {
  return address?.replace(/^[a-z]+:/, "");
}
