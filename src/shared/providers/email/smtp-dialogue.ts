/**
 * An SMTP client as a machine without I/O: RFC 5321 with STARTTLS (3207), AUTH (4954), SIZE (1870), 8BITMIME (6152) and
 * SMTPUTF8 (6531). Strict where leniency has been a hole: TLS is there before anything is told, a reply that nobody asked
 * for ends it, and nothing but CR LF ends a line. One command at a time, so no reply can be taken for that of another.
 */
import type { Dialogue, Turn } from "../../core/dialogue.ts";
import { joined } from "../signatures.ts";
import { dataOf } from "./smtp-data.ts";
import { type Offers, offersOf, type Reply, readReply } from "./smtp-replies.ts";

/** Where the talk stands: what has been said last. Until `end` nothing was handed over. */
export type Phase = "connect" | "greeting" | "ehlo" | "starttls" | "auth" | "mail" | "rcpt" | "data" | "content" | "end";

export interface Errand {
  readonly security: "tls" | "starttls";
  readonly ehloName: string;
  readonly username: string;
  readonly password: string;
  /** Null: sign in, and leave. */
  readonly mail: Mail | null;
}

export interface Mail {
  readonly from: string;
  /** The recipient, whose refusal is that of the mail; then those who get a copy. */
  readonly to: readonly [string, ...string[]];
  /** RFC 5322, of any line ends. */
  readonly message: Uint8Array;
}

export interface RefusedCopy {
  readonly address: string;
  readonly reply: Reply;
}

export type SmtpResult =
  | { readonly kind: "signed_in"; readonly offers: Offers }
  | { readonly kind: "taken"; readonly reply: Reply; readonly refusedCopies: readonly RefusedCopy[] }
  | { readonly kind: "refused"; readonly phase: Phase; readonly reply: Reply }
  /** The server cannot do what it takes, by its own word. */
  | { readonly kind: "unable"; readonly lacks: "starttls" | "auth" | "size" | "8bitmime" | "smtputf8" }
  | { readonly kind: "lost" | "nonsense"; readonly phase: Phase; readonly reason: string };

export interface SmtpState {
  readonly phase: Phase;
  readonly isSecure: boolean;
  readonly unread: Uint8Array;
  readonly offers: Offers;
  /** How many steps of AUTH LOGIN, or recipients, were answered. */
  readonly step: number;
  readonly refusedCopies: readonly RefusedCopy[];
}

type SmtpTurn = Turn<SmtpState, SmtpResult>;

const NOTHING = new Uint8Array(0);
const NO_OFFERS: Offers = { startTls: false, eightBit: false, utf8: false, auth: new Set(), sizeBytes: null };
const GREETING_MS = 10_000;
const ANSWER_MS = 10_000;
/** For the answer to the final dot, while the server scans and stores. With less than this left, the dot is not sent. */
const TAKEN_MS = 15_000;
const TAKEN_NEEDS_MS = 5000;

export function smtpDialogue(errand: Errand): Dialogue<SmtpState, SmtpResult> {
  const { mail } = errand;
  const plain = base64(`\0${errand.username}\0${errand.password}`);
  const secrets = [plain, base64(errand.password), errand.password].filter((secret) => secret !== "");

  function say(state: SmtpState, phase: Phase, line: string): SmtpTurn {
    return { state: { ...state, phase }, move: { kind: "say", bytes: lineOf(line), withinMs: ANSWER_MS } };
  }
  function end(state: SmtpState, result: SmtpResult): SmtpTurn {
    return { state, move: { kind: "end", bytes: lineOf("QUIT"), result } };
  }
  /** What follows an answer of the expected class; any other ends the talk. */
  function next(state: SmtpState, reply: Reply): SmtpTurn {
    const { phase } = state;
    const isFine = isExpected(phase, reply);
    if (!isFine && reply.code < 400) return end(state, { kind: "nonsense", phase, reason: `It answered ${reply.code}.` });
    if (!isFine && phase !== "rcpt") return end(state, { kind: "refused", phase, reply });
    switch (phase) {
      case "connect":
      case "greeting":
        return say(state, "ehlo", `EHLO ${errand.ehloName}`);
      case "ehlo":
        return afterEhlo({ ...state, offers: offersOf(reply) });
      case "starttls":
        return { state, move: { kind: "secure", withinMs: ANSWER_MS } };
      case "auth":
        return afterAuth(state, reply);
      case "mail":
      case "rcpt":
        return afterRecipient(state, reply);
      case "data":
        return {
          state: { ...state, phase: "content" },
          move: { kind: "pour", bytes: dataOf(mail?.message ?? NOTHING), withinMs: TAKEN_MS },
        };
      case "content":
      case "end":
        return end(state, { kind: "taken", reply, refusedCopies: state.refusedCopies });
    }
  }
  function afterEhlo(state: SmtpState): SmtpTurn {
    const { auth, startTls } = state.offers;
    if (!state.isSecure) {
      return startTls ? say(state, "starttls", "STARTTLS") : end(state, { kind: "unable", lacks: "starttls" });
    }
    if (auth.has("PLAIN")) return say(state, "auth", `AUTH PLAIN ${plain}`);
    if (auth.has("LOGIN")) return say(state, "auth", "AUTH LOGIN");
    return end(state, { kind: "unable", lacks: "auth" });
  }
  function afterAuth(state: SmtpState, reply: Reply): SmtpTurn {
    if (reply.code === 235) return begin(state);
    const answers = state.offers.auth.has("PLAIN") ? [plain] : [base64(errand.username), base64(errand.password)];
    const answer = reply.code === 334 ? answers[state.step] : undefined;
    if (answer === undefined) {
      return end(state, { kind: "nonsense", phase: "auth", reason: `It answered ${reply.code} to all that it asked for.` });
    }
    return say({ ...state, step: state.step + 1 }, "auth", answer);
  }
  function begin(state: SmtpState): SmtpTurn {
    const { offers } = state;
    if (mail === null) return end(state, { kind: "signed_in", offers });
    const size = mail.message.length;
    const isUtf8 = [mail.from, ...mail.to].some((address) => !/^[\x20-\x7e]*$/.test(address));
    const isEightBit = mail.message.some((byte) => byte > 127);
    if (isUtf8 && !offers.utf8) return end(state, { kind: "unable", lacks: "smtputf8" });
    if (isEightBit && !offers.eightBit) return end(state, { kind: "unable", lacks: "8bitmime" });
    if (offers.sizeBytes !== null && offers.sizeBytes > 0 && size > offers.sizeBytes) {
      return end(state, { kind: "unable", lacks: "size" });
    }
    const parameters = [
      ...(offers.sizeBytes === null ? [] : [`SIZE=${size}`]),
      ...(isEightBit ? ["BODY=8BITMIME"] : []),
      ...(isUtf8 ? ["SMTPUTF8"] : []),
    ];
    return say({ ...state, step: 0 }, "mail", [`MAIL FROM:<${mail.from}>`, ...parameters].join(" "));
  }
  function afterRecipient(state: SmtpState, reply: Reply): SmtpTurn {
    const to = mail?.to ?? [];
    const answered = state.phase === "rcpt" ? to[state.step - 1] : undefined;
    if (answered !== undefined && !isYes(reply)) {
      // A server that hangs up takes nobody any more.
      if (state.step === 1 || reply.code === 421) return end(state, { kind: "refused", phase: "rcpt", reply });
      return recipient({ ...state, refusedCopies: [...state.refusedCopies, { address: answered, reply }] }, to);
    }
    return recipient(state, to);
  }
  function recipient(state: SmtpState, to: readonly string[]): SmtpTurn {
    const address = to[state.step];
    return address === undefined
      ? say(state, "data", "DATA")
      : say({ ...state, step: state.step + 1 }, "rcpt", `RCPT TO:<${address}>`);
  }

  const start: SmtpState = {
    phase: "greeting",
    isSecure: errand.security === "tls",
    unread: NOTHING,
    offers: NO_OFFERS,
    step: 0,
    refusedCopies: [],
  };
  return {
    opened: { state: start, move: { kind: "say", bytes: NOTHING, withinMs: GREETING_MS } },
    heard(before, bytes) {
      const state = { ...before, unread: joined(before.unread, bytes) };
      const { phase } = state;
      const heard = readReply(state.unread);
      if (heard.kind === "part") return { state, move: { kind: "say", bytes: NOTHING, withinMs: ANSWER_MS } };
      if (heard.kind === "nonsense") return end(state, { kind: "nonsense", phase, reason: heard.reason });
      const read = { ...state, unread: NOTHING };
      const reply = withoutSecrets(heard.reply, secrets);
      // A reply too many would be taken for that of the next command; before TLS, it is an attack (RFC 3207 6, nostarttls.secvuln.info).
      if (heard.rest.length > 0 && phase !== "end") {
        const farewell = readReply(heard.rest);
        if (farewell.kind === "reply" && farewell.reply.code === 421) {
          return end(read, { kind: "refused", phase, reply: farewell.reply });
        }
        return end(read, { kind: "nonsense", phase, reason: "It said more than it was asked for." });
      }
      return next(read, reply);
    },
    poured: (state) => ({
      state: { ...state, phase: "end" },
      move: { kind: "say", bytes: lineOf("."), withinMs: TAKEN_MS, needsMs: TAKEN_NEEDS_MS },
    }),
    // What was offered in the clear may have been anybody's word.
    secured: (state) => say({ ...state, isSecure: true, offers: NO_OFFERS }, "ehlo", `EHLO ${errand.ehloName}`),
    lost: (state, reason) => ({ kind: "lost", phase: state?.phase ?? "connect", reason }),
  };
}

function isExpected(phase: Phase, reply: Reply): boolean {
  if (phase === "data") return reply.code === 354;
  return phase === "auth" ? reply.code === 235 || reply.code === 334 : isYes(reply);
}

function isYes({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** One line of the protocol. What could end it before its end was refused where it came in, and is not said here either. */
function lineOf(text: string): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Error("a command of SMTP is one line");
  return new TextEncoder().encode(`${text}\r\n`);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** A server may quote what it was told, and its words go into rows and logs. */
function withoutSecrets(reply: Reply, secrets: readonly string[]): Reply {
  const lines = reply.lines.map((line) => secrets.reduce((text, secret) => text.replaceAll(secret, "…"), line));
  return { ...reply, lines };
}
