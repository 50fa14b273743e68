/** `/t/o/…` and `/t/c/…`: answered at once, and recorded after. */
import { waitUntil } from "cloudflare:workers";
import { parseMessageId } from "../../src/shared/core/ids.ts";
import { hash32 } from "../../src/shared/core/placement.ts";
import { isMachine, type TrackedPlace } from "../../src/shared/core/tracking.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { openTracked } from "../../src/shared/verbs/track.ts";

/** A transparent GIF of one pixel. */
const PIXEL = Uint8Array.from(atob("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"), (c) => c.charCodeAt(0));
const PRIVATE = { "cache-control": "no-store, private", "referrer-policy": "no-referrer", "x-robots-tag": "noindex" };
/** Visits of one kind within this are one. */
const ONE_VISIT_MS = 10_000;

/** The pixel, whatever the token: a mail must not show a broken picture. */
export async function openVisit(deps: Deps, request: Request, token: string): Promise<Response> {
  const place = await openTracked(deps, "o", token, "");
  if (place !== null) recordVisit(deps, request, place, "open", "");
  return new Response(PIXEL, { headers: { ...PRIVATE, "content-type": "image/gif" } });
}

/** Onwards to where the link leads; nowhere for a link that is not ours, or was changed. */
export async function clickVisit(deps: Deps, request: Request, token: string, target: string): Promise<Response> {
  const place = await openTracked(deps, "c", token, target);
  if (place === null)
    return new Response("This link is not valid.", { status: 404, headers: { ...PRIVATE, "content-type": "text/plain" } });
  recordVisit(deps, request, place, "click", target);
  return new Response(null, { status: 302, headers: { ...PRIVATE, location: target } });
}

function recordVisit(deps: Deps, request: Request, place: TrackedPlace, kind: "open" | "click", target: string): void {
  const where = parseMessageId(place.messageId);
  if (where === null) return;
  const at = deps.now();
  const header = (name: string) => request.headers.get(name) ?? "";
  const purpose = [header("sec-purpose"), header("purpose"), header("x-moz")].join(" ");
  const visit = { method: request.method, userAgent: header("user-agent"), purpose, ageMs: at - where.at };
  if (isMachine(visit, kind)) return;
  const type = kind === "open" ? "opened" : "clicked";
  const key = `${type}:${place.delivery}:${kind === "click" ? `${hash32(target).toString(36)}:` : ""}${Math.floor(at / ONE_VISIT_MS)}`;
  const signal = {
    message_id: place.messageId,
    key,
    type,
    at,
    delivery: place.delivery,
    ...(kind === "click" ? { reason: target.slice(0, 500) } : {}),
  } as const;
  waitUntil(
    deps.ringer.signal(place.tenantId, where.dbShard, [signal]).catch((error: unknown) => {
      deps.log({ level: "warn", event: "visit_not_recorded", message_id: place.messageId, error: String(error) });
    }),
  );
}
