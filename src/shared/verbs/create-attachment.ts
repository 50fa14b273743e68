/** Keeps a file: its bytes in R2, what is known about it in D1. */
import { isExecutable, mediaType, safeFilename, startsLikeProgram } from "../core/attachment.ts";
import { Fault, type Flaw } from "../core/faults.ts";
import { newId } from "../core/ids.ts";
import { attachmentKey } from "../core/placement.ts";
import { commit } from "../db/commit.ts";
import { type AttachmentRow, attachmentsOf } from "../db/control/attachments.ts";
import { auditRow } from "../db/control/audit.ts";
import type { Actor, Deps } from "./deps.ts";

export interface NewAttachment {
  readonly filename: string | null;
  readonly contentType: string;
  readonly body: ReadableStream<Uint8Array>;
  /** What `body` will bring: R2 takes no stream of unknown length. */
  readonly sizeBytes: number;
}

/** The object first: a row never names bytes that are not there. An object without a row is deleted again. */
export async function createAttachment(
  deps: Pick<Deps, "control" | "files" | "now" | "random">,
  actor: Actor,
  input: NewAttachment,
): Promise<AttachmentRow> {
  const { filename, contentType } = checked(input);
  const now = deps.now();
  const id = newId("att", now, deps.random);
  const key = attachmentKey(actor.tenantId, id);
  const sha256 = await store(deps.files, key, input);
  const known = { id, filename, contentType, sizeBytes: input.sizeBytes, sha256, createdAt: now };
  try {
    await commit(deps.control, [
      attachmentsOf(deps.control, actor).insert(known),
      auditRow(deps.control, actor, {
        id: newId("aud", now, deps.random),
        at: now,
        action: "attachment.created",
        target: id,
        details: { filename, content_type: contentType, size_bytes: input.sizeBytes },
      }),
    ]);
  } catch (error) {
    await deps.files.delete(key);
    throw error;
  }
  return { ...known, tenantId: actor.tenantId, projectId: actor.projectId };
}

function checked(input: NewAttachment): { filename: string; contentType: string } {
  const flaws: Flaw[] = [];
  const filename = safeFilename(input.filename ?? "");
  if (filename === "")
    flaws.push({ path: "filename", message: "Give the file's name, as `?filename=` or in Content-Disposition." });
  const contentType = mediaType(input.contentType);
  if (contentType === null) flaws.push({ path: "Content-Type", message: "It is not a media type." });
  else if (contentType.startsWith("multipart/")) {
    flaws.push({ path: "Content-Type", message: "Send the bytes of the file themselves, and no form." });
  } else if (isExecutable(filename, contentType))
    flaws.push({ path: "filename", message: "Files that can be run are not taken." });
  if (input.sizeBytes < 1) flaws.push({ path: "", message: "The file is empty." });
  if (contentType === null || flaws.length > 0) throw new Fault("validation_failed", { errors: flaws });
  return { filename, contentType };
}

/** Streams into R2 and hashes on the way; returns the hash in hex. Nothing is kept where it throws. */
async function store(files: R2Bucket, key: string, { body, sizeBytes }: NewAttachment): Promise<string> {
  const reader = body.getReader();
  const head = await readHead(reader);
  if (startsLikeProgram(head)) {
    await reader.cancel();
    throw new Fault("validation_failed", { errors: [{ path: "", message: "Files that can be run are not taken." }] });
  }
  const digest = new crypto.DigestStream("SHA-256");
  const hasher = digest.getWriter();
  const sized = new FixedLengthStream(sizeBytes);
  const sink = sized.writable.getWriter();
  const [pumping, putting, hashing] = await Promise.allSettled([
    pump(reader, head, sizeBytes, [hasher, sink]),
    files.put(key, sized.readable),
    digest.digest,
  ]);
  if (pumping.status === "fulfilled" && putting.status === "fulfilled" && hashing.status === "fulfilled") {
    return new Uint8Array(hashing.value).toHex();
  }
  if (putting.status === "fulfilled") await files.delete(key);
  // The pump tells the others to give up, so where it failed the reason is its own.
  throw [pumping, putting, hashing].find((part) => part.status === "rejected")?.reason;
}

/** The first chunks, until they are enough to know a program by. */
async function readHead(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array> {
  let head = new Uint8Array();
  while (head.byteLength < 4) {
    const { value, done } = await reader.read();
    if (done) break;
    const longer = new Uint8Array(head.byteLength + value.byteLength);
    longer.set(head);
    longer.set(value, head.byteLength);
    head = longer;
  }
  return head;
}

type Sinks = readonly WritableStreamDefaultWriter<Uint8Array>[];

/** Everything into every sink; a body of another length than it said is refused, and its sinks are told to forget it. */
async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  head: Uint8Array,
  sizeBytes: number,
  sinks: Sinks,
): Promise<void> {
  let seen = 0;
  try {
    for (let chunk: Uint8Array | undefined = head; chunk !== undefined; chunk = (await reader.read()).value) {
      seen += chunk.byteLength;
      if (seen > sizeBytes) break;
      for (const sink of sinks) await sink.write(chunk);
    }
    if (seen !== sizeBytes) throw new Fault("bad_request", { detail: "The body is not as long as its Content-Length says." });
    await Promise.all(sinks.map((sink) => sink.close()));
  } catch (error) {
    await Promise.allSettled([reader.cancel(), ...sinks.map((sink) => sink.abort(error))]);
    throw error;
  }
}
