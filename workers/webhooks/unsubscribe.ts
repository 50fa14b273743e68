/**
 * `/t/u/{token}`: POST unsubscribes at once, as mail programs do it by one click (RFC 8058); GET shows a page with a button
 * and changes nothing, since scanners and previews follow links.
 */
import { Fault } from "../../src/shared/core/faults.ts";
import { shownAddress } from "../../src/shared/core/unsubscribe.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { openUnsubscribe, unsubscribe } from "../../src/shared/verbs/unsubscribe.ts";

const MAX_TOKEN_CHARS = 1000;
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-robots-tag": "noindex",
  "cache-control": "no-store, private",
};

export async function unsubscribeVisit(
  deps: Deps,
  request: Request,
  token: string,
  about: Record<string, unknown>,
): Promise<Response> {
  about.route = "unsubscribe";
  const { method } = request;
  if (method !== "GET" && method !== "HEAD" && method !== "POST") {
    throw new Fault("method_not_allowed", { headers: { allow: "GET, HEAD, POST" } });
  }
  const leaving = token.length > MAX_TOKEN_CHARS ? null : await openUnsubscribe(deps, token);
  if (leaving === null) return page("This link is not valid", "It may have been cut off. Open it from the mail again.", "", 404);
  Object.assign(about, { tenant_id: leaving.tenantId, message_id: leaving.messageId });
  const address = `<b>${escaped(shownAddress(leaving.destination))}</b>`;
  if (method !== "POST") {
    const button = '<form method="post"><button>Unsubscribe</button></form>';
    return page("Unsubscribe", `Shall no more of these mails go to ${address}?`, button);
  }
  await unsubscribe(deps, leaving);
  return page("You are unsubscribed", `No more of these mails will go to ${address}.`, "");
}

function page(title: string, text: string, form: string, status = 200): Response {
  return new Response(
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
      `<title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1><p>${text}</p>${form}</main></body></html>`,
    { status, headers: HEADERS },
  );
}

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;margin:0;display:grid;place-items:center;min-height:100vh;background:Canvas;color:CanvasText}" +
  "main{max-width:26rem;padding:2rem;text-align:center}h1{font-size:1.4rem}" +
  "button{font:inherit;padding:.6rem 1.6rem;border:0;border-radius:.4rem;background:#1f4fd8;color:#fff;cursor:pointer}";

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
