import { z } from "zod";
import { docsPage } from "../../docs/page.ts";
import { SCRIPT } from "../../docs/script.ts";
import { STYLE } from "../../docs/style.ts";
import { openApiDocument } from "../../openapi/document.ts";
import { type Route, route } from "../../route.ts";
import { answerText, type StaticText, staticText } from "./static.ts";

/** One page an origin: a deployment has one or two. */
const PAGES_LIMIT = 4;

/** `routes` is asked at the first call, because this route stands in the table itself. */
export function docsRoute(routes: () => readonly Route[]): Route {
  const pages = new Map<string, Promise<StaticText>>();
  let policy: Promise<string> | undefined;
  return route({
    method: "GET",
    path: "/docs",
    operationId: "getDocs",
    tag: "docs",
    summary: "This documentation, as a page to read",
    auth: "public",
    responses: {
      200: { description: "The page.", body: z.string(), mediaType: "text/html", headers: { ETag: "Changes with the page." } },
      304: { description: "The page is the one named in `If-None-Match`.", body: null },
    },
    handle: async ({ request, deps }) => {
      const origin = deps.publicUrl === "" ? new URL(request.url).origin : deps.publicUrl;
      const page = pages.get(origin) ?? staticText(docsPage(openApiDocument(routes()), origin));
      if (pages.size >= PAGES_LIMIT && !pages.has(origin)) pages.clear();
      pages.set(origin, page);
      policy ??= contentPolicy();
      return answerText(request, await page, {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": await policy,
        "referrer-policy": "no-referrer",
      });
    },
  });
}

/** Only the page's own style and script run: they are named by their hashes. */
async function contentPolicy(): Promise<string> {
  const [style, script] = await Promise.all([STYLE, SCRIPT].map(sha256Base64));
  return `default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

async function sha256Base64(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toBase64();
}
