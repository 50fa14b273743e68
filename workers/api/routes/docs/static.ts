/** Text that is made once an isolate and cached by whoever asked for it. */
import { sha256Hex } from "../../../../src/shared/verbs/authenticate.ts";

const CACHE = "public, max-age=300";

export interface StaticText {
  readonly text: string;
  readonly etag: string;
}

export async function staticText(text: string): Promise<StaticText> {
  return { text, etag: `"${(await sha256Hex(text)).slice(0, 32)}"` };
}

/** 304 where the caller has this very text already. */
export function answerText(request: Request, { text, etag }: StaticText, headers: Readonly<Record<string, string>>): Response {
  const known = (request.headers.get("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  const all = { etag, "cache-control": CACHE, "x-content-type-options": "nosniff", ...headers };
  return known.includes(etag) ? new Response(null, { status: 304, headers: all }) : new Response(text, { headers: all });
}
