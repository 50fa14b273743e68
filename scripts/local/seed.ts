/** The demo tenant: what the first start makes, so that a send works at once. */
import type { Miniflare } from "miniflare";
import { joseSealer } from "../../src/shared/adapters/jose-vault.ts";
import { createTemplate } from "../../src/shared/verbs/create-template.ts";
import { createTenant } from "../../src/shared/verbs/create-tenant.ts";
import type { Database } from "./configs.ts";
import { type Demo, random, type Secrets } from "./secrets.ts";

/** Room for a load test on one machine. */
const LIMITS = { ratePerSecond: 1e5, burst: 1e6 };

const TEMPLATES = [
  {
    name: "order_shipped",
    description: "An order is on its way. Variables: name, order_id, and tracking_url if there is one.",
    content: {
      email: {
        subject: "Your order {{ order_id }} is on its way",
        html: '<p>Hello {{ name | default: "there" }},</p><p>your order <b>{{ order_id }}</b> has left our warehouse.</p>{% if tracking_url %}<p><a href="{{ tracking_url }}">Follow it</a></p>{% endif %}',
        text: 'Hello {{ name | default: "there" }},\n\nyour order {{ order_id }} has left our warehouse.{% if tracking_url %}\nFollow it: {{ tracking_url }}{% endif %}\n',
      },
      sms: { text: "Your order {{ order_id }} is on its way.{% if tracking_url %} {{ tracking_url }}{% endif %}" },
      push: { title: "On its way", body: "Your order {{ order_id }} has left our warehouse." },
    },
  },
  {
    name: "welcome",
    description: "The first message to a new user. Variables: name.",
    content: {
      email: {
        subject: "Welcome{% if name %}, {{ name }}{% endif %}",
        html: '<p>Hello {{ name | default: "there" }},</p><p>good to have you with us.</p>',
        text: 'Hello {{ name | default: "there" }},\n\ngood to have you with us.\n',
      },
      inapp: { title: "Welcome", body: "Good to have you with us." },
    },
  },
];

/** Part of workerd and of the language, and not yet of Node 22; the verbs use it. */
Uint8Array.prototype.toHex ??= function toHex(this: Uint8Array) {
  return Buffer.from(this).toString("hex");
};

/** Makes the demo tenant, with two templates and a sandbox connection on every channel, unless it is there. */
export async function seed(mf: Miniflare, databases: readonly Database[], secrets: Secrets): Promise<Demo> {
  const open = async ({ binding, worker }: Database): Promise<D1Database> =>
    // Miniflare's proxy answers every method of the binding behind it.
    (await mf.getD1Database(binding, worker)) as unknown as D1Database;
  const of = (schema: string) => Promise.all(databases.filter((d) => d.migrationsDir.endsWith(`/${schema}`)).map(open));
  const [[control], shards] = await Promise.all([of("control"), of("messages")]);
  if (control === undefined) throw new Error("no database has its migrations in migrations/control");
  const known = secrets.demo;
  if (known !== undefined) {
    const row = await control.prepare("SELECT 1 FROM tenants WHERE id = ?").bind(known.tenantId).first();
    if (row !== null) return known;
  }
  const deps = {
    control,
    shards,
    random,
    now: () => Date.now(),
    sealer: joseSealer(secrets.sealPublicKey),
    webhookSealer: joseSealer(secrets.webhookSealPublicKey),
  };
  const demo = await createTenant(deps, { name: "Demo", limits: LIMITS, sandbox: true, requestId: "req_seed" });
  const actor = { ...demo, name: "operator", requestId: "req_seed" };
  for (const template of TEMPLATES) await createTemplate(deps, actor, { ...template, publish: true });
  return demo;
}
