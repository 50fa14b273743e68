/** The RFCs' own vectors, in workerd. */
import { base64url, importJWK, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import ece from "../../testing/specs/rfc8188-vectors.json";
import rfc8291 from "../../testing/specs/rfc8291-webpush-vector.json";
import rfc8292 from "../../testing/specs/rfc8292-vapid-vector.json";
import { encryptFor, freshness, sealRecord } from "./webpush-encryption.ts";

const bytes = (text: string) => base64url.decode(text);
const utf8 = (text: string) => new TextEncoder().encode(text);

describe("web push encryption", () => {
  test("makes the body of RFC 8291, appendix A", async () => {
    const v = rfc8291.vector;
    const browser = { p256dh: bytes(v.ua_public), auth: bytes(v.auth_secret) };
    const body = await encryptFor(browser, bytes(v.plaintext), { secretKey: bytes(v.as_private), salt: bytes(v.salt) });
    expect(base64url.encode(body)).toBe(v.body);
    expect(String(body.length)).toBe(rfc8291.request_example.headers["Content-Length"]);
  });

  test("makes the record of RFC 8188, section 3.1", async () => {
    const v = ece.vectors.find((vector) => vector.name === "RFC 8188 section 3.1");
    if (!v) throw new Error("the vector is gone");
    const body = await sealRecord(bytes(v.key), bytes(v.salt), utf8(v.keyid), utf8(v.plaintext_utf8));
    expect(base64url.encode(body)).toBe(v.body);
  });

  test("never makes the same body twice, but of the same randomness", async () => {
    const v = rfc8291.vector;
    const browser = { p256dh: bytes(v.ua_public), auth: bytes(v.auth_secret) };
    const random = (n: number) => crypto.getRandomValues(new Uint8Array(n));
    const [one, two] = [freshness(random), freshness(random)];
    const make = async (by: typeof one) => base64url.encode(await encryptFor(browser, utf8("x"), by));
    expect(await make(one)).toBe(await make(one));
    expect(await make(one)).not.toBe(await make(two));
  });

  test("the JWT of RFC 8292 is one by the key beside it, as ours are judged", async () => {
    const k = bytes(rfc8292.k);
    const [x, y] = [base64url.encode(k.slice(1, 33)), base64url.encode(k.slice(33))];
    const key = await importJWK({ kty: "EC", crv: "P-256", x, y }, "ES256");
    const { payload } = await jwtVerify(rfc8292.jwt, key, { currentDate: new Date((rfc8292.exp - 60) * 1000) });
    expect(payload).toEqual({ aud: rfc8292.audience, exp: rfc8292.exp, sub: rfc8292.subject });
  });
});
