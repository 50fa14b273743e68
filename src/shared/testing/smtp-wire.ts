/** SMTP without a network: a server that is a function, and sockets that lead to it. */
import type { Turn } from "../core/dialogue.ts";
import type { Sockets } from "../ports/sockets.ts";

/** What a server does: bytes to say, or hang up, or stay silent. */
export type Act = string | "drop" | "silent";

export interface Wire {
  readonly sockets: Sockets;
  /** Whom was talked to: `host:port security`. */
  readonly hosts: readonly string[];
  /** Every line that went out, and `<TLS>` where it began; a message is one entry, as it came through DATA. */
  readonly said: readonly string[];
}

/** `answer`: to a line, to `""` when the connection is there, to `.` at the end of a message. A silent server is lost. */
export function wireTo(answer: (line: string) => Act): Wire {
  const hosts: string[] = [];
  const said: string[] = [];
  const sockets: Sockets = {
    async converse({ host, port, security, dialogue }) {
      hosts.push(`${host}:${port} ${security}`);
      let turn: Turn<Parameters<typeof dialogue.heard>[0], ReturnType<typeof dialogue.lost>> = dialogue.opened;
      for (;;) {
        const { state, move } = turn;
        if (move.kind === "end") {
          said.push(textOf(move.bytes));
          return move.result;
        }
        if (move.kind === "secure") {
          said.push("<TLS>");
          turn = dialogue.secured(state);
        } else if (move.kind === "pour") {
          said.push(textOf(move.bytes));
          turn = dialogue.poured(state);
        } else {
          const line = textOf(move.bytes);
          if (line !== "") said.push(line);
          const act = answer(line.replace(/\r\n$/, ""));
          if (act === "drop" || act === "silent") return dialogue.lost(state, act);
          turn = dialogue.heard(state, bytesOf(act));
        }
      }
    },
  };
  return { sockets, hosts, said };
}

/** One character a byte. */
function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Answers like an honest server, but where `over` says otherwise: by a line's first word, `""` being the greeting. */
export function honest(over: Readonly<Record<string, Act | ((line: string) => Act)>> = {}): (line: string) => Act {
  return (line) => {
    const verb = line === "" || line === "." ? line : (line.split(/[ :]/)[0] ?? "");
    const own = Object.hasOwn(over, verb) ? over[verb] : undefined;
    if (own !== undefined) return typeof own === "function" ? own(line) : own;
    switch (verb) {
      case "":
        return "220 mx.example ESMTP\r\n";
      case "EHLO":
        return "250-mx.example at your service\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN\r\n";
      case "AUTH":
        return "235 2.7.0 Accepted\r\n";
      case "STARTTLS":
        return "220 2.0.0 Go ahead\r\n";
      case "DATA":
        return "354 Go ahead\r\n";
      case "QUIT":
        return "221 2.0.0 Bye\r\n";
      default:
        return "250 2.0.0 OK\r\n";
    }
  };
}
