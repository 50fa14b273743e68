/** An SMTP server that says what a test makes it say, byte by byte: for everything that no honest server does. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import type { Act } from "../../src/shared/testing/smtp-wire.ts";
import { smtpCertificate } from "./smtp.ts";

export interface Scripted {
  readonly host: string;
  readonly port: number;
  /** Every line that came, and `<TLS>` where it began; a message is one entry. */
  readonly heard: readonly string[];
  close(): Promise<void>;
}

/** `answer`: to a line, to `""` when the connection is there, to `.` at the end of a message. */
export async function startScripted(security: "tls" | "starttls", answer: (line: string) => Act): Promise<Scripted> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const { pem: cert, keyPem: key } = smtpCertificate;

  function serve(socket: Socket, isFresh: boolean): void {
    sockets.add(socket);
    socket.on("error", () => undefined); // whoever called may hang up
    let unread = "";
    let isData = false;
    const act = (line: string): void => {
      const what = answer(line);
      if (what === "drop") socket.destroy();
      else if (what !== "silent") socket.write(what);
      isData = line === "DATA" && what.startsWith("354");
      if (line === "STARTTLS" && what.startsWith("220")) upgrade(socket);
    };
    const read = (chunk: Buffer): void => {
      unread += chunk.toString("latin1");
      for (;;) {
        const end = isData ? "\r\n.\r\n" : "\r\n";
        const at = unread.indexOf(end);
        if (at < 0) return;
        const text = unread.slice(0, at);
        unread = unread.slice(at + end.length);
        heard.push(text);
        act(isData ? "." : text);
      }
    };
    socket.on("data", read);
    if (isFresh) act("");
  }
  function upgrade(socket: Socket): void {
    socket.removeAllListeners("data");
    const secure = new TLSSocket(socket, { isServer: true, cert, key });
    secure.once("secure", () => heard.push("<TLS>"));
    serve(secure, false);
  }

  const server =
    security === "tls"
      ? createTlsServer({ cert, key }, (socket) => serve(socket, true))
      : createServer((socket) => serve(socket, true));
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    host: "localhost",
    port: (server.address() as AddressInfo).port,
    heard,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
