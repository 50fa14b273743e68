/** POST /v1/send: one request, one receipt. */
import type { z } from "zod";
import { recipientsOf } from "../contract/routing.ts";
import type { SendBody, sendAnswer } from "../contract/send.ts";
import { Fault, type Flaw } from "../core/faults.ts";
import { messageIdAt } from "../core/ids.ts";
import type { Content, Order, Plan } from "../core/message.ts";
import type { Caller } from "../core/tenant.ts";
import { type Accepted, idempotencyKey, type Run, rateHeaders, takeReceipt } from "./accept.ts";
import { sha256Hex } from "./authenticate.ts";
import { contentFlaws, smsFlaws } from "./check-content.ts";
import type { Deps } from "./deps.ts";
import { checkAttachments } from "./load-attachments.ts";
import { addressFlaw } from "./post-once.ts";
import { resolveTemplate } from "./resolve-template.ts";

type SendDeps = Pick<Deps, "control" | "gate" | "now" | "random" | "allowPrivateEndpoints">;
/** What a send and a batch of recipients have in common. */
export type Words = Omit<SendBody, "to" | "routing">;

export interface SendOutcome {
  readonly body: z.output<typeof sendAnswer>;
  readonly headers: Readonly<Record<string, string>>;
}

export async function send(
  deps: SendDeps,
  caller: Caller,
  input: { body: SendBody; rawBody: Uint8Array; idempotencyHeader: string | null; requestId: string },
): Promise<SendOutcome> {
  const { body, requestId } = input;
  const now = deps.now();
  const key = keyOf(input.idempotencyHeader, body.deduplication_key);
  const { to, plan } = recipientsOf(body.to, body.routing);
  const [{ run, flaws }, fingerprint] = await Promise.all([
    resolveRun(deps, caller, body, to, now, requestId, plan),
    key === null ? "" : sha256Hex(input.rawBody),
  ]);
  if (flaws.length > 0) throw new Fault("validation_failed", { errors: flaws });
  const receipt = await takeReceipt(deps, caller, {
    requestId,
    idempotency: key === null ? null : idempotencyKey(caller, key, fingerprint),
    // The answer of a replay is made from this, so it is the same answer, also when the due time has come.
    echo: run.dueAt > now ? "scheduled" : "queued",
    runs: [run],
    now,
  });
  return answerOf(receipt, to);
}

function answerOf(receipt: Accepted, recipients: Run["to"]): SendOutcome {
  const item = receipt.items[0];
  if (item?.kind !== "accepted") throw new Error("a single send was neither accepted nor refused");
  const messages = recipients.map((to, i) => ({
    id: messageIdAt(item.first, i),
    channel: to.channel,
    destination: to.destination,
  }));
  return {
    body: {
      request_id: receipt.requestId,
      status: receipt.echo === "scheduled" ? "scheduled" : "queued",
      message_ids: messages.map((m) => m.id),
      messages,
    },
    headers: { ...rateHeaders(receipt.rate), ...(receipt.replayed ? { "idempotent-replayed": "true" } : {}) },
  };
}

/** `Idempotency-Key`, bare or quoted (an sf-string), or `deduplication_key`; both only where they agree. */
export function keyOf(header: string | null, field: string | undefined): string | null {
  if (header === null) return field ?? null;
  const bare = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header.trim())?.[1]?.replaceAll(/\\(["\\])/g, "$1") ?? header.trim();
  if (bare.length === 0 || bare.length > 255) {
    throw new Fault("bad_request", { errors: [{ path: "Idempotency-Key", message: "Must have 1 to 255 characters." }] });
  }
  if (field !== undefined && field !== bare) {
    throw new Fault("validation_failed", {
      errors: [{ path: "deduplication_key", message: "Differs from the Idempotency-Key header." }],
    });
  }
  return bare;
}

/** Checks what only the control plane knows (project, template, attachments) and makes the run. */
export async function resolveRun(
  deps: Pick<Deps, "control" | "now" | "allowPrivateEndpoints">,
  caller: Caller,
  words: Words,
  to: Run["to"],
  now: number,
  requestId: string,
  plan?: Plan,
): Promise<{ run: Run; flaws: Flaw[] }> {
  const flaws: Flaw[] = [];
  if (words.project_id !== undefined && words.project_id !== caller.projectId) {
    flaws.push({ path: "project_id", message: "This key belongs to another project." });
  }
  const template = words.template_id === undefined ? undefined : await resolveTemplate(deps, caller, words.template_id);
  if (template === null) flaws.push({ path: "template_id", message: "There is no published template or version of this name." });
  if (words.content !== undefined)
    flaws.push(...contentFlaws(words.content), ...smsFlaws(words.content, caller.project.smsMaxSegments));
  if (words.attachments !== undefined && words.attachments.length > 0) {
    flaws.push(...(await checkAttachments(deps, caller, words.attachments)));
  }
  const badUrl = words.callback_url === undefined ? null : addressFlaw(words.callback_url, deps.allowPrivateEndpoints);
  if (badUrl !== null) flaws.push({ path: "callback_url", message: badUrl });
  const scheduled = words.schedule_at === undefined ? now : Math.max(now, Date.parse(words.schedule_at));
  return {
    flaws,
    run: {
      priority: words.priority,
      dueAt: scheduled,
      ttlSeconds: words.ttl_seconds,
      template: template ? `${template.name}:v${template.version}` : undefined,
      category: words.category,
      tags: words.tags,
      order: {
        ...orderOf(words, { request_id: requestId, key_id: caller.keyId }, template),
        ...(plan === undefined ? {} : { plan }),
      },
      to,
      dedupe: null,
    },
  };
}

function orderOf(
  words: Words,
  asked: Pick<Order, "request_id" | "key_id">,
  template: { templateId: string; version: number } | null | undefined,
): Order {
  return {
    ...asked,
    ...(template ? { template_id: template.templateId, template_version: template.version } : {}),
    ...(words.content === undefined ? {} : { content: words.content satisfies Content }),
    ...(words.variables === undefined ? {} : { variables: words.variables }),
    ...(words.locale === undefined ? {} : { locale: words.locale }),
    ...(words.metadata === undefined ? {} : { metadata: words.metadata }),
    ...(words.attachments === undefined ? {} : { attachments: words.attachments }),
    ...(words.callback_url === undefined ? {} : { callback_url: words.callback_url }),
    ...(words.delivery === undefined ? {} : { delivery: words.delivery }),
    ...(words.sensitive === undefined ? {} : { sensitive: words.sensitive }),
    ...(words.tracking === undefined ? {} : { tracking: words.tracking }),
    ...(words.unsubscribe === undefined ? {} : { unsubscribe: words.unsubscribe }),
    ...(words.ordering_key === undefined ? {} : { ordering_key: words.ordering_key }),
    ...(words.ordering === undefined ? {} : { ordering: words.ordering }),
    ...(words.dedupe_window_seconds === undefined ? {} : { dedupe_window_seconds: words.dedupe_window_seconds }),
  };
}
