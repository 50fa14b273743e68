/** Providers' own verifiers, and signers, as judges of what we believe. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { EventEmitter } from "node:events";
import https from "node:https";
import { Readable } from "node:stream";
import { EventWebhook } from "@sendgrid/eventwebhook";
import SnsValidator from "sns-payload-validator";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, describe, expect, test, vi } from "vitest";
import { makeTopic, posted, type SnsMessage } from "../../testing/sns.ts";
import type { Callback, HttpProvider } from "../provider.ts";
import { isStandardWebhook } from "../signatures.ts";
import { resend } from "./resend.ts";
import { sendgrid } from "./sendgrid.ts";
import { ses } from "./ses.ts";

const NOW_MS = Date.now();
const timestamp = String(Math.floor(NOW_MS / 1000));
const utf8 = (text: string) => new TextEncoder().encode(text);
const noCertificate = (): Promise<string> => Promise.reject(new Error("it needs none"));

async function believes(provider: HttpProvider, callback: Partial<Callback>, verification: object, certificate = noCertificate) {
  const whole = { method: "POST", url: new URL("https://carillon.test/"), headers: new Headers(), body: utf8(""), ...callback };
  const reading = await provider.callbacks?.read(whole, verification, { now: NOW_MS, certificate });
  return reading?.kind !== "forged";
}

describe("sendgrid's callbacks, judged by its own library", () => {
  const judge = new EventWebhook();
  const body = JSON.stringify([{ event: "delivered", sg_event_id: "1", email: "ü@customer.example" }]);

  /** What both say of it. */
  async function verdicts(public_key: string, signature: string, signed = body) {
    const headers = new Headers({
      "x-twilio-email-event-webhook-signature": signature,
      "x-twilio-email-event-webhook-timestamp": timestamp,
    });
    const ours = await believes(sendgrid, { headers, body: utf8(signed) }, { public_key });
    return [ours, judge.verifySignature(judge.convertPublicKeyToECDSA(public_key), signed, signature, timestamp)];
  }

  test("are believed and refused as there, over many keys and signatures of every length", async () => {
    const lengths = new Set<number>();
    for (let i = 0; i < 40; i++) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
      const signature = sign("sha256", utf8(timestamp + body), privateKey);
      lengths.add(signature.length);
      expect(await verdicts(key, signature.toString("base64"))).toEqual([true, true]);
      expect(await verdicts(key, signature.toString("base64"), `${body} `)).toEqual([false, false]);
      expect(await verdicts(key, sign("sha256", utf8(body), privateKey).toString("base64"))).toEqual([false, false]);
    }
    expect(lengths.size).toBeGreaterThan(1); // r and s with and without a leading zero
  });

  test("are believed under the smallest signatures that DER can hold as little as under the largest", async () => {
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const key = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    for (const bytes of [
      [0x30, 6, 2, 1, 1, 2, 1, 1],
      [0x30, 6, 2, 1, 0, 2, 1, 0],
      [0x30, 8, 2, 2, 0, 1, 2, 2, 0, 1],
      [0x30, 70, ...[2, 33, 0], ...Array<number>(32).fill(255), ...[2, 33, 0], ...Array<number>(32).fill(255)],
    ]) {
      expect((await verdicts(key, Buffer.from(bytes).toString("base64")))[0]).toBe(false);
    }
  });
});

describe("resend's callbacks, judged by Svix and by Standard Webhooks", () => {
  test("are believed as Svix signs them, and refused as it refuses them", async () => {
    for (const size of [24, 32, 64]) {
      const signing_secret = `whsec_${randomBytes(size).toString("base64")}`;
      const judge = new SvixWebhook(signing_secret);
      const body = JSON.stringify({ type: "email.sent", data: { subject: "héllo ✓" } });
      const id = "msg_2abc";
      const headers = {
        "svix-id": id,
        "svix-timestamp": timestamp,
        "svix-signature": judge.sign(id, new Date(NOW_MS), body),
      };
      const cases: readonly (readonly [Record<string, string>, string])[] = [
        [headers, body],
        [{ ...headers, "svix-signature": `v1,${randomBytes(32).toString("base64")} ${headers["svix-signature"]}` }, body],
        [headers, `${body} `],
        [{ ...headers, "svix-id": "msg_other" }, body],
        [{ ...headers, "svix-timestamp": String(Number(timestamp) - 1) }, body],
        [{ ...headers, "svix-signature": headers["svix-signature"].replace("v1,", "v2,") }, body],
        [{ ...headers, "svix-signature": "v1," }, body],
      ];
      const both = await Promise.all(
        cases.map(async ([given, text]) => [
          await believes(resend, { headers: new Headers(given), body: utf8(text) }, { signing_secret }),
          accepts(() => judge.verify(text, given)),
        ]),
      );
      expect(both).toEqual([[true, true], [true, true], ...Array.from({ length: 5 }, () => [false, false])]);
    }
  });

  test("are verified by the scheme of Standard Webhooks", async () => {
    const secret = `whsec_${randomBytes(32).toString("base64")}`;
    const signatures = new StandardWebhook(secret).sign("msg_1", new Date(NOW_MS), "{}");
    expect(await isStandardWebhook(secret, { id: "msg_1", timestamp, signatures }, utf8("{}"))).toBe(true);
    expect(await isStandardWebhook(secret, { id: "msg_2", timestamp, signatures }, utf8("{}"))).toBe(false);
  });
});

describe("SNS's messages, judged by another validator", () => {
  const ARN = "arn:aws:sns:eu-west-1:123456789012:mail-events";
  afterEach(() => vi.restoreAllMocks());

  test.each(["1", "2"] as const)("are believed and refused as there, with SignatureVersion %s", async (version) => {
    const topic = await makeTopic(ARN);
    const judge = new SnsValidator({ useCache: false });
    // It fetches the certificate by itself, from a place that no test reaches.
    vi.spyOn(https, "get").mockImplementation(((_url: string, _options: object, answer: (body: Readable) => void) => {
      answer(Readable.from([topic.pem]));
      return new EventEmitter();
    }) as unknown as typeof https.get);
    const plain = await topic.notification('{"eventType":"Send"}', NOW_MS, version);
    const { Signature: _, SigningCertURL: __, SignatureVersion: ___, ...bare } = plain;
    const messages: readonly SnsMessage[] = [
      plain,
      await topic.sign({ ...bare, Subject: "Amazon SES Email Event" }, version),
      await topic.confirmation(NOW_MS, {}, version),
      await topic.confirmation(NOW_MS, { Type: "UnsubscribeConfirmation" }, version),
      { ...plain, Message: "{}" },
      { ...plain, Subject: "added" },
      { ...plain, SignatureVersion: version === "1" ? "2" : "1" },
      { ...plain, Signature: randomBytes(256).toString("base64") },
      { ...plain, SigningCertURL: "https://evil.example/SimpleNotificationService-00000000000000000000000000000000.pem" },
    ];
    const verification = { topic_arn: ARN, allow_sha1: true };
    const both: boolean[][] = [];
    for (const message of messages) {
      const ours = await believes(ses, posted(message), verification, async () => topic.pem);
      both.push([
        ours,
        await judge.validate({ ...message } as never).then(
          () => true,
          () => false,
        ),
      ]); // one at a time: it keeps state
    }
    expect(both).toEqual([...Array.from({ length: 4 }, () => [true, true]), ...Array.from({ length: 5 }, () => [false, false])]);
  });
});

function accepts(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch {
    return false; // its way to say no
  }
}
