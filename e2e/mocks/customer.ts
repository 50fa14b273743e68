/** A customer's server: it takes events at any path, checks their signatures, and can be told to misbehave at one. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export type Manner =
  | { readonly kind: "answer"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Takes the event, and never says so. */
  | { readonly kind: "hang" }
  /** Answers 200, and never stops talking. */
  | { readonly kind: "endless" };

export interface Event {
  readonly path: string;
  readonly at: number;
  /** The header `webhook-id`. */
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Whether the event was answered 2xx. */
  readonly isTaken: boolean;
}

export interface Customer {
  readonly url: string;
  readonly events: readonly Event[];
  /** Posts whose signature no secret of their path verified. */
  readonly forged: readonly string[];
  /** From then on, what is posted to this path must be signed with one of these. */
  trust(path: string, ...secrets: readonly string[]): void;
  /** How it behaves at this path; 200 unless told otherwise. */
  behave(path: string, manner: Manner | null): void;
  close(): Promise<void>;
}

const TAKEN: Manner = { kind: "answer", status: 200 };

export async function startCustomer(): Promise<Customer> {
  const events: Event[] = [];
  const forged: string[] = [];
  const secrets = new Map<string, readonly string[]>();
  const manners = new Map<string, Manner>();

  function isSigned(path: string, body: string, headers: Record<string, string>): boolean {
    return (secrets.get(path) ?? []).some((secret) => {
      try {
        new Webhook(secret).verify(body, headers);
        return true;
      } catch {
        return false; // not with this one
      }
    });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    const headers = request.headers as Record<string, string>;
    if (secrets.has(path) && !isSigned(path, body, headers)) {
      forged.push(body);
      response.writeHead(401).end();
      return;
    }
    const manner = manners.get(path) ?? TAKEN;
    const { type, data } = JSON.parse(body) as Pick<Event, "type" | "data">;
    const isTaken = manner.kind === "endless" || (manner.kind === "answer" && manner.status >= 200 && manner.status < 300);
    events.push({ path, at: Date.now(), id: headers["webhook-id"] ?? "", type, data, isTaken });
    switch (manner.kind) {
      case "answer":
        response.writeHead(manner.status, { ...manner.headers }).end("ok");
        return;
      case "hang":
        return;
      case "endless": {
        response.writeHead(200);
        const timer = setInterval(() => response.write("x".repeat(16_384)), 1);
        response.once("close", () => clearInterval(timer));
      }
    }
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      console.error("the customer broke:", error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    events,
    forged,
    trust(path, ...all) {
      secrets.set(path, all);
    },
    behave(path, manner) {
      if (manner === null) manners.delete(path);
      else manners.set(path, manner);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
