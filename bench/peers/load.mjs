#!/usr/bin/env node
// Closed-loop HTTP load generator, the same for every contender. Prints one JSON line.
//
//   node load.mjs --url http://127.0.0.1:8000/notifications --n 5000 --c 32 --auth nk_test_0 \
//     --body-template common/body.json [options]
//
//   --auth KEY            sent as "Authorization: Bearer KEY"; repeat it to go round several tenants
//   --header 'k: v'       any further header, repeatable
//   --body-template X     a file, or the JSON itself; {{i}}, {{uuid}} and {{run}} are filled in
//   --warmup N            requests sent first and not counted (default 0)
//   --rate R              open loop: R requests per second, latency counted from the due time
//   --mock URL            the mock provider: wait until it has every accepted message
//   --timeout S           how long to wait for that (default 120)
//   --id-path a.b         where the response keeps the message id (default "id")
//   --verify URL          e.g. http://127.0.0.1:8000/messages/{id}: read every accepted message back
//   --status-path a.b     where that answer keeps the status (default "status"), and --sent VALUE
//                         what it is for a delivered message (default "sent")
//   --pids db=1,api=2     roots of the server processes to meter (see meter.mjs); names are optional
//   --peer NAME           copied into the result
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Pool, request } from "undici";
import { meter } from "./meter.mjs";

const text = { type: "string" };
const many = { type: "string", multiple: true, default: [] };
const { values: o } = parseArgs({
  options: {
    url: text,
    n: { ...text, default: "5000" },
    c: { ...text, default: "32" },
    auth: many,
    header: many,
    "body-template": text,
    warmup: { ...text, default: "0" },
    rate: text,
    mock: text,
    timeout: { ...text, default: "120" },
    "id-path": { ...text, default: "id" },
    verify: text,
    "status-path": { ...text, default: "status" },
    sent: { ...text, default: "sent" },
    pids: text,
    peer: text,
  },
});

const url = new URL(o.url);
if (!["127.0.0.1", "localhost", "[::1]"].includes(url.hostname)) throw new Error("loopback only");
const n = Number(o.n);
const c = Number(o.c);
const warmup = Number(o.warmup);
const rate = Number(o.rate ?? 0);
const run = randomUUID().slice(0, 8);
const body = existsSync(o["body-template"]) ? readFileSync(o["body-template"], "utf8") : o["body-template"];
const servers = Object.fromEntries(
  (o.pids ?? "")
    .split(",")
    .filter(Boolean)
    .map((p) => {
      const [name, pid = name] = p.split("=");
      return [name, Number(pid)];
    }),
);
const pool = new Pool(url.origin, { connections: c, pipelining: 1, headersTimeout: 30_000, bodyTimeout: 30_000 });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pick = (value, path) => path.split(".").reduce((v, k) => v?.[k], value);
const per1000 = (s) => round((s / n) * 1000, 3);
const round = (x, digits = 2) => Number(x.toFixed(digits));
const common = { "content-type": "application/json" };
for (const h of o.header) common[h.slice(0, h.indexOf(":")).trim()] = h.slice(h.indexOf(":") + 1).trim();
const auth = (i) => o.auth.length && { authorization: `Bearer ${o.auth[i % o.auth.length]}` };

const failures = {};
function fail(what) {
  failures[what] = (failures[what] ?? 0) + 1;
}

async function post(i) {
  const fill = { i, run, uuid: randomUUID() };
  const { statusCode, body: answer } = await pool.request({
    path: url.pathname + url.search,
    method: "POST",
    headers: { ...common, ...auth(i), "idempotency-key": `${run}-${i}` },
    body: body.replace(/\{\{(i|run|uuid)\}\}/g, (_, name) => fill[name]),
  });
  const reply = await answer.text();
  if (statusCode < 200 || statusCode > 299) throw new Error(`status ${statusCode}`);
  return reply;
}

// Runs job(i) for i in [from, from + count) from c loops.
async function loops(from, count, job) {
  let next = from;
  await Promise.all(
    Array.from({ length: c }, async () => {
      while (next < from + count) await job(next++);
    }),
  );
}

const mock = async (path, method = "GET", value) => {
  const { body: answer } = await request(o.mock + path, { method, body: value && JSON.stringify(value) });
  return answer.json();
};
async function delivered(count, deadline) {
  for (;;) {
    const seen = await mock("/count");
    if (seen.unique >= count || Date.now() > deadline) return seen;
    await sleep(20);
  }
}

if (warmup) {
  let ok = 0;
  await loops(0, warmup, (i) =>
    post(i).then(
      () => ok++,
      () => {},
    ),
  );
  if (o.mock) await delivered(ok, Date.now() + o.timeout * 1000);
  await sleep(500);
}
if (o.mock) await mock("/control", "POST", { reset: true });

const latencies = new Float64Array(n);
const replies = new Array(n);
const gauge = o.pids ? meter(servers, o.mock ? [(await mock("/count")).pid] : []) : null;
const startedAt = Date.now();
const t0 = performance.now();
await loops(warmup, n, async (i) => {
  const k = i - warmup;
  let begin = performance.now();
  if (rate) {
    const due = t0 + (k * 1000) / rate;
    if (due > begin) await sleep(due - begin);
    begin = due;
  }
  try {
    replies[k] = await post(i);
  } catch (error) {
    fail(error.code ?? error.message);
  }
  latencies[k] = performance.now() - begin;
});
const seconds = (performance.now() - t0) / 1000;
const accepted = replies.filter(Boolean).length;

latencies.sort();
const percentile = (p) => round(latencies[Math.min(n - 1, Math.ceil(n * p) - 1)]);
const result = {
  peer: o.peer ?? url.host,
  n,
  concurrency: c,
  ...(rate && { rate }),
  accept_rps: round(accepted / seconds, 1),
  accept_p50_ms: percentile(0.5),
  accept_p95_ms: percentile(0.95),
  accept_p99_ms: percentile(0.99),
  errors: n - accepted,
};
if (o.mock) {
  const seen = await delivered(accepted, Date.now() + o.timeout * 1000);
  const done = seen.unique ? (seen.last_unique_at - startedAt) / 1000 : NaN;
  Object.assign(result, {
    e2e_done_s: round(done),
    e2e_msgs_per_s: round(seen.unique / done, 1),
    delivered: seen.unique,
    duplicates: seen.duplicates,
  });
}
if (gauge) {
  await sleep(200); // the last outcomes are written
  const used = await gauge.stop();
  Object.assign(result, {
    cpu_s_per_1000: per1000(used.cpu_s),
    peak_rss_mb: round(used.rss / 2 ** 20, 0),
    peak_pss_mb: round(used.pss / 2 ** 20, 0),
    cpu_by: Object.fromEntries(Object.entries(used.by).map(([name, s]) => [name, per1000(s)])),
    harness_cpu_s_per_1000: per1000(used.harness_s), // this process and the mock provider
    other_cpu_pct: round(used.other_pct, 1), // of the machine, by processes that are not ours, and steal
  });
}
if (o.verify) {
  // outside of the measured time
  const t1 = performance.now();
  let sent = 0;
  await loops(0, n, async (k) => {
    if (!replies[k]) return;
    const id = pick(JSON.parse(replies[k]), o["id-path"]);
    const { body: answer } = await pool.request({
      path: new URL(o.verify.replace("{id}", id)).pathname,
      method: "GET",
      headers: { ...common, ...auth(k + warmup) },
    });
    if (pick(await answer.json(), o["status-path"]) === o.sent) sent++;
  });
  result.read_rps = round(n / ((performance.now() - t1) / 1000), 1);
  result.status_sent = sent;
}
if (result.errors) result.failures = failures;
console.log(JSON.stringify(result));
await pool.close();
process.exit(result.errors || result.delivered < accepted || result.status_sent < accepted ? 1 : 0);
