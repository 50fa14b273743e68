import fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, test } from "vitest";
import type { Envelope, Receipt } from "../../core/message.ts";
import { describeMailProvider, type SentMail } from "../../testing/describe-mail.ts";
import { CONTEXT } from "../../testing/describe-provider.ts";
import { mails } from "../../testing/mails.ts";
import { ATTEMPT_ID, expectSound, OUTCOME_OF_CLASS } from "../../testing/provider-cases.ts";
import { type Act, bytesOf, honest, wireTo } from "../../testing/smtp-wire.ts";
import errors from "../../testing/specs/error-classification.json";
import type { Account } from "../provider.ts";
import { smtp } from "./smtp.ts";
import { dataOf } from "./smtp-data.ts";

const given = {
  credentials: { password: "correct horse battery" },
  settings: { host: "smtp.acme.example", username: "acme", from: "Acme <no-reply@acme.example>" },
};
const account: Account = {
  connectionId: "con_1",
  credentials: smtp.credentials.parse(given.credentials),
  settings: smtp.settings.parse(given.settings),
};

async function send(answer: (line: string) => Act, envelope: Envelope = mails.plain, over: object = {}) {
  const wire = wireTo(answer);
  const settings = { ...(account.settings as object), ...over };
  const receipt: Receipt = await wire.sockets.converse(await smtp.encode(envelope, { ...account, settings }, CONTEXT));
  return { ...wire, receipt };
}

async function sentMail(envelope: Envelope): Promise<SentMail> {
  const { said } = await send(honest(), envelope);
  const data = said.indexOf("DATA\r\n") + 1;
  const raw = said[data] ?? "";
  const read = await PostalMime.parse(bytesOf(raw.replaceAll("\r\n..", "\r\n.")));
  const lines = said.filter((line, i) => i !== data && !line.startsWith("AUTH "));
  expect(lines.every((line) => line.endsWith("\r\n"))).toBe(true);
  return {
    recipients: said.flatMap((line) => /^RCPT TO:<([^>]*)>\r\n$/.exec(line)?.[1] ?? []),
    headers: read.headers.map(({ key, value }) => [key, value]),
    subject: read.subject,
    text: read.text?.replace(/\n$/, ""),
    html: read.html?.replace(/\n$/, ""),
    lines: lines.map((line) => line.slice(0, -2)),
    all: [...lines, raw].join(""),
  };
}

describeMailProvider({
  provider: smtp,
  account: given,
  said: ["host", "username", "from"],
  send: sentMail,
  attemptIdOf: ({ headers }) =>
    /^<(att_\w+)@acme\.example>$/.exec(headers.find(([name]) => name === "message-id")?.[1] ?? "")?.[1],
});

describe("smtp classifies", () => {
  /** `match` of a row → servers that mean it. */
  const servers: Readonly<Record<string, readonly Readonly<Record<string, Act>>[]>> = {
    "before end of DATA: 4yz / 4.x.x": [
      ...["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."].map((at) => ({ [at]: "451 4.3.0 Later\r\n" })),
      { RCPT: "450 mailbox busy\r\n" },
      { AUTH: "454 4.7.0 Temporary authentication failure\r\n" },
    ],
    "421 at any point before end of DATA": ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"].map((at) => ({
      [at]: "421 Closing\r\n",
    })),
    "550 5.1.1|5.1.2|5.1.3|5.1.6|5.1.10": ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"].flatMap((code) => [
      { RCPT: `550 ${code} No\r\n` },
      { ".": `550 ${code} No\r\n` },
    ]),
    "552|5.2.2 mailbox full": [{ RCPT: "552 5.2.2 Full\r\n" }, { RCPT: "552 Over quota\r\n" }, { RCPT: "452 4.2.2 Full\r\n" }],
    "553|501 5.1.7|5.1.8 sender address": [
      { MAIL: "553 5.1.8 No such domain\r\n" },
      { MAIL: "501 5.1.7 Bad sender\r\n" },
      { MAIL: "553 Not yours\r\n" },
      { RCPT: "553 5.7.1 Sender address rejected: not owned by user\r\n" },
    ],
    "535|534|530 5.7.8|5.7.0 auth": [
      { AUTH: "535 5.7.8 No\r\n" },
      { AUTH: "534 5.7.9 Too weak\r\n" },
      { MAIL: "530 5.7.0 Authentication required\r\n" },
    ],
    "550|554 5.7.x policy/spam": [{ RCPT: "550 5.7.1 Blocked\r\n" }, { ".": "554 5.7.1 Spam\r\n" }],
    "552 5.3.4 message too big": [{ MAIL: "552 5.3.4 Too big\r\n" }, { ".": "552 Message size exceeds limit\r\n" }],
    "other 5yz": [
      { RCPT: "550 No such user\r\n" },
      { DATA: "554 No valid recipients\r\n" },
      { ".": "554 Transaction failed\r\n" },
    ],
    'connection lost after the final "." was sent and before the reply': [{ ".": "drop" }, { ".": "silent" }],
  };

  test("every row of the published table, and no other", () => {
    expect(Object.keys(servers).sort()).toEqual(errors.smtp.rows.map(({ match }) => match).sort());
  });

  test.each(errors.smtp.rows)("$match as $class", async ({ match, class: name }) => {
    for (const over of servers[match] ?? []) {
      const { receipt } = await send(honest(over));
      expectSound(receipt);
      expect(receipt.outcome, JSON.stringify(over)).toBe(OUTCOME_OF_CLASS[name]);
    }
  });

  test("a mailbox that is full as something for later", async () => {
    expect((await send(honest({ RCPT: "552 5.2.2 Full\r\n" }))).receipt).toMatchObject({ retryAfterMs: 3_600_000 });
  });

  test("a server that refuses the connection as a matter of the connection", async () => {
    for (const at of ["", "EHLO"]) {
      expect((await send(honest({ [at]: "554 5.7.1 Not from there\r\n" }))).receipt).toMatchObject({ outcome: "misconfigured" });
    }
  });

  test("whatever a server says, at any point: never as sent before the final dot is answered", async () => {
    const junk = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }).map((text) => String.fromCharCode(...new TextEncoder().encode(text))),
      fc
        .tuple(fc.integer({ min: 100, max: 699 }), fc.constantFrom(" ", "-", ""), fc.string({ maxLength: 40 }))
        .map(([code, separator, text]) => `${code}${separator}${text}\r\n`),
    );
    const at = fc.constantFrom("", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", ".");
    await fc.assert(
      fc.asyncProperty(at, junk, async (where, what) => {
        let n = 0;
        // A part of a reply is waited for: here it never comes.
        const { receipt, said } = await send((line) => (++n > 50 ? "drop" : honest({ [where]: what })(line)));
        expectSound(receipt);
        if (receipt.outcome === "sent") expect(said).toContain(".\r\n");
        if (!said.includes(".\r\n")) expect(receipt.outcome).not.toBe("unknown");
      }),
      { numRuns: 300 },
    );
  });
});

describe("smtp", () => {
  test("goes to the host and port of the account, inside TLS", async () => {
    expect((await send(honest())).hosts).toEqual(["smtp.acme.example:465 tls"]);
    const { hosts, said, receipt } = await send(honest(), mails.plain, {
      port: 587,
      security: "starttls",
      ehlo_name: "out.acme.example",
    });
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: `${ATTEMPT_ID}@acme.example` });
    expect(hosts).toEqual(["smtp.acme.example:587 starttls"]);
    expect(said.slice(0, 4)).toEqual(["EHLO out.acme.example\r\n", "STARTTLS\r\n", "<TLS>", "EHLO out.acme.example\r\n"]);
  });

  test("signs in without sending to prove an account", async () => {
    const { sockets, said } = wireTo(honest());
    expect(await sockets.converse(smtp.probe(account))).toMatchObject({
      ok: true,
      detail: expect.stringContaining("1000000 bytes"),
    });
    expect(said).toEqual(["EHLO acme.example\r\n", expect.stringMatching(/^AUTH PLAIN /), "QUIT\r\n"]);
    const wrong = wireTo(honest({ AUTH: "535 5.7.8 Wrong\r\n" }));
    expect(await wrong.sockets.converse(smtp.probe(account))).toEqual({ ok: false, code: "535 5.7.8", detail: "Wrong" });
    expect(wrong.said.join("")).not.toContain("MAIL");
  });

  test("names a recipient outside ASCII only where the server takes that", async () => {
    const mail = { ...mails.plain, to: "adä@bücher.example" };
    expect((await send(honest(), mail)).receipt).toMatchObject({ outcome: "permanent", code: "smtputf8_not_offered" });
    const { receipt, said } = await send(honest({ EHLO: "250-mx\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n" }), mail);
    expect(receipt.outcome).toBe("sent");
    expect(said).toContain("MAIL FROM:<no-reply@acme.example> BODY=8BITMIME SMTPUTF8\r\n");
    expect(said.some((line) => line.endsWith("@xn--bcher-kva.example>\r\n"))).toBe(true);
  });

  test.each(["", "ada", "ada@", "@b.example", "a@b@c.example", '"a"b@c.example', "ada@[127.0.0.1]"])(
    "refuses %j before it asks anybody",
    (to) => expect(smtp.refuse?.(to, account)).toMatchObject({ outcome: "permanent", code: "no_address" }),
  );

  test("takes an address with a name", () => {
    expect(smtp.refuse?.("Ada <ada@customer.example>", account)).toBeNull();
  });

  test.each([
    "127.0.0.1:25",
    "SMTP.acme.example",
    "a b",
    "smtp.acme.example/x",
    "user@smtp.acme.example",
    "[::1]",
    "-a.example",
    "",
  ])("has no host %j", (host) => expect(smtp.settings.safeParse({ ...given.settings, host }).success).toBe(false));

  test("does not talk on the port of mail between servers", () => {
    expect(smtp.settings.safeParse({ ...given.settings, port: 25 }).success).toBe(false);
    expect(smtp.settings.parse(given.settings)).toMatchObject({ port: 465, security: "tls" });
  });
});

describe("a message as DATA carries it", () => {
  test("has no end before its end, whatever is in it", () => {
    const piece = fc.constantFrom("\r", "\n", "\r\n", ".", "..", "\u0000", "a", "MAIL FROM:<eve@evil.example>");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const data = String.fromCharCode(...dataOf(bytesOf(pieces.join(""))));
        expect(`\r\n${data}.\r\n`.indexOf("\r\n.\r\n")).toBe(data.length);
        expect(data.replaceAll("\r\n", "")).not.toMatch(/[\r\n\0]/);
        const wanted = pieces
          .join("")
          .replaceAll("\0", "")
          .replaceAll(/\r\n|\r|\n/g, "\r\n");
        const back = `\r\n${data}`.replaceAll("\r\n.", "\r\n").slice(2);
        expect([wanted, `${wanted}\r\n`]).toContain(back);
      }),
      { numRuns: 2000 },
    );
  });
});
