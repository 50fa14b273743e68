/** Makes and reads the tracked links of mails. */
import type { Envelope } from "../core/message.ts";
import { linksOf, parsePlace, placeText, signedText, type TrackedPlace, type Tracking, withTracking } from "../core/tracking.ts";
import type { Deps } from "./deps.ts";
import { isSigned, signLink } from "./link-keys.ts";

type LinkDeps = Pick<Deps, "linkSecret" | "publicUrl">;

const PURPOSE = "tracking";

/** `kind`, place and target are signed together, by the tenant's own key; the token names the place and who signed it. */
async function tokenOf(deps: LinkDeps, kind: "o" | "c", { tenantId }: TrackedPlace, at: string, url: string): Promise<string> {
  const { keyId, mac } = await signLink(deps, { purpose: PURPOSE, tenantId, text: signedText(kind, at, url) });
  return `${at}.${keyId}.${mac}`;
}

/** A mail with what is to be tracked in it; everything else as it is. Nothing is tracked where nobody could visit it. */
export async function tracked(deps: LinkDeps, place: TrackedPlace, envelope: Envelope, tracking: Tracking): Promise<Envelope> {
  if (envelope.channel !== "email" || envelope.html === undefined || deps.publicUrl === "") return envelope;
  if (!tracking.opens && !tracking.clicks) return envelope;
  const at = placeText(place);
  const own = `${deps.publicUrl}/t/`;
  const targets = tracking.clicks ? linksOf(envelope.html).filter((url) => !url.startsWith(own)) : [];
  const links = await Promise.all(
    targets.map(
      async (url) => [url, `${own}c/${await tokenOf(deps, "c", place, at, url)}?u=${encodeURIComponent(url)}`] as const,
    ),
  );
  const pixel = tracking.opens ? `${own}o/${await tokenOf(deps, "o", place, at, "")}.gif` : null;
  return { ...envelope, html: withTracking(envelope.html, new Map(links), pixel) };
}

/** The place that a visited link names; null where the link is not ours, or was changed. Constant in time. */
export async function openTracked(
  deps: Pick<Deps, "linkSecret" | "formerLinkSecrets">,
  kind: "o" | "c",
  token: string,
  url: string,
): Promise<TrackedPlace | null> {
  const [at = "", keyId = "", mac = ""] = token.replace(/\.gif$/, "").split(".");
  const place = parsePlace(at);
  if (place === null) return null;
  const text = signedText(kind, at, kind === "c" ? url : "");
  return (await isSigned(deps, { purpose: PURPOSE, tenantId: place.tenantId, text }, { keyId, mac })) ? place : null;
}
