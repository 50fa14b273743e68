/** An SMTP server as providers run them: `smtp-server` behind TLS, which can be told to refuse and to be slow. */
import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { makeCertificate } from "../../src/shared/testing/certificate.ts";

export interface SmtpLogin {
  readonly username: string;
  readonly password: string;
}

/** Where a behaviour sets in: after AUTH, MAIL, RCPT, or the final dot. */
export type SmtpStep = "auth" | "mail" | "rcpt" | "data";

export interface SmtpBehaviour {
  readonly at: SmtpStep;
  /** Answers this in place of a yes. */
  readonly fail?: { readonly code: number; readonly text: string };
  /** Answers so much later. */
  readonly delayMs?: number;
  /** Takes what it was given, and hangs up without an answer. */
  readonly drop?: true;
  /** Of mails to this address only, from RCPT on. */
  readonly to?: string;
  /** So many times; always unless set. */
  readonly times?: number;
}

export interface SmtpMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, with the dots taken out again. */
  readonly raw: Buffer;
  readonly ehlo: string;
  readonly isSecure: boolean;
}

export interface SmtpDouble {
  readonly host: string;
  readonly port: number;
  readonly security: "tls" | "starttls";
  /** Mails that were taken, whatever was answered then. */
  readonly received: readonly SmtpMail[];
  /** Sessions that came inside TLS, and those that did not. */
  readonly logins: { ok: number; refused: number; inTheClear: number };
  control(behaviour: SmtpBehaviour | null): void;
  close(): Promise<void>;
}

const HOST = "localhost";
/** One for all doubles of a process. */
export const smtpCertificate = await makeCertificate([HOST]);

export async function startSmtpDouble(
  login: SmtpLogin,
  security: "tls" | "starttls" = "tls",
  options: SMTPServerOptions = {},
): Promise<SmtpDouble> {
  const received: SmtpMail[] = [];
  const logins = { ok: 0, refused: 0, inTheClear: 0 };
  let behaviours: (SmtpBehaviour & { left: number })[] = [];

  type Done = (error?: Error | null) => void;
  const server = new SMTPServer({
    key: smtpCertificate.keyPem,
    cert: smtpCertificate.pem,
    secure: security === "tls",
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    ...options,
    onAuth({ username, password }, session, done) {
      if (!session.secure) logins.inTheClear += 1;
      const isRight = username === login.username && password === login.password;
      logins[isRight ? "ok" : "refused"] += 1;
      const answer: Done = (error) => done(error, error ? undefined : { user: username });
      if (isRight) act("auth", [], session.id, answer);
      else answer(failure({ code: 535, text: "5.7.8 Authentication credentials invalid" }));
    },
    onMailFrom: (_, session, done) => act("mail", [], session.id, done),
    onRcptTo: ({ address }, session, done) => act("rcpt", [address], session.id, done),
    onData(stream, { id, envelope, secure, openingCommand, hostNameAppearsAs }, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("end", () => {
        const to = envelope.rcptTo.map(({ address }) => address);
        const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
        const ehlo = `${openingCommand} ${hostNameAppearsAs}`;
        received.push({ from, to, raw: Buffer.concat(chunks), ehlo, isSecure: secure });
        act("data", to, id, done);
      });
    },
  });
  // A client that hangs up half way is what some tests are about.
  server.on("error", () => undefined);

  function act(at: SmtpStep, to: readonly string[], session: string, done: Done): void {
    const found = behaviours.find((b) => b.at === at && b.left > 0 && (b.to === undefined || to.includes(b.to)));
    if (!found) {
      done();
      return;
    }
    found.left -= 1;
    if (found.drop)
      for (const connection of server.connections) if (connection.session.id === session) connection._socket.destroy();
    setTimeout(() => done(found.fail ? failure(found.fail) : null), found.delayMs ?? 0);
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return {
    host: HOST,
    port: (server.server.address() as AddressInfo).port,
    security,
    received,
    logins,
    control(behaviour) {
      behaviours = behaviour === null ? [] : [{ ...behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY }, ...behaviours];
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function failure({ code, text }: { readonly code: number; readonly text: string }): Error {
  return Object.assign(new Error(text), { responseCode: code });
}
