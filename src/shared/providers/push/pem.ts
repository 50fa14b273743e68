/** A private key as Google and Apple hand it out: PKCS #8 in PEM. */
import { z } from "zod";
import type { FailedReceipt } from "../../core/message.ts";

/** Line breaks may have become `\n` of two characters, as they do in an environment variable. */
export const pem = z
  .string()
  .max(8192)
  .regex(
    /^\s*-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s\\]+-----END PRIVATE KEY-----(?:\s|\\n)*$/,
    "It starts with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----.",
  );

export function withLineBreaks(key: string): string {
  return key.replaceAll("\\n", "\n").trim();
}

/** What the library says of a key that it cannot read is not handed on: it may quote it. */
export function unreadableKey(kind: string): FailedReceipt {
  return { outcome: "misconfigured", code: "bad_private_key", reason: `The private key is not one of ${kind}.` };
}
