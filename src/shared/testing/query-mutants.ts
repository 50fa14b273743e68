/** Queries of declared and undeclared parameters with values of every kind. */
import fc from "fast-check";
import { z } from "zod";
import type { Route } from "../../../workers/api/route.ts";

export type Query = readonly (readonly [name: string, value: string])[];

const VALUES = [
  "",
  "0",
  "1",
  "100",
  "101",
  "-1",
  "1e3",
  "0x10",
  " 5",
  "Infinity",
  "NaN",
  "true",
  "null",
  "[]",
  "{}",
  "live",
  "email",
  "failed",
  "normal",
  "open",
  "msg_00000000000000000000000000",
  "msg_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
  "key_",
  "%",
  "\u0000",
  "\ud800",
  "😀",
  "ÿ",
  "' OR 1=1 --",
  "%' OR '1'='1",
  "__proto__",
  "2026-01-01T00:00:00Z",
  "2026-13-01T00:00:00Z",
  "9999-12-31T23:59:59Z",
  "0000-01-01T00:00:00Z",
  "order_shipped:v3",
  "+447700900123",
  "ada@example.com",
  "x".repeat(3000),
];

/** Mostly declared names; some twice, some that nothing declares. */
export function weirdQuery(route: Route): fc.Arbitrary<Query> {
  const shape = z.toJSONSchema(route.query ?? z.object({}), { io: "input", unrepresentable: "any" });
  const names = Object.keys(shape.properties ?? {});
  const name = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...(names.length > 0 ? names : ["x"])) },
    { weight: 1, arbitrary: fc.constantFrom("__proto__", "constructor", "no_such", "", "limit[]", "toString") },
  );
  const value = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...VALUES) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
  );
  return fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 4 });
}

export function pathAndQuery(path: string, query: Query): string {
  return `${path}?${new URLSearchParams(query.map(([name, value]) => [name, value]))}`;
}
