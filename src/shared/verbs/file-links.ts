/** Links to files that work without a key for a while: a JWT (HS256) that names the file and when it ends. */
import { errors, jwtVerify, SignJWT } from "jose";
import { Fault } from "../core/faults.ts";
import { attachmentKey } from "../core/placement.ts";
import { type AttachmentRow, attachmentsOf } from "../db/control/attachments.ts";
import type { Deps } from "./deps.ts";

const LINK_MS = 15 * 60_000;
/** The same secret signs other links: the audience keeps one kind from being taken for another. */
const AUDIENCE = "files";

function keyOf({ linkSecret }: Pick<Deps, "linkSecret">): Uint8Array {
  if (linkSecret.length < 32) throw new Error("LINK_SECRET is missing, or shorter than 32 characters");
  return new TextEncoder().encode(linkSecret);
}

export interface LinkOptions {
  readonly lastsMs?: number;
  /** The file is served as what it is, for a provider that goes by that. */
  readonly isTyped?: boolean;
}

/** The token of `/files/{token}`, and when it expires. */
export async function signFileLink(
  deps: Pick<Deps, "linkSecret" | "now">,
  file: Pick<AttachmentRow, "tenantId" | "projectId" | "id">,
  { lastsMs = LINK_MS, isTyped = false }: LinkOptions = {},
): Promise<{ token: string; expiresAt: number }> {
  const expiresAt = Math.floor((deps.now() + lastsMs) / 1000) * 1000;
  const token = await new SignJWT({ prj: file.projectId, ...(isTyped && { typed: true }) })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer(file.tenantId)
    .setSubject(file.id)
    .setAudience(AUDIENCE)
    .setExpirationTime(expiresAt / 1000)
    .sign(keyOf(deps));
  return { token, expiresAt };
}

/** The file behind a token. A token that is not ours, or has expired, and a file that is gone are `not_found`. */
export async function openFileLink(
  deps: Pick<Deps, "control" | "files" | "linkSecret" | "now">,
  token: string,
): Promise<{ row: AttachmentRow; body: ReadableStream; isTyped: boolean }> {
  const { tenantId, projectId, id, isTyped } = await readToken(deps, token);
  const row = await attachmentsOf(deps.control, { tenantId, projectId }).get(id);
  const object = row && (await deps.files.get(attachmentKey(tenantId, id)));
  if (!row || !object) throw new Fault("not_found", { detail: "The file is gone." });
  return { row, body: object.body, isTyped };
}

async function readToken(
  deps: Pick<Deps, "linkSecret" | "now">,
  token: string,
): Promise<{ tenantId: string; projectId: string; id: string; isTyped: boolean }> {
  try {
    const { payload } = await jwtVerify(token, keyOf(deps), {
      algorithms: ["HS256"],
      audience: AUDIENCE,
      requiredClaims: ["iss", "sub", "exp", "prj"],
      currentDate: new Date(deps.now()),
    });
    const isTyped = payload.typed === true;
    return { tenantId: String(payload.iss), projectId: String(payload.prj), id: String(payload.sub), isTyped };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new Fault("not_found", { detail: "The link has expired." });
    if (error instanceof errors.JOSEError) throw new Fault("not_found", { detail: "The link is not valid." });
    throw error;
  }
}
