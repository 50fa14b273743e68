/** What the doubles of providers share: an HTTP server that can be told to fail, to wait, and to hang up. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to calls that the provider would have taken. */
export interface Behaviour<Failure> {
  /** Answers with this, and takes nothing. */
  readonly fail?: Failure;
  /** Takes the call, and answers so much later. */
  readonly delayMs?: number;
  /** `before`: hangs up and takes nothing. `after`: takes the call, and hangs up without an answer. */
  readonly drop?: "before" | "after";
  /** Likewise, but never hangs up: whoever called waits until its own patience ends. */
  readonly hang?: "before" | "after";
  /** Likewise, but answers 200 with what no client understands. */
  readonly garbage?: "before" | "after";
  /** Calls to this recipient only. */
  readonly to?: string;
  /** So many calls; all of them unless set. */
  readonly times?: number;
}

export interface Call {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** A call that the provider itself would have refused: each one is a defect of whoever called. */
export interface Refusal {
  readonly at: number;
  readonly status: number;
  readonly why: string;
  readonly body: string;
}

/** A message that came in, well formed and signed in. `accepted`: a real provider would send it now. */
export type Received<Message> = Message & {
  readonly at: number;
  readonly to: string;
  readonly outcome: "accepted" | "failed" | "dropped";
};

export interface Double<Message, Failure> {
  /** For `settings.endpoint`. */
  readonly url: string;
  readonly received: readonly Received<Message>[];
  readonly refused: readonly Refusal[];
  /** Adds a behaviour in front of those that are there; null takes all of them away. */
  control(behaviour: Behaviour<Failure> | null): void;
  /** Asks before every call that no behaviour of `control` is for; null asks no more. */
  steer(choose: (() => Behaviour<Failure>) | null): void;
  close(): Promise<void>;
}

/** What a provider makes of a call. */
export type Verdict<Message> =
  | { readonly kind: "message"; readonly to: string; readonly message: Message; readonly reply: Reply }
  /** Many in one call, each taken or not: what becomes of the call is what becomes of the first, and others may fail alone. */
  | {
      readonly kind: "messages";
      readonly messages: readonly { readonly to: string; readonly message: Message }[];
      readonly reply: (isTaken: readonly boolean[]) => Reply;
    }
  | { readonly kind: "other"; readonly reply: Reply }
  | { readonly kind: "refused"; readonly why: string; readonly reply: Reply };

export interface Protocol<Message, Failure> {
  judge(call: Call): Promise<Verdict<Message>>;
  failure(failure: Failure): Reply;
}

const MAX_BODY_BYTES = 41_943_040;
const GARBAGE: Reply = {
  status: 200,
  headers: { "content-type": "text/html" },
  body: '<html><h1>It works!</h1>{"MessageId": "',
};

/** Listens on a free port of this machine unless one is given. */
export async function startDouble<Message extends object, Failure>(
  protocol: Protocol<Message, Failure>,
  port = 0,
): Promise<Double<Message, Failure>> {
  const received: Received<Message>[] = [];
  const refused: Refusal[] = [];
  let behaviours: (Behaviour<Failure> & { left: number })[] = [];
  let chosen: (() => Behaviour<Failure>) | null = null;

  function next(to: string): Behaviour<Failure> {
    const found = behaviours.find((b) => b.left > 0 && (b.to === undefined || b.to === to));
    if (found) found.left -= 1;
    return found ?? chosen?.() ?? {};
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await read(request);
    const verdict = await protocol.judge(call);
    if (verdict.kind === "refused") {
      refused.push({ at: Date.now(), status: verdict.reply.status, why: verdict.why, body: call.body });
    }
    if (verdict.kind === "other" || verdict.kind === "refused") return answer(response, verdict.reply);

    const messages = verdict.kind === "messages" ? verdict.messages : [verdict];
    const told = messages.map(({ to }) => next(to));
    const { fail, delayMs, drop, hang, garbage } = told[0] ?? {};
    const isDropped = [drop, hang, garbage].includes("before");
    const isTaken = told.map((one) => !isDropped && fail === undefined && one.fail === undefined);
    for (const [i, { to, message }] of messages.entries()) {
      const outcome = isDropped ? "dropped" : isTaken[i] ? "accepted" : "failed";
      received.push({ ...message, to, at: Date.now(), outcome });
    }
    if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (hang !== undefined) return;
    if (drop !== undefined) request.socket.destroy();
    else if (garbage !== undefined) answer(response, GARBAGE);
    else if (fail !== undefined) answer(response, protocol.failure(fail));
    else answer(response, verdict.kind === "messages" ? verdict.reply(isTaken) : verdict.reply);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A defect of the double itself: said aloud, since a 500 would look like a provider's.
      console.error("the double broke:", error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    refused,
    control(behaviour) {
      behaviours = behaviour === null ? [] : [{ ...behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY }, ...behaviours];
    },
    steer(choose) {
      chosen = choose;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error("the body is larger than any provider takes");
    chunks.push(chunk);
  }
  return {
    method: request.method ?? "",
    url: new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`),
    headers: request.headers,
    body: Buffer.concat(chunks).toString("utf8"),
  };
}

function answer(response: ServerResponse, { status, headers, body }: Reply): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}
