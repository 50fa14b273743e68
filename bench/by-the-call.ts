/** Low-priority mail over a provider that takes many in one call: how many recipients a second, in how many calls, at what cost. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { COUNTERS, type Counts } from "../src/shared/adapters/ledger.ts";
import { readLedger, spent, stillLedger } from "./ledger.ts";
import { postAll, round } from "./load.ts";
import { dollarsPerMillion } from "./prices.ts";
import { batchBody } from "./sends.ts";
import { post, type Stack, startStack } from "./stack.ts";

const CARRIED_WITHIN_MS = 300_000;
/** As a provider would: a call is not free. */
const CALL_MS = 20;

interface Personalizations {
  readonly personalizations: readonly { readonly custom_args?: Readonly<Record<string, string>> }[];
}

/** SendGrid's Mail Send as far as a measurement needs it: takes everything, and counts who came and how often. */
async function startSendGrid() {
  const seen = new Map<string, number>();
  const calls: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { personalizations } = JSON.parse(Buffer.concat(chunks).toString()) as Personalizations;
      calls.push(personalizations.length);
      for (const { custom_args } of personalizations) {
        const id = custom_args?.carillon_message_id ?? custom_args?.message_id ?? JSON.stringify(custom_args);
        seen.set(id, (seen.get(id) ?? 0) + 1);
      }
      setTimeout(() => response.writeHead(202, { "x-message-id": `sg-${calls.length}` }).end(), CALL_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, calls, stop: () => new Promise((resolve) => server.close(resolve)) };
}

async function withSendGrid<T>(
  ledger: boolean,
  work: (stack: Stack, sendGrid: Awaited<ReturnType<typeof startSendGrid>>) => Promise<T>,
) {
  const sendGrid = await startSendGrid();
  const stack = await startStack({ ledger });
  try {
    await post(stack.url, stack.liveKey, "/v1/connections", {
      channel: "email",
      provider: "sendgrid",
      name: "Bench",
      priority: 1,
      credentials: { api_key: `SG.${"a".repeat(22)}.${"b".repeat(43)}` },
      settings: { from: "shop@example.com", endpoint: sendGrid.url },
    });
    return await work(stack, sendGrid);
  } finally {
    await stack.stop();
    await sendGrid.stop();
  }
}

/** Every recipient with variables of its own, the same short mail. */
function body(index: number): string {
  const { template_id: _, ...rest } = JSON.parse(batchBody(index, 1000)) as { template_id: string };
  const content = { email: { subject: "Hello {{ first_name }}", html: "<p>Order {{ order_id }} leaves on {{ eta }}.</p>" } };
  return JSON.stringify({ ...rest, content, priority: "low" });
}

async function carried(seen: ReadonlyMap<string, number>, recipients: number): Promise<number> {
  for (const end = Date.now() + CARRIED_WITHIN_MS; seen.size < recipients && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return performance.now();
}

export async function byTheCall(recipients: number) {
  const requests = (stack: Stack, count: number) =>
    postAll({ ...stack, key: stack.liveKey, path: "/v1/batch", count, concurrency: 4, body });
  const speed = await withSendGrid(false, async (stack, { seen, calls }) => {
    const began = performance.now();
    await requests(stack, Math.ceil(recipients / 1000));
    const accepted = performance.now();
    const ended = await carried(seen, recipients);
    return {
      recipients: seen.size,
      duplicates: [...seen.values()].filter((n) => n > 1).length,
      accepted_per_s: Math.round(recipients / ((accepted - began) / 1000)),
      delivered_per_s: Math.round(seen.size / ((ended - began) / 1000)),
      provider_calls: calls.length,
      recipients_a_call: round(seen.size / calls.length, 1),
    };
  });
  const cost = await withSendGrid(true, async (stack, { seen }) => {
    const n = Math.min(recipients, 20_000);
    const before = await readLedger(stack);
    await requests(stack, n / 1000);
    await carried(seen, n);
    const total = spent(before, await stillLedger(stack));
    const perMessage = Object.fromEntries(COUNTERS.map((c) => [c, round(total[c] / n, 4)])) as Counts;
    return { recipients: n, per_message: perMessage, dollars_per_million: dollarsPerMillion(perMessage) };
  });
  return { speed, cost };
}
