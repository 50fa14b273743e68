/** Our SMTP client against a real server (`smtp-server`), and against servers that break every rule; postal-mime reads what arrived. */
import PostalMime from "postal-mime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { socketCarrier } from "../../src/shared/adapters/socket-carrier.ts";
import type { Receipt } from "../../src/shared/core/message.ts";
import { smtp } from "../../src/shared/providers/email/smtp.ts";
import { mails } from "../../src/shared/testing/mails.ts";
import { type Act, honest } from "../../src/shared/testing/smtp-wire.ts";
import { nodeConnect } from "./node-sockets.ts";
import { type SmtpDouble, smtpCertificate, startSmtpDouble } from "./smtp.ts";
import { type Scripted, startScripted } from "./smtp-script.ts";

const LOGIN = { username: "acme@example.com", password: "correct horse battery" };
const PLAIN = btoa(`\0${LOGIN.username}\0${LOGIN.password}`);
const NOW = Date.UTC(2026, 10, 20, 12);
const MESSAGE_ID = "att_01M7WXHTZH0000004NNR5APDB90001@acme.example";
const sockets = socketCarrier(nodeConnect(smtpCertificate.pem), Date.now);

type Server = Pick<SmtpDouble, "host" | "port"> & { readonly security?: "tls" | "starttls" };

function account({ host, port, security = "tls" }: Server, login = LOGIN) {
  const settings = { host, port, security, username: login.username, from: "Acme <no-reply@acme.example>" };
  return { connectionId: "con_1", credentials: { password: login.password }, settings: smtp.settings.parse(settings) };
}

async function send(
  server: Server,
  mail: (typeof mails)[keyof typeof mails] = mails.plain,
  timeoutMs = 20_000,
): Promise<Receipt> {
  const conversation = await smtp.encode(mail, account(server), { now: NOW });
  return sockets.converse({ ...conversation, timeoutMs });
}

describe.each(["tls", "starttls"] as const)("a real server, by %s", (security) => {
  let server: SmtpDouble;
  beforeAll(async () => {
    server = await startSmtpDouble(LOGIN, security);
  });
  afterAll(() => server.close());
  const last = () => {
    const mail = server.received.at(-1);
    if (!mail) throw new Error("nothing arrived");
    return mail;
  };

  test.each(Object.entries(mails))("takes and reads: %s", async (_, mail) => {
    expect(await send(server, mail)).toEqual({ outcome: "sent", providerMessageId: expect.stringMatching(/^att_\w+@/) });
    const { raw, isSecure } = last();
    expect(isSecure).toBe(true);
    const read = await PostalMime.parse(raw);
    expect([read.subject, read.text?.trim(), read.html?.trim()]).toEqual([
      mail.subject,
      mail.text,
      "html" in mail ? mail.html : undefined,
    ]);
    expect(read.attachments.map((a) => a.filename)).toEqual(mail.attachments.map((a) => a.filename.slice(0, 255) || "file"));
    for (const line of raw.toString("latin1").split("\r\n")) {
      expect(line).toMatch(/^[\x20-\x7e\t]*$/);
      expect(line.length).toBeLessThanOrEqual(998);
    }
  });

  test("names the attempt in the message id, and hides blind copies from everybody", async () => {
    await send(server, mails.rich);
    const { raw, from, to, ehlo } = last();
    const read = await PostalMime.parse(raw);
    expect(read.messageId).toMatch(/^<att_\w+@xn--mller-kva.example>$/);
    expect(read.headers.find(({ key }) => key === "x-carillon-message-id")?.value).toBe(mails.rich.messageId);
    expect(read.date).toBe(new Date(NOW).toISOString());
    expect(raw.toString()).not.toMatch(/bcc/i);
    expect({ from, to, ehlo }).toEqual({
      from: "no-reply@müller.example", // it reads Punycode
      to: ["ada@customer.example", "cc@acme.example", "cc2@acme.example", "bcc@acme.example"],
      ehlo: "EHLO acme.example",
    });
    expect(read.from).toMatchObject({ name: 'Müller & "Söhne"', address: "no-reply@xn--mller-kva.example" });
    expect(read.replyTo).toMatchObject([{ name: "Hilfe", address: "help@acme.example" }]);
    expect(read.cc).toMatchObject([{ name: "Kopie, die", address: "cc@acme.example" }, { address: "cc2@acme.example" }]);
    expect(read.headers.find(({ key }) => key === "list-unsubscribe-post")?.value).toBe("List-Unsubscribe=One-Click");
  });

  test("brings dots, long lines and every line end through as they are", async () => {
    const text = `.\n..\n.a\nFrom x\n\n${"long ".repeat(400)}\n.`;
    const end = "\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n";
    expect(await send(server, { ...mails.plain, text })).toMatchObject({ outcome: "sent" });
    expect((await PostalMime.parse(last().raw)).text?.trimEnd()).toBe(text);
    const before = server.received.length;
    for (const attack of [end, "\n.\nMAIL", "\r.\rMAIL", "\n.\r\nMAIL", "\r\n.\nMAIL", "\u0000\r\n.\r\n"]) {
      expect(await send(server, { ...mails.plain, text: `a${attack}b` })).toMatchObject({ outcome: "sent" });
    }
    expect(server.received.length).toBe(before + 6);
  });

  test("hears of a wrong password, and is not told twice", async () => {
    const refused = server.logins.refused;
    const wrong = smtp.probe(account(server, { ...LOGIN, password: "wrong-password" }));
    expect(await sockets.converse(wrong)).toEqual({
      ok: false,
      code: "535 5.7.8",
      detail: expect.stringContaining("credentials"),
    });
    expect(server.logins.refused).toBe(refused + 1);
    expect(await sockets.converse(smtp.probe(account(server)))).toMatchObject({ ok: true });
    expect(server.logins.inTheClear).toBe(0);
  });

  test("refuses one copy: the mail goes out, and says so", async () => {
    server.control({ at: "rcpt", to: "cc2@acme.example", fail: { code: 550, text: "5.1.1 No such user" }, times: 1 });
    const receipt = await send(server, mails.rich);
    expect(receipt).toMatchObject({
      outcome: "sent",
      remark: "Copies that were refused: cc2@acme.example: 550 5.1.1 No such user",
    });
    expect(last().to).toEqual(["ada@customer.example", "cc@acme.example", "bcc@acme.example"]);
  });

  test("refuses the recipient: nobody gets a copy", async () => {
    const before = server.received.length;
    server.control({ at: "rcpt", to: "ada@customer.example", fail: { code: 550, text: "5.1.1 No such user" }, times: 1 });
    expect(await send(server, mails.rich)).toMatchObject({
      outcome: "recipient_invalid",
      code: "550 5.1.1",
      reason: "No such user",
    });
    expect(server.received.length).toBe(before);
  });

  test.each([
    ["mail", 451, "4.3.0 Try later", "transient"],
    ["mail", 553, "5.7.1 Sender address rejected: not owned by user", "misconfigured"],
    ["rcpt", 450, "4.7.1 Greylisted, try again", "transient"],
    ["rcpt", 450, "4.7.1 Too many recipients", "throttled"],
    ["data", 554, "5.7.1 Looks like spam", "permanent"],
    ["data", 452, "4.3.1 Insufficient system storage", "transient"],
  ] as const)("refuses at %s with %i %s", async (at, code, text, outcome) => {
    server.control({ at, fail: { code, text }, times: 1 });
    expect(await send(server)).toMatchObject({ outcome, code: `${code} ${text.slice(0, 5)}` });
  });

  test("hangs up: before the final dot nothing was sent, after it nobody knows", async () => {
    for (const at of ["auth", "mail", "rcpt"] as const) {
      server.control({ at, drop: true, times: 1 });
      expect(await send(server)).toMatchObject({ outcome: "transient", code: `lost_at_${at}` });
    }
    server.control({ at: "data", drop: true, times: 1 });
    expect(await send(server)).toMatchObject({ outcome: "unknown", code: "lost_at_end" });
  });
});

describe("a slow server", { concurrent: true }, () => {
  test.each([
    ["is waited for", "data", 300, 20_000, { outcome: "sent" }, 1],
    ["may have taken it where its answer comes too late", "data", 6000, 5400, { outcome: "unknown", code: "lost_at_end" }, 1],
    [
      "gets no final dot that there is no time to wait for",
      "mail",
      1000,
      5500,
      { outcome: "transient", code: "lost_at_content" },
      0,
    ],
  ] as const)("%s", async (_, at, delayMs, timeoutMs, receipt, mailsTaken) => {
    const server = await startSmtpDouble(LOGIN);
    server.control({ at, delayMs });
    expect(await send(server, mails.plain, timeoutMs)).toMatchObject(receipt);
    expect(server.received.length).toBe(mailsTaken);
    await server.close();
  });
});

describe("a real server", () => {
  test("that offers AUTH LOGIN only is signed in to by that", async () => {
    const server = await startSmtpDouble(LOGIN, "tls", { authMethods: ["LOGIN"] });
    expect(await send(server)).toMatchObject({ outcome: "sent" });
    await server.close();
  });

  test("that has no way to sign in is no server of ours", async () => {
    const server = await startSmtpDouble(LOGIN, "tls", { authMethods: ["XOAUTH2"] });
    expect(await send(server)).toMatchObject({ outcome: "misconfigured", code: "auth_not_offered" });
    await server.close();
  });

  test("that takes small messages only is not asked to take a large one", async () => {
    const server = await startSmtpDouble(LOGIN, "tls", { size: 500 });
    expect(await send(server, { ...mails.plain, text: "x".repeat(1000) })).toMatchObject({
      outcome: "permanent",
      code: "message_too_large",
    });
    await server.close();
  });

  test("with a certificate that nobody vouches for is told nothing", async () => {
    const elsewhere = socketCarrier(nodeConnect(""), Date.now);
    for (const security of ["tls", "starttls"] as const) {
      const server = await startSmtpDouble(LOGIN, security);
      const receipt = await elsewhere.converse(await smtp.encode(mails.plain, account(server), { now: NOW }));
      expect(receipt).toMatchObject({ outcome: "transient", code: security === "tls" ? "lost_at_connect" : "lost_at_starttls" });
      expect(server.logins).toEqual({ ok: 0, refused: 0, inTheClear: 0 });
      await server.close();
    }
  });

  test("that is not there got nothing", async () => {
    const server = await startSmtpDouble(LOGIN, "tls");
    await server.close();
    expect(await send(server)).toMatchObject({ outcome: "transient", code: "lost_at_connect" });
  });
});

describe("a server that breaks the rules", () => {
  async function talk(
    security: "tls" | "starttls",
    over: Readonly<Record<string, Act | ((line: string) => Act)>>,
    timeoutMs = 20_000,
  ) {
    const server: Scripted = await startScripted(security, honest(over));
    const receipt = await send({ ...server, security }, mails.plain, timeoutMs);
    await server.close();
    return { receipt, heard: server.heard };
  }

  test("talks in many lines and in small pieces, and is understood", async () => {
    const { receipt } = await talk("tls", {
      ".": "250-2.0.0 Thank you\r\n250-2.0.0 very\r\n250 2.0.0 much\r\n",
      "": "220-a\r\n220-b\r\n220 c\r\n",
    });
    expect(receipt).toEqual({ outcome: "sent", providerMessageId: MESSAGE_ID });
  });

  test.each(["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."])("hangs up at %j", async (at) => {
    const { receipt } = await talk("tls", { [at]: "drop" });
    expect(receipt.outcome).toBe(at === "." ? "unknown" : "transient");
  });

  test.each(["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])("is silent at %j: the deadline ends it", async (at) => {
    expect((await talk("tls", { [at]: "silent" }, 300)).receipt.outcome).toBe("transient");
  });

  test.each(["", "EHLO", "MAIL", "RCPT", "DATA", "."])("answers 421 at %j", async (at) => {
    const { receipt } = await talk("tls", { [at]: "421 4.3.2 Closing\r\n" });
    expect(receipt).toMatchObject({ outcome: "transient", code: "421 4.3.2" });
  });

  test.each([
    ["a greeting without an end", { "": "220 ".padEnd(200_000, "x") }, "nonsense_at_greeting"],
    ["lines without an end", { "": "220-x\r\n".repeat(20_000) }, "nonsense_at_greeting"],
    ["HTTP", { "": "HTTP/1.1 400 Bad Request\r\n\r\n" }, "nonsense_at_greeting"],
    ["two codes in one answer", { EHLO: "250-a\r\n550 b\r\n" }, "nonsense_at_ehlo"],
    ["a yes of another kind", { DATA: "250 OK\r\n" }, "nonsense_at_data"],
    ["an answer too many", { RCPT: "250 OK\r\n250 OK\r\n" }, "nonsense_at_rcpt"],
    ["questions without end", { AUTH: "334 \r\n", [PLAIN]: "334 \r\n" }, "nonsense_at_auth"],
    ["another yes to AUTH", { AUTH: "250 OK\r\n" }, "nonsense_at_auth"],
  ])("says %s: nothing was sent", async (_, over, code) => {
    const { receipt } = await talk("tls", over);
    expect(receipt).toMatchObject({ outcome: "transient", code });
  });

  test("answers nonsense to the final dot: nobody knows", async () => {
    const { receipt } = await talk("tls", { ".": "OK\r\n" });
    expect(receipt).toMatchObject({ outcome: "unknown", code: "nonsense_at_end" });
  });

  test("offers no STARTTLS where it was asked for: not a word in the clear", async () => {
    const { receipt, heard } = await talk("starttls", { EHLO: "250-mx\r\n250 AUTH PLAIN LOGIN\r\n" });
    expect(receipt).toMatchObject({ outcome: "misconfigured", code: "starttls_not_offered" });
    expect(heard.filter((line) => line !== "QUIT")).toEqual(["EHLO acme.example"]);
  });

  test("refuses STARTTLS: not a word in the clear", async () => {
    const { receipt, heard } = await talk("starttls", { STARTTLS: "454 4.7.0 TLS not available\r\n" });
    expect(receipt.outcome).not.toBe("sent");
    expect(heard.filter((line) => line !== "QUIT")).toEqual(["EHLO acme.example", "STARTTLS"]);
  });

  test("smuggles an answer in before TLS: nothing of it is believed", async () => {
    const { receipt, heard } = await talk("starttls", { STARTTLS: "220 Go\r\n250-mx\r\n250 AUTH PLAIN\r\n" });
    expect(receipt).toMatchObject({ outcome: "transient", code: "nonsense_at_starttls" });
    expect(heard.join("\n")).not.toContain("AUTH");
  });

  test("is asked again inside TLS what it offers: what it said in the clear is forgotten", async () => {
    let asked = 0;
    const { receipt, heard } = await talk("starttls", {
      EHLO: () => (++asked === 1 ? "250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n" : "250-mx\r\n250 AUTH LOGIN\r\n"),
      AUTH: (line) => (line === "AUTH LOGIN" ? "334 VXNlcm5hbWU6\r\n" : "500 no\r\n"),
      [btoa(LOGIN.username)]: "334 UGFzc3dvcmQ6\r\n",
      [btoa(LOGIN.password)]: "235 2.7.0 OK\r\n",
    });
    expect(receipt).toMatchObject({ outcome: "sent" });
    expect(heard.indexOf("<TLS>")).toBeLessThan(heard.indexOf("AUTH LOGIN"));
  });

  test("quotes the password: it goes into no row and no log", async () => {
    const { receipt } = await talk("tls", { AUTH: `535 5.7.8 ${LOGIN.password} in ${PLAIN} is wrong\r\n` });
    expect(receipt).toMatchObject({ outcome: "misconfigured", reason: "… in … is wrong" });
  });
});
