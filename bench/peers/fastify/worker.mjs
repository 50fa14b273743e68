// Peer B, the worker: takes jobs from BullMQ, renders, sends, records.
import { UnrecoverableError, Worker } from "bullmq";
import { Liquid } from "liquidjs";
import { Pool } from "undici";
import { batchWriter, pool, QUEUE, query, redis } from "./common.mjs";

const CONCURRENCY = 50;
const TEMPLATE_CACHE_MS = 60_000;
const provider = new URL(process.env.PROVIDER_URL);
const http = new Pool(provider.origin, { connections: CONCURRENCY, headersTimeout: 10_000, bodyTimeout: 10_000 });
const plain = new Liquid();
const escaping = new Liquid({ outputEscape: "escape" });

const templates = new Map();
async function template(tenant, slug) {
  const slot = `${tenant}/${slug}`;
  let entry = templates.get(slot);
  if (!entry || entry.expires < Date.now()) {
    const {
      rows: [row],
    } = await query("template", "SELECT subject, html, body_text FROM templates WHERE tenant_id = $1 AND slug = $2", [
      tenant,
      slug,
    ]);
    if (!row) throw new UnrecoverableError(`no template ${slug}`);
    entry = {
      expires: Date.now() + TEMPLATE_CACHE_MS,
      subject: plain.parse(row.subject),
      html: escaping.parse(row.html),
      text: plain.parse(row.body_text),
    };
    templates.set(slot, entry);
  }
  return entry;
}

async function send({ id, tenant, template: slug, to, variables }) {
  const { subject, html, text } = await template(tenant, slug);
  const { statusCode, body } = await http.request({
    path: provider.pathname,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      message_id: id,
      from: "shop@example.com",
      to,
      subject: plain.renderSync(subject, variables),
      html: escaping.renderSync(html, variables),
      text: plain.renderSync(text, variables),
    }),
  });
  if (statusCode < 300) return (await body.json()).id;
  await body.dump();
  const Failure = statusCode >= 500 || statusCode === 429 ? Error : UnrecoverableError;
  throw new Failure(`provider answered ${statusCode}`);
}

const record = batchWriter(
  "record",
  `
  WITH x AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]) AS t(id, status, detail)),
       u AS (UPDATE messages m SET status = x.status, updated_at = now() FROM x WHERE m.id = x.id)
  INSERT INTO events (message_id, type, detail) SELECT id, status, detail FROM x`,
);

async function handle(job) {
  let providerId;
  try {
    providerId = await send(job.data);
  } catch (error) {
    const last = error instanceof UnrecoverableError || job.attemptsMade + 1 >= job.opts.attempts;
    await record(job.data.id, last ? "failed" : "retrying", error.message);
    throw error; // BullMQ delays the next attempt, or moves the job to the failed set
  }
  await record(job.data.id, "sent", providerId);
}

const worker = new Worker(QUEUE, handle, { connection: redis(), concurrency: CONCURRENCY });
worker.on("error", (error) => console.error(error));
await worker.waitUntilReady();
console.log("worker ready");
process.on("SIGTERM", async () => {
  await worker.close();
  await pool.end();
  process.exit(0);
});
