/** Any HTTP API, on any channel, by templates and rules: for what has no provider of its own. */
import { CHANNELS } from "../../core/channels.ts";
import { httpProvider } from "../provider.ts";
import { isAmong, receiptOf } from "./answers.ts";
import { baseOf, callOf, probeOf, refusedContent } from "./call.ts";
import { credentials, type HttpAccount, type HttpSettings, settings } from "./settings.ts";
import { missingSecrets } from "./templates.ts";

/** For answers that are read without an account, such as those of no call at all. */
const PLAIN: HttpSettings = settings.parse({ url: "https://localhost/" });

const MOST_MS = 30_000;

export const http = httpProvider<HttpAccount["credentials"], HttpSettings>({
  id: "http",
  name: "HTTP (your own API)",
  channels: CHANNELS,
  credentials,
  settings,
  timeoutMs: MOST_MS,
  timeoutOf: ({ settings: { timeout_seconds } }) => timeout_seconds * 1000,
  idempotent: (account) => account.settings.idempotent,
  addresses: ({ settings: { url, verify_url } }) => [
    { field: "url", base: baseOf(url) },
    ...(verify_url === undefined ? [] : [{ field: "verify_url", base: baseOf(verify_url) }]),
  ],
  accountFlaw: (account) => {
    const [missing] = missingSecrets(account.settings, account.credentials.secrets);
    return missing === undefined
      ? null
      : {
          outcome: "misconfigured",
          code: "secret_missing",
          reason: `The settings name ${missing}, and there is no such secret.`,
        };
  },
  supports: refusedContent,
  async encode(envelope, account, context) {
    const call = callOf(envelope, account, context);
    if ("outcome" in call) throw new Error(`${call.code}: ${call.reason}`);
    return new Request(call.url, { method: account.settings.method, headers: call.headers, body: call.body });
  },
  decode: (answer, account) => receiptOf(answer, account?.settings ?? PLAIN),
  probe: {
    encode: async (account, { now }) => probeOf(account, now),
    decode(answer, account) {
      const { verify_url, success } = account?.settings ?? PLAIN;
      if (verify_url === undefined) {
        return {
          ok: false,
          code: "cannot_verify",
          detail: "The connection has no verify_url: only a message shows whether it works.",
        };
      }
      if (isAmong(answer.status, success.statuses ?? ["2xx"])) return { ok: true, detail: `It answered ${answer.status}.` };
      return { ok: false, code: `http_${answer.status}`, detail: `It answered ${answer.status}.` };
    },
  },
});
