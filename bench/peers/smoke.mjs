// Shows that a running peer does the whole of the common job. DRIVE='node smoke.mjs' ./run-peer.sh <peer>
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import pg from "pg";

const { BASE_URL, MOCK_URL, DATABASE_URL } = process.env;
const template = readFileSync(new URL("common/body.json", import.meta.url), "utf8");
const body = (i) => template.replaceAll("{{i}}", i).replaceAll("{{uuid}}", randomUUID());
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function post(text, { key = "nk_test_0", idem = randomUUID() } = {}) {
  const response = await fetch(`${BASE_URL}/notifications`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key && { authorization: `Bearer ${key}` }),
      ...(idem && { "idempotency-key": idem }),
    },
    body: text,
  });
  return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
}
async function read(id, key = "nk_test_0") {
  const response = await fetch(`${BASE_URL}/messages/${id}`, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.json() };
}
async function settled(id, seconds = 30) {
  for (let i = 0; i < seconds * 20; i++) {
    const { body } = await read(id);
    if (["sent", "failed"].includes(body.status)) return body;
    await sleep(50);
  }
  return (await read(id)).body;
}
const mock = async (path, value) =>
  (await fetch(MOCK_URL + path, value && { method: "POST", body: JSON.stringify(value) })).json();
const types = (message) => message.events.map((e) => e.type).join();

const checks = {
  async "accepts, delivers, reports"() {
    const first = await post(body(1));
    assert.equal(first.status, 202);
    const message = await settled(first.body.id);
    assert.equal(message.status, "sent");
    assert.equal(types(message), "sent");
    const mail = await mock("/last");
    assert.equal(mail.message_id, first.body.id);
    assert.equal(mail.subject, "Your order A-1 is on its way, Ada & Co");
    assert.match(mail.html, /Good news, Ada &amp; Co!/);
    assert.match(mail.text, /Good news, Ada & Co!/);
    console.log("    rendered bytes:", mail.subject.length + mail.html.length + mail.text.length);
  },
  async "refuses a missing or unknown key"() {
    assert.equal((await post(body(2), { key: "" })).status, 401);
    assert.equal((await post(body(2), { key: "nope" })).status, 401);
  },
  async "refuses what the schema forbids"() {
    for (const bad of [
      "{",
      "{}",
      '{"template":"x"}',
      '{"template":"a b","to":{"email":"a@b.cc"}}',
      '{"template":"x","to":{"email":"nomail"}}',
      '{"template":"x","to":{"email":"a@b.cc"},"extra":1}',
      '{"template":"x","to":{"email":"a@b.cc"},"variables":7}',
    ]) {
      assert.ok([400, 422].includes((await post(bad)).status), bad);
    }
    assert.equal((await post(body(3), { idem: "" })).status, 400);
  },
  async "replays the stored response, once sent"() {
    const idem = randomUUID();
    const text = body(4);
    const before = (await mock("/count")).count;
    const first = await post(text, { idem });
    const again = await post(text, { idem });
    assert.deepEqual([again.status, again.body], [202, first.body]);
    assert.equal(again.headers.get("idempotent-replayed"), "true");
    assert.equal((await post(body(5), { idem })).status, 422);
    assert.equal((await post(text, { idem, key: "nk_test_1" })).status, 202, "keys are per tenant");
    await settled(first.body.id);
    await sleep(300);
    assert.equal((await mock("/count")).count - before, 2);
  },
  async "parallel duplicates make one message"() {
    const idem = randomUUID();
    const text = body(6);
    const before = (await mock("/count")).count;
    const all = await Promise.all(Array.from({ length: 20 }, () => post(text, { idem })));
    assert.ok(all.every(({ status }) => [202, 409].includes(status)));
    assert.equal(new Set(all.filter(({ status }) => status === 202).map((r) => r.body.id)).size, 1);
    await sleep(500);
    assert.equal((await mock("/count")).count - before, 1);
  },
  async "a row the database refuses fails alone"() {
    const poison = (i) => body(i).replace("DHL", "\\u0000");
    const all = await Promise.all(Array.from({ length: 40 }, (_, i) => post(i % 10 ? body(i) : poison(i))));
    assert.deepEqual(
      all.map((r) => r.status),
      all.map((_, i) => (i % 10 ? 202 : 500)),
    );
  },
  async "tenants do not see each other"() {
    const {
      body: { id },
    } = await post(body(7));
    assert.equal((await read(id, "nk_test_1")).status, 404);
    assert.equal((await read(id)).status, 200);
  },
  async "limits the rate"() {
    const db = new pg.Client(DATABASE_URL);
    await db.connect();
    await db.query("UPDATE tenants SET rate_per_s = 1, burst = 3 WHERE id = 9");
    await db.end();
    const all = [];
    for (let i = 0; i < 5; i++) all.push(await post(body(100 + i), { key: "nk_test_9" }));
    assert.deepEqual(
      all.map((r) => r.status),
      [202, 202, 202, 429, 429],
    );
    assert.equal(all[4].headers.get("retry-after"), "1");
  },
  async "tries again with backoff"() {
    await mock("/control", { fail_rate: 1 });
    const {
      body: { id },
    } = await post(body(8));
    await sleep(400);
    assert.equal((await read(id)).body.status, "retrying");
    await mock("/control", { fail_rate: 0 });
    const message = await settled(id);
    assert.equal(types(message), "retrying,sent");
    const [a, b] = message.events.map((e) => Date.parse(e.at));
    assert.ok(b - a > 900 && b - a < 3000, `${b - a} ms between the attempts`);
  },
  async "gives up after three retries, or at once on a 4xx"() {
    await mock("/control", { fail_rate: 1 });
    const one = await post(body(9));
    assert.equal(types(await settled(one.body.id)), "retrying,retrying,retrying,failed");
    await mock("/control", { fail_rate: 1, fail_status: 400 });
    const two = await post(body(10));
    assert.equal(types(await settled(two.body.id)), "failed");
    await mock("/control", { fail_rate: 0, fail_status: 503 });
  },
  async "half of 200 sends failing: all but the hopeless arrive, none twice"() {
    await mock("/control", { reset: true, fail_rate: 0.5 });
    const ids = (await Promise.all(Array.from({ length: 200 }, (_, i) => post(body(i))))).map((r) => r.body.id);
    const messages = await Promise.all(ids.map((id) => settled(id)));
    await mock("/control", { fail_rate: 0 });
    const sent = messages.filter((m) => m.status === "sent").length;
    const { unique, duplicates } = await mock("/count");
    assert.deepEqual([unique, duplicates], [sent, 0]);
    assert.equal(messages.filter((m) => m.status === "failed").length, 200 - sent);
    assert.ok(sent > 170, `${sent} sent`);
    console.log(`    ${sent} sent, ${200 - sent} dead`);
  },
};

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log("ok  ", name);
  } catch (error) {
    failed++;
    console.log("FAIL", name, "\n", error);
  }
}
process.exit(failed ? 1 : 0);
