/** Bodies, for every door that takes one. */
import { Fault } from "../src/shared/core/faults.ts";

/** The raw bytes, at most `maxBytes` of them: a longer body is refused as soon as it is known to be longer. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return new Uint8Array();
  if (declared > 0) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength > maxBytes) throw tooLarge(maxBytes);
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

export function tooLarge(maxBytes: number): Fault {
  return new Fault("body_too_large", { detail: `This endpoint takes at most ${maxBytes} bytes.` });
}

/** The body as text in the pieces that it comes in; refused where it turns out to be longer than `maxBytes`. */
export async function* textOf(request: Request, maxBytes: number): AsyncGenerator<string> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  if (!request.body) return;
  const decoder = new TextDecoder();
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}
