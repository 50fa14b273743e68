/** The only file that opens a socket. Once, with a deadline for each turn and one for all of them, and never again. */
import type { Move, Turn } from "../core/dialogue.ts";
import type { Sockets } from "../ports/sockets.ts";

/** As `cloudflare:sockets` has it, and the binding of a network. */
export type Connect = (address: SocketAddress, options: SocketOptions) => Socket;

const OPEN_MS = 10_000;
const FAREWELL_MS = 1000;

/** `now`: milliseconds since 1970. No conversation lasts longer than `mostMs`. */
export function socketCarrier(connect: Connect, now: () => number, mostMs: number = Number.POSITIVE_INFINITY): Sockets {
  return {
    async converse({ host, port, security, timeoutMs, dialogue }) {
      const endsAt = now() + Math.min(timeoutMs, mostMs);
      const left = () => endsAt - now();
      let state: Turn<Parameters<typeof dialogue.heard>[0], unknown>["state"] | null = null;
      let line: Line | null = null;
      try {
        line = new Line(
          connect({ hostname: host, port }, { secureTransport: security === "tls" ? "on" : "starttls", allowHalfOpen: false }),
        );
        await within(Math.min(OPEN_MS, left()), line.opened(), "the connection did not open");
        let turn = dialogue.opened;
        for (;;) {
          const { move } = turn;
          if (move.kind === "end") {
            await line.leave(move.bytes);
            return move.result;
          }
          if (move.kind === "say" && left() < (move.needsMs ?? 0)) return dialogue.lost(state, "too little time is left");
          state = turn.state;
          const done = await within(Math.min(move.withinMs, left()), line.make(move), "nothing came");
          turn =
            move.kind === "secure"
              ? dialogue.secured(state)
              : move.kind === "pour"
                ? dialogue.poured(state)
                : dialogue.heard(state, done);
        }
      } catch (error) {
        return dialogue.lost(state, error instanceof Error ? error.message : String(error));
      } finally {
        line?.hangUp();
      }
    },
  };
}

const NOTHING = new Uint8Array(0);

/** An open socket, with or without TLS. */
class Line {
  #socket: Socket;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(socket: Socket) {
    this.#socket = socket;
    [this.#reader, this.#writer] = ends(socket);
  }

  async opened(): Promise<void> {
    await this.#socket.opened;
  }

  /** What was heard, after a `say`. */
  async make(move: Exclude<Move<unknown>, { kind: "end" }>): Promise<Uint8Array> {
    if (move.kind === "secure") {
      await this.#secure();
      return NOTHING;
    }
    if (move.bytes.length > 0) await this.#writer.write(move.bytes);
    if (move.kind === "pour") return NOTHING;
    const { value, done } = await this.#reader.read();
    if (done) throw new Error("the server hung up");
    return value;
  }

  /** For the name that the socket was opened with: production ignores `expectedServerHostname` (workerd issue 6903). */
  async #secure(): Promise<void> {
    this.#reader.releaseLock();
    this.#writer.releaseLock();
    this.#socket = this.#socket.startTls();
    [this.#reader, this.#writer] = ends(this.#socket);
    await this.#socket.opened;
  }

  async leave(farewell: Uint8Array): Promise<void> {
    const said = this.#writer.write(farewell);
    await within(FAREWELL_MS, said, "").catch(() => undefined); // what matters was said before
  }

  hangUp(): void {
    this.#socket.close().catch(() => undefined); // it is closed already
  }
}

function ends(
  socket: Socket,
): [reader: ReadableStreamDefaultReader<Uint8Array>, writer: WritableStreamDefaultWriter<Uint8Array>] {
  // How it ended is heard from what was under way.
  socket.closed.catch(() => undefined);
  return [socket.readable.getReader(), socket.writable.getWriter()];
}

/** Rejects where it takes longer. */
async function within<T>(ms: number, work: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${Math.max(0, Math.round(ms))} ms`)), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
