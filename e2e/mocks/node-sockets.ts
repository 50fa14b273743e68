/** Sockets of Node in the shape that Workers have, so that what talks over them can be tested against servers in Node. */
import { connect as connectTcp, type Socket as NodeSocket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Connect } from "../../src/shared/adapters/socket-carrier.ts";

/** `ca`: the one certificate that is trusted. */
export function nodeConnect(ca: string): Connect {
  return ({ hostname, port }, { secureTransport }) => {
    const tls = { ca, servername: hostname };
    if (secureTransport === "on") return socketOf(connectTls({ host: hostname, port, ...tls }), "secureConnect");
    const raw = connectTcp({ host: hostname, port });
    const startTls = () => {
      raw.removeAllListeners("data");
      return socketOf(connectTls({ socket: raw, ...tls }), "secureConnect");
    };
    return socketOf(raw, "connect", startTls);
  };
}

function socketOf(socket: NodeSocket, openEvent: string, startTls?: () => Socket): Socket {
  const closed = new Promise<void>((resolve, reject) => {
    socket.once("close", () => resolve());
    socket.once("error", reject);
  });
  const opened = new Promise<SocketInfo>((resolve, reject) => {
    socket.once(openEvent, () => resolve({}));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("it was closed")));
  });
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      let isOver = false;
      const end = (act: () => void) => {
        if (!isOver) act();
        isOver = true;
      };
      socket.on("data", (chunk) => isOver || controller.enqueue(new Uint8Array(chunk)));
      socket.once("end", () => end(() => controller.close()));
      socket.once("close", () => end(() => controller.close()));
      socket.once("error", (error) => end(() => controller.error(error)));
    },
  });
  const writable = new WritableStream<Uint8Array>({
    write: (chunk) => new Promise((resolve, reject) => socket.write(chunk, (error) => (error ? reject(error) : resolve()))),
  });
  // What this has of a Worker's Socket is what adapters/socket-carrier.ts uses.
  return { readable, writable, opened, closed, startTls, close: async () => void socket.destroy() } as unknown as Socket;
}
