/** The files of a message: checked when it is accepted, read when it is sent. */
import { MAX_ATTACHMENTS, MAX_MESSAGE_ATTACHMENT_BYTES } from "../core/attachment.ts";
import type { Flaw } from "../core/faults.ts";
import { Lru } from "../core/lru.ts";
import type { AttachedFile, LinkedFile } from "../core/message.ts";
import { attachmentKey } from "../core/placement.ts";
import { attachmentsOf } from "../db/control/attachments.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";
import { signFileLink } from "./file-links.ts";

/** Base64 of files by their R2 key: the messages of one request carry the same ones. Bytes under a key never change. */
const encoded = new Lru<string>({ maxEntries: 50, maxWeight: 16 * 1024 * 1024 });

/** What is wrong with `attachments` of a send: every file that is missing, too many, too large together. */
export async function checkAttachments(
  deps: Pick<Deps, "control">,
  scope: ProjectScope,
  ids: readonly string[],
): Promise<Flaw[]> {
  if (ids.length > MAX_ATTACHMENTS) return [{ path: "attachments", message: `At most ${MAX_ATTACHMENTS} files.` }];
  if (ids.length === 0) return [];
  const rows = new Map((await attachmentsOf(deps.control, scope).some(ids)).map((row) => [row.id, row]));
  const flaws = ids.flatMap((id, i): Flaw[] => {
    if (!rows.has(id)) return [{ path: `attachments[${i}]`, message: "There is no such attachment." }];
    return ids.indexOf(id) < i ? [{ path: `attachments[${i}]`, message: "It is attached already." }] : [];
  });
  const total = [...rows.values()].reduce((sum, row) => sum + row.sizeBytes, 0);
  if (total > MAX_MESSAGE_ATTACHMENT_BYTES) {
    flaws.push({ path: "attachments", message: `Together they have ${total} bytes; ${MAX_MESSAGE_ATTACHMENT_BYTES} are taken.` });
  }
  return flaws;
}

/** In the order of `ids`. Throws where one is gone: a message never goes out without a file that it should carry. */
export async function loadAttachments(
  deps: Pick<Deps, "control" | "files">,
  scope: ProjectScope,
  ids: readonly string[],
): Promise<AttachedFile[]> {
  const rows = new Map((await attachmentsOf(deps.control, scope).some(ids)).map((row) => [row.id, row]));
  return Promise.all(
    ids.map(async (id) => {
      const row = rows.get(id);
      if (!row) throw new Error(`the attachment ${id} is gone`);
      return {
        filename: row.filename,
        contentType: row.contentType,
        contentBase64: await base64Of(deps.files, attachmentKey(scope.tenantId, id)),
      };
    }),
  );
}

/** A day: WhatsApp and Twilio fetch a file when they send it, which may be a while after they took it. */
const LINK_MS = 24 * 3_600_000;

/** Links to the files for a provider that fetches them, in the order of `ids`. Throws where one is gone. */
export async function linkAttachments(
  deps: Pick<Deps, "control" | "linkSecret" | "now" | "publicUrl">,
  scope: ProjectScope,
  ids: readonly string[],
): Promise<LinkedFile[]> {
  const rows = new Map((await attachmentsOf(deps.control, scope).some(ids)).map((row) => [row.id, row]));
  return Promise.all(
    ids.map(async (id) => {
      const row = rows.get(id);
      if (!row) throw new Error(`the attachment ${id} is gone`);
      const { token } = await signFileLink(deps, row, { lastsMs: LINK_MS, isTyped: true });
      const { filename, contentType, sizeBytes } = row;
      return { filename, contentType, sizeBytes, url: `${deps.publicUrl}/files/${token}` };
    }),
  );
}

async function base64Of(files: R2Bucket, key: string): Promise<string> {
  const known = encoded.get(key);
  if (known !== undefined) return known;
  const object = await files.get(key);
  if (!object) throw new Error(`the bytes of ${key} are gone`);
  const base64 = new Uint8Array(await object.arrayBuffer()).toBase64();
  encoded.set(key, base64, base64.length);
  return base64;
}
