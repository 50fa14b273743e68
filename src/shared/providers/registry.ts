/** Every provider there is. Adding one is its file and a line here. */
import { discord } from "./chat/discord.ts";
import { slack, slackWebhook } from "./chat/slack.ts";
import { teams } from "./chat/teams.ts";
import { telegram } from "./chat/telegram.ts";
import { cloudflareEmail } from "./email/cloudflare-email.ts";
import { mailgun } from "./email/mailgun.ts";
import { postmark } from "./email/postmark.ts";
import { resend } from "./email/resend.ts";
import { sendgrid } from "./email/sendgrid.ts";
import { ses } from "./email/ses.ts";
import { smtp } from "./email/smtp.ts";
import { http } from "./http/http.ts";
import type { Provider } from "./provider.ts";
import { apns } from "./push/apns.ts";
import { expo } from "./push/expo.ts";
import { fcm } from "./push/fcm.ts";
import { webpush } from "./push/webpush.ts";
import { sandbox } from "./sandbox.ts";
import { awsSms } from "./sms/aws-sms.ts";
import { bird } from "./sms/bird.ts";
import { sns } from "./sms/sns.ts";
import { telnyx } from "./sms/telnyx.ts";
import { twilio } from "./sms/twilio.ts";
import { vonage } from "./sms/vonage.ts";
import { meta } from "./whatsapp/meta.ts";

export const PROVIDERS: readonly Provider[] = [
  ses,
  sendgrid,
  mailgun,
  postmark,
  resend,
  smtp,
  cloudflareEmail,
  twilio,
  awsSms,
  vonage,
  telnyx,
  bird,
  sns,
  meta,
  fcm,
  apns,
  webpush,
  expo,
  slack,
  slackWebhook,
  discord,
  teams,
  telegram,
  http,
  sandbox,
];

const BY_ID = new Map(PROVIDERS.map((provider) => [provider.id, provider]));

/** The provider of that id, such as `ses`; undefined for an id that this release does not know. */
export function providerOf(id: string): Provider | undefined {
  return BY_ID.get(id);
}
