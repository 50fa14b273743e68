/**
 * Open pixels and click links: what stands in them, where they are put, and whose visits count. A link carries all that its
 * answer needs, signed, so that a click is answered without a look-up, and nobody can make one that leads elsewhere. Pure.
 */
import { Parser } from "htmlparser2";
import { encode32, parseAttemptId } from "./ids.ts";

export interface Tracking {
  readonly opens: boolean;
  readonly clicks: boolean;
}
export const NO_TRACKING: Tracking = { opens: false, clicks: false };

/** What a tracked thing belongs to. */
export interface TrackedPlace {
  readonly tenantId: string;
  readonly messageId: string;
  readonly delivery: number;
}

/** `ten_…` and `msg_…` without their prefixes, and the delivery: 54 characters. */
export function placeText({ tenantId, messageId, delivery }: TrackedPlace): string {
  return `${tenantId.slice(4)}${messageId.slice(4)}${encode32(delivery, 2)}`;
}

/** The inverse; null for anything that is not one. */
export function parsePlace(text: string): TrackedPlace | null {
  const match = /^([0-9A-HJKMNP-TV-Z]{26})([0-9A-HJKMNP-TV-Z]{28})$/.exec(text);
  const [, tenant, rest] = match ?? [];
  if (tenant === undefined || rest === undefined) return null;
  const place = parseAttemptId(`att_${rest}00`);
  return place === null ? null : { tenantId: `ten_${tenant}`, messageId: place.messageId, delivery: place.delivery };
}

/** What is signed: the kind keeps a pixel's signature from being taken for a link's. */
export function signedText(kind: "o" | "c", place: string, url: string): string {
  return `${kind}.${place}.${url}`;
}

/** Most links of one mail that are tracked; those behind stay as they are. */
const MOST_LINKS = 200;

/** Targets of the links of an HTML mail that may be tracked, each once, in their order. Those with `data-track="off"` are left. */
export function linksOf(html: string): string[] {
  const found = new Set<string>();
  for (const { url } of hrefs(html)) if (found.size < MOST_LINKS) found.add(url);
  return [...found];
}

interface Href {
  /** Of the value between its quotes, in the HTML. */
  readonly from: number;
  readonly to: number;
  /** Entities resolved. */
  readonly url: string;
}

const MAX_DEPTH = 256;

/** Every `href` of an `a` that leads to the web, where its value stands in the text as quoted. */
function hrefs(html: string): Href[] {
  const found: Href[] = [];
  let depth = 0;
  const parser = new Parser({
    onclosetag() {
      depth -= 1;
    },
    onopentag(name, attributes) {
      // The parser takes quadratic time in the depth of its tags: what lies deeper than any mail is not tracked.
      depth += 1;
      if (depth > MAX_DEPTH) parser.pause();
      const url = attributes.href?.trim() ?? "";
      if (name !== "a" || attributes["data-track"] === "off" || !/^https?:\/\/[^\s]+$/i.test(url)) return;
      const tag = html.slice(parser.startIndex, (parser.endIndex ?? parser.startIndex) + 1);
      const value = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)')/i.exec(tag);
      const raw = value?.[1] ?? value?.[2];
      if (value === null || raw === undefined) return;
      const from = parser.startIndex + value.index + value[0].length - 1 - raw.length;
      found.push({ from, to: from + raw.length, url });
    },
  });
  parser.write(html);
  parser.end();
  return found;
}

/** The mail with tracked links for those in `links` (target → link), and a pixel at its end where there is one. */
export function withTracking(html: string, links: ReadonlyMap<string, string>, pixelUrl: string | null): string {
  let out = "";
  let at = 0;
  for (const { from, to, url } of links.size === 0 ? [] : hrefs(html)) {
    const link = links.get(url);
    if (link === undefined) continue;
    out += html.slice(at, from) + link.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("'", "&#39;");
    at = to;
  }
  out += html.slice(at);
  if (pixelUrl === null) return out;
  const pixel = `<img src="${pixelUrl}" width="1" height="1" alt="" style="display:block;border:0;width:1px;height:1px">`;
  const end = out.search(/<\/body\s*>(?![\s\S]*<\/body\s*>)/i);
  return end < 0 ? out + pixel : out.slice(0, end) + pixel + out.slice(end);
}

/** What a visit tells of who makes it. */
export interface Visit {
  readonly method: string;
  readonly userAgent: string;
  /** `Sec-Purpose`, `Purpose` or `X-Moz`. */
  readonly purpose: string;
  /** Since the message was accepted, milliseconds. */
  readonly ageMs: number;
}

const ROBOTS =
  /bot\b|crawl|spider|slurp|scan|barracuda|proofpoint|mimecast|safelinks|fireeye|symantec|forcepoint|trendmicro|mcafee|ironport|cloudmark|urldefense|headless|python-requests|python-urllib|\bcurl\/|\bwget\/|go-http-client|okhttp|java\/|libwww|axios\/|node-fetch|facebookexternalhit|whatsapp\/|telegrambot|slackbot|discordbot|twitterbot|linkedinbot|skypeuripreview|preview/i;
/** Security gateways follow links as soon as a mail comes in; people read first. */
const TOO_SOON_MS = 2000;

/**
 * Whether a machine made this visit. The rules, in their order: another method than GET; a prefetch by its own header; a
 * client that names itself a robot, a scanner, a preview or a library; no name at all; and a click sooner than two
 * seconds after the message was accepted. Mail proxies that load pictures for a reader (Gmail's, Apple's) are not told
 * apart from readers: an open says that the mail was shown or fetched for being shown.
 */
export function isMachine(visit: Visit, kind: "open" | "click"): boolean {
  if (visit.method !== "GET") return true;
  if (/prefetch|preview|prerender/i.test(visit.purpose)) return true;
  if (visit.userAgent.trim() === "" || ROBOTS.test(visit.userAgent)) return true;
  return kind === "click" && visit.ageMs < TOO_SOON_MS;
}
