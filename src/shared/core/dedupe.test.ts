import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, contentText, suppressedBy, variablesText } from "./dedupe.ts";
import { messageOf } from "./held-message.ts";
import type { Order } from "./message.ts";

/** The same value with the keys of every object in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([k, v]) => [k, turned(v)]),
  );
}

test("canonical JSON is the same text for equal values, and loses nothing of them", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (a) => {
      expect(canonicalJson(turned(a))).toBe(canonicalJson(a));
      expect(JSON.parse(canonicalJson(a))).toEqual(JSON.parse(JSON.stringify(a)));
    }),
  );
});

describe("content is the same", () => {
  const order = (over: Partial<Order>): Order => ({ request_id: "req_1", ...over });
  const email = { subject: "S", text: "T" };

  test("whatever the request, and whatever other channels get", () => {
    const a = contentText(order({ content: { email, sms: { text: "x" } }, metadata: { a: 1 } }), "email");
    expect(contentText(order({ request_id: "req_2", content: { email: { text: "T", subject: "S" } } }), "email")).toBe(a);
  });

  test("not with another version, part, locale or attachment", () => {
    const texts = [
      order({ content: { email } }),
      order({ content: { email: { ...email, html: "" } } }),
      order({ content: { email }, locale: "en" }),
      order({ content: { email }, attachments: ["att_1"] }),
      order({ template_id: "tpl_1", template_version: 1 }),
      order({ template_id: "tpl_1", template_version: 2 }),
    ].map((one) => contentText(one, "email"));
    expect(new Set(texts).size).toBe(texts.length);
  });

  test("wherever its variables come from: from the request, from the recipient, or from both", () => {
    const text = (variables: Record<string, unknown>, own: Record<string, unknown> | null) =>
      variablesText(canonicalJson(variables), variables, own);
    const all = text({ a: 1, b: 2 }, null);
    expect(text({}, { b: 2, a: 1 })).toBe(all);
    expect(text({ b: 3, a: 1 }, { b: 2 })).toBe(all);
    expect(text({ a: 1, b: 2 }, {})).toBe(all);
    expect(text({ a: 1 }, null)).not.toBe(all);
  });

  test("large variables of a request are not laid under each recipient's again", () => {
    const large = { long: "x".repeat(40_000) };
    const shared = canonicalJson(large);
    const [a, b] = [variablesText(shared, large, { n: 1 }), variablesText(shared, large, { n: 2 })];
    expect(a).not.toBe(b);
    expect(variablesText(shared, large, { n: 1 })).toBe(a);
  });
});

test("a duplicate says whose it is and until when, and keeps all else", () => {
  const run = {
    first: "msg_01M7WY3MNN0000000J4747T4YC",
    project_id: "prj_1",
    mode: "live" as const,
    priority: "normal" as const,
    accepted_at: 1000,
    due_at: 1000,
    expires_at: null,
    order: { request_id: "req_1" },
    to: [{ channel: "sms" as const, destination: "+447700900123" }],
    after: ["msg_0"],
  };
  const message = messageOf("ten_1", run, 0, 1000);
  const suppressed = suppressedBy(message, { messageId: "msg_1", until: 61_000 });
  expect(suppressed).toMatchObject({ status: "suppressed", deliveries: [{ phase: "waiting", after: "msg_0" }] });
  expect(suppressed.log.at(-1)).toEqual({
    type: "suppressed",
    at: 1000,
    key: "suppressed",
    code: "duplicate",
    reason: "The same content went to this recipient as msg_1, whose window ends at 1970-01-01T00:01:01.000Z.",
  });
});
