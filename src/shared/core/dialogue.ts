/**
 * A talk with a server over a socket, as a machine without any I/O: it hears bytes, and says what is to be done next.
 * Whoever runs it (adapters/socket-carrier.ts) holds the socket and the clock. None of its functions throws.
 */
export interface Dialogue<S, R> {
  /** The first turn, once the socket is open. */
  readonly opened: Turn<S, R>;
  /** Bytes came in after a `say`, as many as the network brought. */
  heard(state: S, bytes: Uint8Array): Turn<S, R>;
  /** What a `pour` had is written. */
  poured(state: S): Turn<S, R>;
  /** What `secure` asked for is done: all that is heard and said from here on is inside TLS. */
  secured(state: S): Turn<S, R>;
  /** The socket broke, ended or was silent for too long. `state` is null where it never opened. */
  lost(state: S | null, reason: string): R;
}

export interface Turn<S, R> {
  readonly state: S;
  readonly move: Move<R>;
}

export type Move<R> =
  /** Write these bytes, which may be none, and listen for so long. */
  | {
      readonly kind: "say";
      readonly bytes: Uint8Array;
      readonly withinMs: number;
      /** With less than this left of the whole time, do not say it: the talk is lost in the state before. */
      readonly needsMs?: number;
    }
  /** Write these bytes and do not listen. */
  | { readonly kind: "pour"; readonly bytes: Uint8Array; readonly withinMs: number }
  /** Begin TLS on the open socket. */
  | { readonly kind: "secure"; readonly withinMs: number }
  /** Over: write these bytes if that still works, and hang up. */
  | { readonly kind: "end"; readonly bytes: Uint8Array; readonly result: R };

/** A dialogue, and whom it is with. */
export interface Conversation<R, S = unknown> {
  readonly host: string;
  readonly port: number;
  /** Whether TLS is there from the first byte, or begins when the dialogue says so. */
  readonly security: "tls" | "starttls";
  /** For all of it, from the connection to the end. */
  readonly timeoutMs: number;
  readonly dialogue: Dialogue<S, R>;
}

/** The same talk, its result read as something else. */
export function concluding<S, A, B>(dialogue: Dialogue<S, A>, read: (result: A) => B): Dialogue<S, B> {
  const turn = ({ state, move }: Turn<S, A>): Turn<S, B> => ({
    state,
    move: move.kind === "end" ? { ...move, result: read(move.result) } : move,
  });
  return {
    opened: turn(dialogue.opened),
    heard: (state, bytes) => turn(dialogue.heard(state, bytes)),
    poured: (state) => turn(dialogue.poured(state)),
    secured: (state) => turn(dialogue.secured(state)),
    lost: (state, reason) => read(dialogue.lost(state, reason)),
  };
}
