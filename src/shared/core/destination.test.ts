import { expect, test } from "vitest";
import { normaliseDestination } from "./destination.ts";

const email = (text: string) => normaliseDestination("email", text);
const sms = (text: string) => normaliseDestination("sms", text);

test("one address has one spelling", () => {
  expect(email(" Ada@EXAMPLE.com ")).toEqual({ ok: true, destination: "Ada@example.com" });
  expect(email("ada@bücher.example")).toEqual({ ok: true, destination: "ada@xn--bcher-kva.example" });
  expect(sms("+44 7700 900123")).toEqual({ ok: true, destination: "+447700900123" });
});

test("what is no address is refused, and so is whatever could smuggle a header", () => {
  const bad = [
    "",
    "ada",
    "ada@",
    "@b.example",
    "a b@c.example",
    "a@b",
    "a..b@c.example",
    ".a@c.example",
    "a@-b.example",
    "a@b.example\r\nBcc: x@y.example",
  ];
  for (const text of bad) expect(email(text).ok, text).toBe(false);
});

test("a phone number needs its country", () => {
  for (const text of ["07700900123", "+", "+12", "hello", "+4477009001234567890"]) expect(sms(text).ok, text).toBe(false);
});
