import { z } from "zod";
import { PAGE } from "../../pages/sandbox/page.ts";
import { SCRIPT } from "../../pages/sandbox/script.ts";
import { route } from "../../route.ts";
import { answerText, type StaticText, staticText } from "../docs/static.ts";

let page: Promise<StaticText> | undefined;
let policy: Promise<string> | undefined;

export const sandboxPageRoute = route({
  method: "GET",
  path: "/sandbox",
  operationId: "getSandboxPage",
  tag: "sandbox",
  summary: "A page that shows what the sandbox caught",
  description: "It asks for an API key, or takes one from the fragment: `/sandbox#key=ck_test_…`. The key stays in the tab.",
  auth: "public",
  responses: {
    200: { description: "The page.", body: z.string(), mediaType: "text/html" },
    304: { description: "The page is the one named in `If-None-Match`.", body: null },
  },
  handle: async ({ request }) => {
    page ??= staticText(PAGE);
    policy ??= contentPolicy();
    return answerText(request, await page, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": await policy,
      "referrer-policy": "no-referrer",
    });
  },
});

/**
 * The frame that shows an email inherits this policy: emails style themselves inline and load pictures from
 * anywhere, so those two are open, and nothing else is. The one script is named by its hash.
 */
async function contentPolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(SCRIPT));
  const script = new Uint8Array(digest).toBase64();
  return `default-src 'none'; script-src 'sha256-${script}'; style-src 'unsafe-inline'; img-src data: http: https:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
