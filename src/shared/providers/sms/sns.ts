/**
 * Amazon SNS, Publish to a phone number. What becomes of a message stands in CloudWatch's logs only, and nothing of ours
 * comes back with it: prefer `aws-sms` wherever there is a choice.
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html · https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html
 */
import { z } from "zod";
import { awsCredentials, awsOrigin, awsRegion, awsRequest } from "../aws.ts";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { xmlTexts } from "../xml.ts";
import { refuseSender, refuseText, senderFor, sendersByCountry, smsOf } from "./parts.ts";
import { accountState, refusal } from "./sns-answers.ts";

const sender = z
  .string()
  .regex(
    /^(\+[1-9]\d{3,14}|\d{3,8}|(?=[0-9-]*[A-Za-z])[0-9A-Za-z-]{1,11})$/,
    "A sender is a number in E.164, a short code, or up to 11 letters, digits and hyphens, one of them a letter.",
  );

const settings = z.strictObject({
  region: awsRegion,
  from: sender.optional().meta({ title: "Sender", description: "SNS chooses one unless set." }),
  senders: sendersByCountry(sender).optional(),
  message_type: z
    .enum(["Transactional", "Promotional"])
    .optional()
    .meta({ title: "Message type", description: "Transactional." }),
  endpoint: endpoint.optional(),
});

type SnsAccount = Account<z.output<typeof awsCredentials>, z.output<typeof settings>>;

export const sns = httpProvider<z.output<typeof awsCredentials>, z.output<typeof settings>>({
  id: "sns",
  name: "Amazon SNS",
  channels: ["sms"],
  credentials: awsCredentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (to, { settings }) => refuseSender(settings, to),
  supports: (envelope) => refuseText(envelope, { bytes: 1600 }),
  encode(envelope, account, { now }) {
    const sms = smsOf(envelope, "SNS");
    const fields = new URLSearchParams({ PhoneNumber: sms.to, Message: sms.text });
    const attributes = attributesOf(account, sms.to);
    for (const [i, [name, value]] of attributes.entries()) {
      const entry = `MessageAttributes.entry.${i + 1}`;
      fields.set(`${entry}.Name`, name);
      fields.set(`${entry}.Value.DataType`, "String");
      fields.set(`${entry}.Value.StringValue`, value);
    }
    return call(account, now, "Publish", fields);
  },
  decode(answer) {
    if (answer.status < 200 || answer.status >= 300) return refusal(answer);
    const id = xmlTexts(answer.body).get("PublishResponse/PublishResult/MessageId");
    if (id !== undefined) return { outcome: "sent", providerMessageId: id.slice(0, 200) };
    return { outcome: "unknown", code: "no_message_id", reason: "SNS answered without a MessageId." };
  },
  probe: {
    encode: (account, { now }) => call(account, now, "GetSMSSandboxAccountStatus", new URLSearchParams()),
    decode: accountState,
  },
});

function attributesOf({ settings }: SnsAccount, to: string): [name: string, value: string][] {
  const attributes: [string, string][] = [["AWS.SNS.SMS.SMSType", settings.message_type ?? "Transactional"]];
  const sender = senderFor(settings, to);
  if (sender === undefined) return attributes;
  const isNumber = /^\+?\d+$/.test(sender);
  return [...attributes, [isNumber ? "AWS.MM.SMS.OriginationNumber" : "AWS.SNS.SMS.SenderID", sender]];
}

/** The Query protocol: a form with the operation's name in it. */
function call({ settings, credentials }: SnsAccount, now: number, operation: string, fields: URLSearchParams): Promise<Request> {
  const { region, endpoint: base } = settings;
  const body = new URLSearchParams([["Action", operation], ["Version", "2010-03-31"], ...fields]);
  return awsRequest(
    {
      method: "POST",
      url: under(base ?? awsOrigin("sns", region), "/"),
      service: "sns",
      region,
      contentType: "application/x-www-form-urlencoded",
      body: new TextEncoder().encode(body.toString()),
      now,
    },
    credentials,
  );
}
