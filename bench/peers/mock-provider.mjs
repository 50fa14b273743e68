// Mock email provider for every contender: answers any POST with 202 and a message id; one in the shape
// of SES v2 (POST /v2/email/outbound-emails, and of many in one: outbound-bulk-emails) with 200 {"MessageId"}.
// It remembers the caller's own message id (header x-message-id, or `message_id` in the JSON body, at the
// top or inside custom_args, metadata, headers or variables; or, from SES's EmailTags, `message_id` or the
// message id inside `attempt_id`: att_ + 26 characters of the message + delivery and try) to count
// duplicate deliveries.
//   GET  /count    {count, unique, duplicates, no_id, failed, first_at, last_unique_at, pid, and the controls}
//   GET  /arrivals [[message id, first arrival in ms since 1970], ...] since the last reset
//   POST /control  {"fail_rate":0.5,"fail_status":503,"latency_ms":20,"reset":true}  (each optional)
//   GET  /last     the last accepted body
// Env: PORT, FAIL_RATE, FAIL_STATUS, LATENCY_MS; END_WITH_STDIN=true ends it when its stdin does.
import { createServer } from "node:http";

const cfg = {
  fail_rate: Number(process.env.FAIL_RATE ?? 0),
  fail_status: Number(process.env.FAIL_STATUS ?? 503),
  latency_ms: Number(process.env.LATENCY_MS ?? 0),
};
let s, ids, last;
const reset = () => {
  s = { count: 0, unique: 0, duplicates: 0, no_id: 0, failed: 0, first_at: null, last_unique_at: null };
  ids = new Map(); // message id -> first arrival
  last = null;
};
reset();

const places = ["custom_args", "metadata", "headers", "variables"];
function messageId(req, text) {
  if (req.headers["x-message-id"]) return req.headers["x-message-id"];
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return;
  }
  if (body?.message_id) return String(body.message_id);
  for (const place of places) if (body?.[place]?.message_id) return String(body[place].message_id);
  return idOfTags(body?.EmailTags);
}

function idOfTags(tags) {
  if (!Array.isArray(tags)) return;
  for (const { Name, Value } of tags) {
    if (Name === "message_id") return Value;
    if (Name === "attempt_id") return `msg_${Value.slice(4, 30)}`;
  }
}

/** One message that came. */
function note(id) {
  const now = Date.now();
  s.count++;
  s.first_at ??= now;
  if (!id) s.no_id++;
  if (id && ids.has(id)) s.duplicates++;
  else {
    if (id) ids.set(id, now);
    s.unique++;
    s.last_unique_at = now;
  }
}

function deliver(req, text, json) {
  if (cfg.fail_rate && Math.random() < cfg.fail_rate) {
    s.failed++;
    return json(cfg.fail_status, { error: "mock failure" });
  }
  last = text;
  if (req.url === "/v2/email/outbound-bulk-emails") {
    const entries = JSON.parse(text).BulkEmailEntries;
    for (const { ReplacementTags } of entries) note(idOfTags(ReplacementTags));
    return json(200, {
      BulkEmailEntryResults: entries.map((_, i) => ({ Status: "SUCCESS", MessageId: `mock-${s.count}-${i}` })),
    });
  }
  note(messageId(req, text));
  if (req.url.startsWith("/v2/email/")) json(200, { MessageId: `mock-${s.count}` });
  else json(202, { id: `mock-${s.count}` });
}

const server = createServer((req, res) => {
  const json = (status, value) => {
    const out = typeof value === "string" ? value : JSON.stringify(value);
    res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(out) }).end(out);
  };
  if (req.method === "GET") {
    if (req.url === "/last") return json(200, last ?? "null");
    if (req.url === "/arrivals") return json(200, [...ids]);
    return json(200, { ...s, ...cfg, pid: process.pid });
  }
  const chunks = [];
  req.on("data", (c) => chunks.push(c));
  req.on("end", () => {
    const text = (chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)).toString();
    if (req.url === "/control") {
      const { reset: wipe, ...change } = JSON.parse(text || "{}");
      Object.assign(cfg, change);
      if (wipe) reset();
      return json(200, { ...s, ...cfg });
    }
    if (cfg.latency_ms) setTimeout(deliver, cfg.latency_ms, req, text, json);
    else deliver(req, text, json);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(`mock provider on ${server.address().port}`));
if (process.env.END_WITH_STDIN === "true") process.stdin.once("close", () => process.exit(0)).resume();
