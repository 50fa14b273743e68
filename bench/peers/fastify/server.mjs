// Peer B, the API: Fastify + pg + ioredis + BullMQ. API_PROCS processes share the port.
import cluster from "node:cluster";
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Queue } from "bullmq";
import Fastify from "fastify";
import { batchWriter, pool, QUEUE, query, redis } from "./common.mjs";

const IDEMPOTENCY_TTL_S = 24 * 3600;
const AUTH_CACHE_MS = 60_000;
const procs = Number(process.env.API_PROCS ?? 1);

if (procs > 1 && cluster.isPrimary) {
  for (let i = 0; i < procs; i++) cluster.fork();
  process.on("SIGTERM", () => {
    for (const w of Object.values(cluster.workers)) w.process.kill();
  });
} else {
  await serve();
}

async function serve() {
  const cache = redis({ enableAutoPipelining: true });
  cache.defineCommand("admit", {
    numberOfKeys: 2,
    lua: readFileSync(new URL("../common/admit.lua", import.meta.url), "utf8"),
  });
  const queue = new Queue(QUEUE, {
    connection: redis({ enableAutoPipelining: true }),
    defaultJobOptions: {
      attempts: 4,
      backoff: { type: "exponential", delay: 1000 },
      removeOnComplete: true,
      removeOnFail: false, // the failed set is the dead-letter queue
    },
  });
  const insert = batchWriter(
    "insert",
    `
    INSERT INTO messages (id, tenant_id, template, recipient, variables)
    SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::jsonb[])`,
  );
  const sha256 = (text) => createHash("sha256").update(text);

  const tenants = new Map(); // sha256 of the key -> {expires, tenant}
  async function authenticate(request) {
    const [scheme, key] = (request.headers.authorization ?? "").split(" ");
    if (scheme.toLowerCase() !== "bearer" || !key) throw problem(401, "missing api key");
    const digest = sha256(key).digest();
    const slot = digest.toString("base64");
    let entry = tenants.get(slot);
    if (!entry || entry.expires < Date.now()) {
      const { rows } = await query(
        "auth",
        "SELECT t.* FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_sha256 = $1",
        [digest],
      );
      if (!rows[0]) throw problem(401, "unknown api key");
      entry = { expires: Date.now() + AUTH_CACHE_MS, tenant: rows[0] };
      tenants.set(slot, entry);
    }
    request.tenant = entry.tenant;
  }

  const app = Fastify({
    logger: false,
    keepAliveTimeout: 60_000,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } }, // refuse, do not repair
  });
  app.decorateRequest("tenant", null);
  app.decorateRequest("fingerprint", "");
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("application/json");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, text, done) => {
    request.fingerprint = sha256(text).digest("hex");
    parseJson(request, text, done);
  });

  const body = {
    type: "object",
    required: ["template", "to"],
    additionalProperties: false,
    properties: {
      template: { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-z0-9_-]+$" },
      to: {
        type: "object",
        required: ["email"],
        additionalProperties: false,
        properties: { email: { type: "string", maxLength: 254, pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$" } },
      },
      variables: { type: "object", default: {} },
    },
  };

  app.post("/notifications", { onRequest: authenticate, schema: { body } }, async (request, reply) => {
    const key = request.headers["idempotency-key"];
    if (!key || key.length > 255) throw problem(400, "an Idempotency-Key of at most 255 characters is required");
    const {
      tenant,
      fingerprint,
      body: { template, to, variables },
    } = request;
    const record = `idem:${tenant.id}:${key}`;
    const [code, extra] = await cache.admit(
      `rate:${tenant.id}`,
      record,
      tenant.rate_per_s,
      tenant.burst,
      fingerprint,
      IDEMPOTENCY_TTL_S,
    );
    if (code === 0) {
      reply.header("retry-after", Math.ceil(extra / 1000));
      throw problem(429, "rate limited");
    }
    if (code === 2) {
      const [seen, response] = extra.split("\n");
      if (seen !== fingerprint) throw problem(422, "idempotency key reused with another body");
      if (!response) throw problem(409, "the first request with this key is still running");
      return reply.code(202).type("application/json").header("idempotent-replayed", "true").send(response);
    }
    const id = randomUUID();
    try {
      await insert(id, tenant.id, template, to.email, JSON.stringify(variables));
      await queue.add("send", { id, tenant: tenant.id, template, to: to.email, variables }, { jobId: id });
    } catch (error) {
      await cache.del(record); // let the client try again with the same key
      throw error;
    }
    const response = JSON.stringify({ id, status: "queued" });
    await cache.set(record, `${fingerprint}\n${response}`, "EX", IDEMPOTENCY_TTL_S);
    return reply.code(202).type("application/json").send(response);
  });

  app.get(
    "/messages/:id",
    {
      onRequest: authenticate,
      schema: { params: { type: "object", properties: { id: { type: "string", format: "uuid" } } } },
    },
    async (request, reply) => {
      const { rows } = await query(
        "read",
        `
      SELECT json_build_object('id', m.id, 'status', m.status, 'template', m.template, 'to', m.recipient,
        'created_at', m.created_at, 'events', coalesce((SELECT json_agg(json_build_object(
          'type', e.type, 'detail', e.detail, 'at', e.at) ORDER BY e.id) FROM events e
          WHERE e.message_id = m.id), '[]'::json))::text AS body
      FROM messages m WHERE m.id = $1 AND m.tenant_id = $2`,
        [request.params.id, request.tenant.id],
      );
      if (!rows[0]) throw problem(404, "no such message");
      return reply.type("application/json").send(rows[0].body);
    },
  );

  app.get("/healthz", async () => ({ ok: true }));

  await queue.waitUntilReady();
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
  const close = async () => {
    await app.close();
    await queue.close();
    cache.disconnect();
    await pool.end();
    process.exit(0);
  };
  process.on("SIGTERM", close);
}

function problem(statusCode, message) {
  return Object.assign(new Error(message), { statusCode });
}
