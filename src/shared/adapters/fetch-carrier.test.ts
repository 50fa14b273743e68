import { expect, test } from "vitest";
import { fetchCarrier } from "./fetch-carrier.ts";

const ask = () => new Request("http://127.0.0.1:1/", { method: "POST", body: "x" });
const through = (answer: (request: Request, init?: RequestInit) => Promise<Response>) =>
  fetchCarrier({ fetch: answer as Fetcher["fetch"] });

test("an origin that Cloudflare could not reach got nothing", async () => {
  for (const status of [521, 523, 525, 526]) {
    expect(await through(async () => new Response("error page", { status })).carry(ask(), 5000)).toMatchObject({
      kind: "not_sent",
    });
  }
  expect(await through(async () => new Response("", { status: 522 })).carry(ask(), 5000)).toMatchObject({ kind: "answered" });
});

test("where nobody listens, the runtime cannot tell whether anything was sent", async () => {
  expect(await fetchCarrier().carry(ask(), 5000)).toMatchObject({ kind: "unknown" });
});

test("an answer comes back with its status, headers and body, cut where it is endless", async () => {
  const carrier = through(async () => new Response("y".repeat(200_000), { status: 429, headers: { "retry-after": "7" } }));
  const answer = await carrier.carry(ask(), 5000);
  if (answer.kind !== "answered") throw new Error("it answered");
  expect([answer.status, answer.headers.get("retry-after"), answer.body.length]).toEqual([429, "7", 65_536]);
});

test("an answer that does not come in time is unknown: the provider may have it", async () => {
  const carrier = through(
    (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))),
  );
  expect(await carrier.carry(ask(), 5)).toEqual({ kind: "unknown", reason: "no answer within 5 ms" });
});

test("a connection that breaks after the request went out is unknown", async () => {
  const carrier = through(async () => {
    throw new Error("Network connection lost.");
  });
  expect(await carrier.carry(ask(), 5000)).toMatchObject({ kind: "unknown" });
});

test("redirects are not followed: a provider's answer is its own", async () => {
  let redirect: string | undefined;
  const carrier = through(async (_, init) => {
    redirect = init?.redirect;
    return new Response(null, { status: 302, headers: { location: "http://10.0.0.1/" } });
  });
  expect(await carrier.carry(ask(), 5000)).toMatchObject({ kind: "answered", status: 302 });
  expect(redirect).toBe("manual");
});
