import { createHmac, createPublicKey, randomBytes, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import suite from "../testing/specs/standard-webhooks-vectors.json";
import { type KeptKey, mintSigningKey, rotated, type SigningKey, signingAt } from "./signing-keys.ts";
import { signatureHeaders, signerOf } from "./webhook-signature.ts";

const SEED = Buffer.alloc(32, 7).toString("base64");
const random = (n: number): Uint8Array => randomBytes(n);

async function signed(keys: readonly SigningKey[], body: string, timestamp = Math.floor(Date.now() / 1000), id = "evt_1") {
  return signatureHeaders(await Promise.all(keys.map(signerOf)), { id, timestamp, body });
}

/** Verifies a v1a signature with nothing but the published key. */
function isOf(publicKey: string, signature: string, content: string): boolean {
  const x = Buffer.from(publicKey.replace("whpk_", ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  return verify(null, Buffer.from(content), key, Buffer.from(signature.replace("v1a,", ""), "base64"));
}

describe("signatures of a callback", () => {
  it.each(suite.vectors)("are those of the specification: $name", async ({ secret, id, timestamp, payload, signature }) => {
    const headers = await signed([{ secret, seed: SEED }], payload, timestamp, id);
    expect(headers["webhook-signature"]?.split(" ")).toContain(signature);
  });

  it("are accepted by the standardwebhooks package, which refuses them for another body, id or time", async () => {
    const [{ key }, other] = await Promise.all([mintSigningKey(random), mintSigningKey(random)]);
    const body = JSON.stringify({ type: "message.sent", data: { text: "héllo ✓" } });
    const headers = await signed([key], body);
    const customer = new Webhook(key.secret);
    expect(customer.verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => customer.verify(`${body} `, headers)).toThrow();
    expect(() => customer.verify(body, { ...headers, "webhook-id": "evt_2" })).toThrow();
    expect(() => customer.verify(body, { ...headers, "webhook-timestamp": String(Date.now() / 1000 - 400) })).toThrow();
    expect(() => new Webhook(other.key.secret).verify(body, headers)).toThrow();
  });

  it("can be verified with the public key alone (v1a)", async () => {
    const { key, publicKey } = await mintSigningKey(random);
    const headers = await signed([key], "{}", 1_700_000_000);
    const v1a = headers["webhook-signature"]?.split(" ").find((one) => one.startsWith("v1a,")) ?? "";
    expect(isOf(publicKey, v1a, "evt_1.1700000000.{}")).toBe(true);
    expect(isOf(publicKey, v1a, "evt_1.1700000000.{ }")).toBe(false);
  });

  it("have one of the raw body for simple clients, made with the secret as it was shown", async () => {
    const { key } = await mintSigningKey(random);
    const headers = await signed([key], '{"a":1}');
    const expected = createHmac("sha256", key.secret).update('{"a":1}').digest("hex");
    expect(headers["x-carillon-signature"]).toBe(`sha256=${expected}`);
  });

  it("are made with every key that signs, so that a receiver with the old or the new one finds its own", async () => {
    const [old, fresh] = await Promise.all([mintSigningKey(random), mintSigningKey(random)]);
    const headers = await signed([fresh.key, old.key], "{}");
    for (const { key } of [old, fresh]) expect(new Webhook(key.secret).verify("{}", headers)).toEqual({});
    const simple = headers["x-carillon-signature"]?.split(", ");
    expect(simple).toContain(`sha256=${createHmac("sha256", old.key.secret).update("{}").digest("hex")}`);
    expect(simple).toHaveLength(2);
  });
});

describe("keys over rotations", () => {
  const kept = (n: number, until: number | null = null): KeptKey => ({
    sealed: `jwe ${n}`,
    publicKey: `whpk_${n}`,
    hint: "",
    createdAt: n,
    until,
  });

  it("keep the one before until the overlap ends, and not an instant longer", () => {
    const keys = rotated([kept(1)], kept(2), 1000, 500);
    expect(signingAt(keys, 1499).map(({ createdAt }) => createdAt)).toEqual([2, 1]);
    expect(signingAt(keys, 1500).map(({ createdAt }) => createdAt)).toEqual([2]);
  });

  it("end the one before at once where there is no overlap", () => {
    expect(rotated([kept(1)], kept(2), 1000, 0).map(({ createdAt }) => createdAt)).toEqual([2]);
  });

  it("never lengthen the life of a key that is to end, and are three at most", () => {
    const twice = rotated(rotated([kept(1)], kept(2), 1000, 500), kept(3), 1100, 10_000);
    expect(twice.map(({ until }) => until)).toEqual([null, 11_100, 1500]);
    expect(rotated(twice, kept(4), 1200, 10_000).map(({ createdAt }) => createdAt)).toEqual([4, 3, 2]);
  });
});
