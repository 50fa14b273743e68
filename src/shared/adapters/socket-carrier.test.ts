import { expect, test } from "vitest";
import type { Conversation, Dialogue, Turn } from "../core/dialogue.ts";
import { bytesOf } from "../testing/smtp-wire.ts";
import { type Connect, socketCarrier } from "./socket-carrier.ts";

/** What a socket was used for, and what its server does with each write. */
function fakeSocket(
  server: (written: string, say: (text: string) => void, hangUp: () => void) => void,
  over: Partial<Socket> = {},
) {
  const events: string[] = [];
  const make = (isSecure: boolean): Socket => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const readable = new ReadableStream<Uint8Array>({
      start(c) {
        controller = c;
      },
    });
    const writable = new WritableStream<Uint8Array>({
      write(chunk) {
        const text = new TextDecoder().decode(chunk);
        events.push(`${isSecure ? "secret" : "clear"} ${text}`);
        server(
          text,
          (answer) => controller?.enqueue(bytesOf(answer)),
          () => controller?.close(),
        );
      },
    });
    return {
      readable,
      writable,
      opened: Promise.resolve({}),
      closed: new Promise(() => undefined),
      startTls: () => make(true),
      close: async () => void events.push("closed"),
      ...over,
    } as unknown as Socket; // what the carrier uses of it
  };
  const connect: Connect = ({ hostname, port }, options) => {
    events.push(`${hostname}:${port} ${options.secureTransport}`);
    return make(options.secureTransport === "on");
  };
  return { connect, events };
}

type Step = "hello" | "secure" | "bye" | "content" | "dot";
const said = (text: string, withinMs = 1000, needsMs = 0) => ({ kind: "say", bytes: bytesOf(text), withinMs, needsMs }) as const;
const turns: Record<Step, Turn<Step, string>["move"]> = {
  hello: said("hello"),
  secure: { kind: "secure", withinMs: 1000 },
  content: { kind: "pour", bytes: bytesOf("content"), withinMs: 1000 },
  dot: said(".", 1000, 100),
  bye: { kind: "end", bytes: bytesOf("bye"), result: "done" },
};
const turn = (state: Step): Turn<Step, string> => ({ state, move: turns[state] });
const dialogue: Dialogue<Step, string> = {
  opened: turn("hello"),
  heard: (state) => turn(state === "hello" ? "secure" : "bye"),
  secured: () => turn("content"),
  poured: () => turn("dot"),
  lost: (state, reason) => `lost at ${state}: ${reason}`,
};
const conversation = (over: Partial<Conversation<string, Step>> = {}): Conversation<string, Step> => ({
  host: "mx.example",
  port: 587,
  security: "starttls",
  timeoutMs: 5000,
  dialogue,
  ...over,
});
const talk = (connect: Connect, over?: Partial<Conversation<string, Step>>, now = () => 0) =>
  socketCarrier(connect, now).converse(conversation(over));

test("a conversation is held to its end, on one socket, and hung up", async () => {
  const { connect, events } = fakeSocket((text, say) => text !== "content" && say("ok"));
  expect(await talk(connect)).toBe("done");
  expect(events).toEqual(["mx.example:587 starttls", "clear hello", "secret content", "secret .", "secret bye", "closed"]);
});

test("TLS is there from the first byte where that is asked for", async () => {
  const { connect, events } = fakeSocket((_, say) => say("ok"));
  await talk(connect, { security: "tls", port: 465 });
  expect(events.slice(0, 2)).toEqual(["mx.example:465 on", "secret hello"]);
});

test("a server that hangs up is lost at the step it was at, and its socket is closed", async () => {
  const { connect, events } = fakeSocket((text, say, hangUp) => (text === "." ? hangUp() : text !== "content" && say("ok")));
  expect(await talk(connect)).toBe("lost at dot: the server hung up");
  expect(events.at(-1)).toBe("closed");
});

test("a server that says nothing is lost when the step's time is up", async () => {
  const { connect, events } = fakeSocket((text, say) => text === "hello" && say("ok"));
  expect(await talk(connect, { dialogue: { ...dialogue, poured: () => ({ state: "dot", move: said(".", 20) }) } })).toBe(
    "lost at dot: nothing came within 20 ms",
  );
  expect(events.at(-1)).toBe("closed");
});

test("nothing lasts longer than the whole may", async () => {
  const silent = fakeSocket(() => undefined);
  expect(await talk(silent.connect, { timeoutMs: 20 })).toBe("lost at hello: nothing came within 20 ms");
  const capped = socketCarrier(silent.connect, () => 0, 10);
  expect(await capped.converse(conversation())).toBe("lost at hello: nothing came within 10 ms");
  const never = fakeSocket(() => undefined, { opened: new Promise(() => undefined) });
  expect(await talk(never.connect, { timeoutMs: 20 })).toBe("lost at null: the connection did not open within 20 ms");
});

test("what needs more time than is left is not said", async () => {
  let now = 0;
  const { connect, events } = fakeSocket((text, say) => {
    if (text === "content") now += 4950;
    say("ok");
  });
  expect(await talk(connect, {}, () => now)).toBe("lost at content: too little time is left");
  expect(events).not.toContain("secret .");
});

test("a socket that cannot be opened, or breaks at TLS, is lost where it was", async () => {
  const refused = fakeSocket(() => undefined, { opened: Promise.reject(new Error("refused")) });
  expect(await talk(refused.connect)).toBe("lost at null: refused");
  const thrown: Connect = () => {
    throw new Error("port 25 is prohibited");
  };
  expect(await talk(thrown)).toBe("lost at null: port 25 is prohibited");
  const broken = fakeSocket((_, say) => say("ok"), {
    startTls: () => {
      throw new Error("handshake failed");
    },
  });
  expect(await talk(broken.connect)).toBe("lost at secure: handshake failed");
});

test("a dialogue that throws is lost where it was, and its socket is closed", async () => {
  const { connect, events } = fakeSocket((_, say) => say("ok"));
  const faulty = {
    ...dialogue,
    heard: () => {
      throw new Error("a bug");
    },
  };
  expect(await talk(connect, { dialogue: faulty })).toBe("lost at hello: a bug");
  expect(events.at(-1)).toBe("closed");
});
