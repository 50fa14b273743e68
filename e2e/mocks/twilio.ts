/** A double of Twilio's Messages resource: checks the sign-in, and the form against Twilio's OpenAPI document. */
import { randomBytes } from "node:crypto";
import { formFlaws } from "../../src/shared/testing/twilio-spec.ts";
import { type Call, type Double, type Reply, startDouble, type Verdict } from "./double.ts";

export interface TwilioMockOptions {
  readonly accountSid: string;
  readonly authToken: string;
  readonly port?: number;
}

export interface TwilioMessage {
  /** What was answered as `sid`. */
  readonly id: string;
  readonly text: string;
  readonly callbackUrl: string | null;
  readonly form: Readonly<Record<string, string>>;
}

/** An error code of https://www.twilio.com/docs/api/errors under its status (400 unless set), or any other answer. */
export type TwilioFailure = { readonly code: number; readonly status?: number } | Reply;

export function startTwilioMock(options: TwilioMockOptions): Promise<Double<TwilioMessage, TwilioFailure>> {
  return startDouble<TwilioMessage, TwilioFailure>(
    {
      judge: async (call) => judge(call, options),
      failure: (failure) => ("code" in failure ? error(failure.status ?? 400, failure.code, "told to fail") : failure),
    },
    options.port,
  );
}

function judge(call: Call, { accountSid, authToken }: TwilioMockOptions): Verdict<TwilioMessage> {
  const expected = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  if (call.headers.authorization !== expected) return refused(401, 20003, "Authenticate");
  const base = `/2010-04-01/Accounts/${accountSid}`;
  switch (`${call.method} ${call.url.pathname}`) {
    case `GET ${base}.json`:
      return {
        kind: "other",
        reply: { status: 200, body: { sid: accountSid, friendly_name: "Double", status: "active", type: "Full" } },
      };
    case `POST ${base}/Messages.json`:
      return message(call, accountSid);
    default:
      return refused(404, 20404, `The requested resource ${call.url.pathname} was not found`);
  }
}

function message(call: Call, accountSid: string): Verdict<TwilioMessage> {
  if (!String(call.headers["content-type"]).startsWith("application/x-www-form-urlencoded")) {
    return refused(415, 20415, "the body must be a form");
  }
  const form = Object.fromEntries(new URLSearchParams(call.body));
  const flaw = ruleFlaw(form);
  if (flaw) return refused(400, ...flaw);
  const flaws = formFlaws(call.body);
  if (flaws.length > 0) return refused(400, 20001, flaws.join("; "));

  const id = `SM${randomBytes(16).toString("hex")}`;
  const { To: to = "", Body: text = "" } = form;
  return {
    kind: "message",
    to,
    message: { id, text, callbackUrl: form.StatusCallback ?? null, form },
    reply: { status: 201, body: resource(id, accountSid, form) },
  };
}

/** What Twilio demands beyond the document, under the codes it answers with. */
function ruleFlaw(form: Readonly<Record<string, string>>): [number, string] | null {
  const { To, From, MessagingServiceSid, Body, ContentSid, MediaUrl, ValidityPeriod } = form;
  if (!To) return [21604, "A 'To' phone number is required."];
  if (!/^(whatsapp:)?\+[1-9]\d{6,14}$/.test(To)) return [21211, `Invalid 'To' Phone Number: ${To}`];
  if (!From && !MessagingServiceSid) return [21603, "A 'From' phone number is required."];
  if (!Body && !ContentSid && !MediaUrl) return [21602, "Message body is required."];
  if ((Body ?? "").length > 1600) return [21617, "The concatenated message body exceeds the 1600 character limit."];
  const seconds = Number(ValidityPeriod ?? 1);
  return seconds >= 1 && seconds <= 36_000 ? null : [20001, "ValidityPeriod must be between 1 and 36000"];
}

/** The resource as a 201 shows it: accepted by a Messaging Service, or queued on a number. */
function resource(sid: string, accountSid: string, form: Readonly<Record<string, string>>): object {
  const now = new Date().toUTCString().replace("GMT", "+0000");
  const throughService = form.MessagingServiceSid !== undefined;
  return {
    account_sid: accountSid,
    api_version: "2010-04-01",
    body: form.Body ?? "",
    date_created: now,
    date_sent: null,
    date_updated: now,
    direction: "outbound-api",
    error_code: null,
    error_message: null,
    from: form.From ?? null,
    messaging_service_sid: form.MessagingServiceSid ?? null,
    num_media: "0",
    num_segments: throughService ? "0" : "1",
    price: null,
    price_unit: throughService ? null : "USD",
    sid,
    status: throughService ? "accepted" : "queued",
    subresource_uris: { media: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}/Media.json` },
    to: form.To ?? "",
    uri: `/2010-04-01/Accounts/${accountSid}/Messages/${sid}.json`,
  };
}

function error(status: number, code: number, message: string): Reply {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } };
}

function refused(status: number, code: number, why: string): Verdict<TwilioMessage> {
  return { kind: "refused", why: `${code}: ${why}`, reply: error(status, code, why) };
}
