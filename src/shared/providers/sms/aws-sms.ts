/**
 * AWS End User Messaging SMS, SendTextMessage.
 * https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html
 */
import { z } from "zod";
import { parseObject, text } from "../answers.ts";
import { awsCredentials, awsOrigin, awsRegion, awsRequest } from "../aws.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { snsCallbacks } from "../sns-envelope.ts";
import { accountState, refusal } from "./aws-sms-answers.ts";
import { signalsOfEvent } from "./aws-sms-events.ts";
import { refuseSender, refuseText, senderFor, sendersByCountry, smsOf, validity } from "./parts.ts";

const identity = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9_:/+-]+$/, "An origination identity is a number, a sender ID, or the id or ARN of one or of a pool.");
const name = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9_:/-]+$/);

const settings = z.strictObject({
  region: awsRegion,
  from: identity
    .optional()
    .meta({ title: "Origination identity", description: "A number, a sender ID, or a pool; AWS chooses one unless set." }),
  senders: sendersByCountry(identity).optional(),
  message_type: z
    .enum(["TRANSACTIONAL", "PROMOTIONAL"])
    .optional()
    .meta({ title: "Message type", description: "TRANSACTIONAL." }),
  configuration_set: name
    .optional()
    .meta({ title: "Configuration set", description: "Its event destination reports what became of a message." }),
  endpoint: endpoint.optional(),
});

type AwsSmsAccount = Account<z.output<typeof awsCredentials>, z.output<typeof settings>>;

const LEAST_TTL_SECONDS = 5;
const MOST_TTL_SECONDS = 259_200;

export const awsSms = httpProvider<z.output<typeof awsCredentials>, z.output<typeof settings>>({
  id: "aws-sms",
  name: "AWS End User Messaging SMS",
  channels: ["sms"],
  credentials: awsCredentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (to, { settings }) => refuseSender(namesOnly(settings), to),
  supports: (envelope) => refuseText(envelope, { characters: 1600 }),
  encode(envelope, account, { now }) {
    const sms = smsOf(envelope, "AWS End User Messaging");
    return call(account, now, "SendTextMessage", {
      DestinationPhoneNumber: sms.to,
      OriginationIdentity: senderFor(account.settings, sms.to),
      MessageBody: sms.text,
      MessageType: account.settings.message_type ?? "TRANSACTIONAL",
      ConfigurationSetName: account.settings.configuration_set,
      TimeToLive: validity(sms, LEAST_TTL_SECONDS, MOST_TTL_SECONDS),
      Context: { attempt_id: sms.attemptId, message_id: sms.messageId },
    });
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = text(parseObject(answer.body), "MessageId");
    if (id !== null) return { outcome: "sent", providerMessageId: id };
    return { outcome: "unknown", code: "no_message_id", reason: "AWS answered without a MessageId." };
  },
  callbacks: snsCallbacks(signalsOfEvent),
  probe: {
    encode: (account, { now }) => call(account, now, "DescribeAccountAttributes", {}),
    decode: accountState,
  },
});

function call({ settings, credentials }: AwsSmsAccount, now: number, operation: string, body: object): Promise<Request> {
  const { region, endpoint: base } = settings;
  return awsRequest(
    {
      method: "POST",
      url: under(base ?? awsOrigin("sms-voice", region), "/"),
      service: "sms-voice",
      region,
      contentType: "application/x-amz-json-1.0",
      headers: { "x-amz-target": `PinpointSMSVoiceV2.${operation}` },
      body: new TextEncoder().encode(JSON.stringify(body)),
      now,
    },
    credentials,
  );
}

/** Ids of numbers and pools, and ARNs, are longer than any sender ID: what they send under is known to AWS only. */
function namesOnly({ from, senders = {} }: AwsSmsAccount["settings"]) {
  const name = (identity: string | undefined) => (identity !== undefined && identity.length > 11 ? undefined : identity);
  const named = Object.entries(senders).map(([country, identity]) => [country, name(identity) ?? "+"] as const);
  return { from: name(from), senders: Object.fromEntries(named) };
}
