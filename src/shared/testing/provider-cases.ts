/** What providers are tried with: hostile texts, hostile answers, and what an answer must become. */
import { expect } from "vitest";
import type { Channel } from "../core/channels.ts";
import type { AttachedFile, Envelope, Receipt } from "../core/message.ts";

export const ATTEMPT_ID = "att_01M7WXHTZH0000004NNR5APDB90001";
export const MESSAGE_ID = "msg_01M7WXHTZH0000004NNR5APDB9";

/** An envelope whose every text is made of `texts`: the first ones are what the recipient reads. */
export function envelopeOf(channel: Channel, to: string, [a = "", b = "", c = ""]: readonly string[], hostile = ""): Envelope {
  const base = { attemptId: ATTEMPT_ID, messageId: MESSAGE_ID, to, tags: [`tag${hostile}`] };
  const attachments: AttachedFile[] = [
    { filename: `a${hostile}.pdf`, contentType: `application/pdf${hostile}`, contentBase64: "aGVsbG8=" },
  ];
  switch (channel) {
    case "email":
      return {
        ...base,
        channel,
        subject: a,
        text: b,
        html: c,
        from: `Name${hostile} <no-reply@acme.example>`,
        reply_to: `help${hostile}@acme.example`,
        cc: [`Copy${hostile} <cc@acme.example>`],
        bcc: [`bcc@acme.example${hostile}`],
        headers: { "X-Order": `1${hostile}`, [`X-Name${hostile}`]: "1" },
        attachments,
      };
    case "sms":
    case "whatsapp":
    case "chat":
      return { ...base, channel, text: a, validitySeconds: 900 };
    case "push":
      return { ...base, channel, title: a, body: b, data: { k: c }, url: "https://acme.example/", validitySeconds: 900 };
    case "inapp":
      return { ...base, channel, title: a, body: b };
  }
}

export const ATTACKS = [
  "\r\nBcc: victim@evil.example",
  "\nX-Injected: 1",
  "\r\n\r\n<script>",
  "\u0000\u0085\u2028Bcc: victim@evil.example",
  '"},"Destination":{"ToAddresses":["victim@evil.example"]},"x":"',
  "&To=%2B15550001111&Body=evil",
  ">, Eve <victim@evil.example>, <",
  " =?UTF-8?B?DQpCY2M6IHZpY3RpbUBldmlsLmV4YW1wbGU=?=",
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
export const BREAKS = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/;

export const OUTCOME_OF_CLASS: Readonly<Record<string, Receipt["outcome"]>> = {
  ok: "sent",
  permanent: "permanent",
  transient: "transient",
  throttled: "throttled",
  auth_config: "misconfigured",
  recipient_invalid: "recipient_invalid",
  unknown_outcome: "unknown",
};

/** A receipt that may be written into a row: closed outcome, short code, one short line of reason. */
export function expectSound(receipt: Receipt): void {
  if (receipt.outcome === "sent") {
    expect(receipt.providerMessageId).not.toBe("");
    return;
  }
  expect(Object.values(OUTCOME_OF_CLASS)).toContain(receipt.outcome);
  expect(receipt.code).toMatch(/^[^\r\n]{1,100}$/);
  expect(receipt.reason).toMatch(/^[^\r\n]{1,300}$/);
  if (receipt.retryAfterMs !== undefined) expect(receipt.retryAfterMs).toBeGreaterThan(0);
}

export const GARBAGE: readonly (readonly [string, string])[] = [
  ["nothing", ""],
  ["the page of a proxy", "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"],
  ["JSON that was cut", '{"MessageId":"0100","sid":"SM'],
  ["an empty object", "{}"],
  ["an empty list", "[]"],
  ["null", "null"],
  ["a number", "42"],
  ["fields of the wrong type", '{"MessageId":1,"sid":{},"code":"x","message":[],"__type":7,"status":null}'],
  ["empty fields", '{"MessageId":"","sid":"","id":"","code":null,"message":"","__type":""}'],
  ["names of everything", '{"__proto__":{"sid":"x"},"constructor":1,"__type":"constructor","code":1e999}'],
  ["a long text", "x".repeat(65_536)],
  ["a long message", JSON.stringify({ __type: "T".repeat(5000), message: "line\r\n".repeat(5000), code: 21211.5 })],
  ["bytes", String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
];
