/**
 * Expo's push service: to apps that Expo has a token for, on Android and iOS.
 * https://docs.expo.dev/push-notifications/sending-notifications/
 *
 * A yes is Expo's own. What Apple and Google said is in receipts that Expo wants to be asked for a quarter of an hour
 * later; they are not, so a device that has gone is found when Expo itself has learned of it.
 */
import { z } from "zod";
import { endpoint, under } from "../endpoint.ts";
import { type Account, httpProvider } from "../provider.ts";
import { probed, read } from "./expo-answers.ts";
import { canWait, dataOf, type PushEnvelope, pushOf, refuseOthers, targetOf, ttlSeconds } from "./notification.ts";

const credentials = z.strictObject({
  access_token: z
    .string()
    .regex(/^[\x21-\x7e]{1,500}$/, "It holds characters that no such token has.")
    .optional()
    .meta({ title: "Access token", description: "Needed where the project has enhanced push security.", format: "password" }),
});

const settings = z.strictObject({
  android_channel_id: z
    .string()
    .regex(/^[\x20-\x7e]{1,200}$/)
    .optional()
    .meta({ title: "Android notification channel", description: "Expo's own default channel unless set." }),
  endpoint: endpoint.optional(),
});

type ExpoAccount = Account<z.output<typeof credentials>, z.output<typeof settings>>;

const KINDS = ["expo"] as const;
const NO_TICKET = "00000000-0000-0000-0000-000000000000";

export const expo = httpProvider<z.output<typeof credentials>, z.output<typeof settings>>({
  id: "expo",
  name: "Expo",
  channels: ["push"],
  credentials,
  settings,
  timeoutMs: 10_000,
  idempotent: false,
  refuse: (destination) => refuseOthers("Expo", KINDS, destination),
  encode: async (envelope, account) => post(account, "send", messageOf(pushOf(envelope, "Expo"), account)),
  decode: read,
  probe: {
    encode: async (account) => post(account, "getReceipts", { ids: [NO_TICKET] }),
    decode: probed,
  },
});

function post({ credentials, settings }: ExpoAccount, call: string, body: object): Request {
  const { access_token: token } = credentials;
  return new Request(under(settings.endpoint ?? "https://exp.host", `/--/api/v2/push/${call}`), {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}

/** By `tag` a duplicate replaces what it doubles on Android. Not by `collapseId`: see fcm.ts on collapse keys. */
function messageOf(envelope: PushEnvelope, { settings }: ExpoAccount) {
  const { messageId, title, body, priority } = envelope;
  return {
    to: targetOf(KINDS, envelope.to).token,
    title,
    body,
    data: dataOf(envelope),
    ttl: ttlSeconds(envelope),
    priority: canWait(priority) ? "normal" : "high",
    sound: "default",
    tag: messageId,
    channelId: settings.android_channel_id,
  };
}
