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

test("an answer that never ends is read no further than its bound, and hung up on", async () => {
  let isHungUp = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(50_000).fill(0x79)),
    cancel() {
      isHungUp = true;
    },
  });
  const answer = await through(async () => new Response(body)).carry(ask(), 5000);
  expect(answer).toMatchObject({ kind: "answered", body: "y".repeat(65_536) });
  expect(isHungUp).toBe(true);
});

test("an answer that breaks off is unknown, unless its status is enough: then it is what came of it", async () => {
  const carrier = through(async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode("half")).then(() => writer.abort(new Error("Network connection lost.")));
    return new Response(readable, { status: 200 });
  });
  expect(await carrier.carry(ask(), 5000)).toMatchObject({ kind: "unknown" });
  expect(await carrier.carry(ask(), 5000, { statusIsEnough: true })).toMatchObject({
    kind: "answered",
    status: 200,
    body: "half",
  });
});

test("an answer that drips for ever ends with the time it was given: it is unknown, unless its status is enough", async () => {
  const drip = async () =>
    new Response(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          controller.enqueue(new TextEncoder().encode("."));
        },
      }),
    );
  expect(await through(drip).carry(ask(), 50)).toEqual({ kind: "unknown", reason: "no answer within 50 ms" });
  const answer = await through(drip).carry(ask(), 50, { statusIsEnough: true });
  expect(answer).toMatchObject({ kind: "answered", status: 200, body: expect.stringMatching(/^\.+$/) });
});
