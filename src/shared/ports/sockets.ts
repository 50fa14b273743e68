/**
 * Runs a conversation over a TCP socket of its own, once, from the connection to its end. Never retries and never
 * throws: what becomes of a socket that breaks is for the dialogue to say.
 *
 * Implemented by adapters/socket-carrier.ts (the only file that opens a socket), and by testing/smtp-wire.ts.
 */
import type { Conversation } from "../core/dialogue.ts";

export interface Sockets {
  converse<R, S>(conversation: Conversation<R, S>): Promise<R>;
}
