import { expect, test } from "vitest";
import type { LogLine } from "../verbs/deps.ts";
import { outboundOf } from "./outbound.ts";

const silent = () => undefined;

test("a deployment without the variable, or with an empty one, has no limits", () => {
  expect(outboundOf({}, silent)).toEqual({});
  expect(outboundOf({ OUTBOUND_LIMITS: " " }, silent)).toEqual({});
});

test("the limits are those of the variable, parsed once", () => {
  const env = { OUTBOUND_LIMITS: '{"email": {"rate_per_second": 500, "concurrency": 100}, "sms": {"rate_per_second": 0.01}}' };
  const limits = outboundOf(env, silent);
  expect(limits).toEqual({ email: { rate_per_second: 500, concurrency: 100 }, sms: { rate_per_second: 0.01 } });
  expect(outboundOf(env, silent)).toBe(limits);
});

test.each([
  ["{", "not JSON"],
  ["[]", "Invalid input"],
  ['{"email": 5}', "email"],
  ['{"fax": {}}', "fax"],
  ['{"email": {"rate_per_second": "5"}}', "email.rate_per_second"],
  ['{"email": {"concurrency": 0}}', "email.concurrency"],
])("%s fails by its name, and the log says what is wrong", (json, what) => {
  const logged: LogLine[] = [];
  expect(() => outboundOf({ OUTBOUND_LIMITS: json }, (line) => logged.push(line))).toThrow("OUTBOUND_LIMITS");
  expect(logged).toMatchObject([{ level: "error", event: "variable_invalid", variable: "OUTBOUND_LIMITS" }]);
  expect(String(logged[0]?.error)).toContain(what);
});
