/**
 * SendGrid v3 Mail Send.
 * https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
 */
import { z } from "zod";
import { endpoint } from "../endpoint.ts";
import { httpProvider } from "../provider.ts";
import { secretKey } from "../secret.ts";
import { storedBy } from "../supports.ts";
import { oneLine } from "./lines.ts";
import { emailOf, sender } from "./parts.ts";
import { keyState } from "./sendgrid-answers.ts";
import { sendgridBulk } from "./sendgrid-bulk.ts";
import { sendgridCallbacks } from "./sendgrid-callbacks.ts";
import { authorization, contents, correlation, headers, mailSend, receipt, recipients, shared, url } from "./sendgrid-mail.ts";

const credentials = z.strictObject({ api_key: secretKey("API key") });

const settings = z.strictObject({
  from: sender("Its domain or address must be verified in SendGrid."),
  region: z
    .enum(["global", "eu"])
    .optional()
    .meta({ title: "Region", description: "`eu` for a subuser whose data stays in the EU." }),
  endpoint: endpoint.optional(),
});

export const sendgrid = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "sendgrid",
  name: "Twilio SendGrid",
  channels: ["email"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  supports: (envelope) => storedBy(envelope, "sendgrid"),
  async encode(envelope, account) {
    const mail = emailOf(envelope, "SendGrid");
    const { provider_template: stored } = mail;
    if (stored !== undefined) {
      return mailSend(account, {
        personalizations: [{ ...recipients(mail), dynamic_template_data: stored.variables }],
        ...shared(mail, account),
        template_id: stored.id,
        headers: headers(mail),
        custom_args: correlation(mail),
      });
    }
    return mailSend(account, {
      personalizations: [recipients(mail)],
      ...shared(mail, account),
      subject: oneLine(mail.subject),
      content: contents(mail.text, mail.html),
      headers: headers(mail),
      custom_args: correlation(mail),
    });
  },
  decode: receipt,
  bulk: sendgridBulk,
  callbacks: sendgridCallbacks,
  probe: {
    encode: async (account) => new Request(url(account, "/v3/scopes"), { headers: authorization(account) }),
    decode: keyState,
  },
});
