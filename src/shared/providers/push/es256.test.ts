import { p256 } from "@noble/curves/nist.js";
import { base64url, importJWK, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { signEs256 } from "./es256.ts";

const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
/** RFC 6979 A.2.5: the key, and the signature of "sample" with SHA-256. */
const KEY = bytes("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
const SAMPLE = bytes(
  "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
);

describe("a JWT by ES256", () => {
  test("is signed as RFC 6979 says", () => {
    expect(p256.sign(new TextEncoder().encode("sample"), KEY, { lowS: false })).toEqual(SAMPLE);
  });

  test("is the same for the same claims, and jose takes it", async () => {
    const token = signEs256({ kid: "ABC123DEFG" }, { iss: "TEAM000001", iat: 1 }, KEY);
    expect(signEs256({ kid: "ABC123DEFG" }, { iss: "TEAM000001", iat: 1 }, KEY)).toBe(token);
    expect(signEs256({ kid: "ABC123DEFG" }, { iss: "TEAM000001", iat: 2 }, KEY)).not.toBe(token);
    const point = p256.getPublicKey(KEY, false);
    const [x, y] = [base64url.encode(point.slice(1, 33)), base64url.encode(point.slice(33))];
    const { payload, protectedHeader } = await jwtVerify(token, await importJWK({ kty: "EC", crv: "P-256", x, y }, "ES256"));
    expect([payload, protectedHeader]).toEqual([
      { iss: "TEAM000001", iat: 1 },
      { alg: "ES256", kid: "ABC123DEFG" },
    ]);
  });
});
