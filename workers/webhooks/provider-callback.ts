/** `POST /hooks/{channel}/{provider}/{connection}`; GET too, where a provider asks whether the URL is ours. */
import { Fault } from "../../src/shared/core/faults.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { takeCallback } from "../../src/shared/verbs/take-callback.ts";
import { readBytes } from "../read-bytes.ts";

const PATH = /^\/hooks\/([a-z]{1,20})\/([a-z0-9_-]{1,50})\/(con_[0-9A-Z]{26})$/;
const MAX_BYTES = 1_048_576;
/** No page is made of what a provider asks to have said back. */
const INERT = { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", "cache-control": "no-store" };

export async function providerCallback(
  deps: Deps,
  request: Request,
  url: URL,
  about: Record<string, unknown>,
): Promise<Response> {
  const [, channel, provider, connectionId] = PATH.exec(url.pathname) ?? [];
  about.route = "hooks";
  if (channel === undefined || provider === undefined || connectionId === undefined) throw new Fault("not_found");
  Object.assign(about, { channel, provider, connection_id: connectionId });
  if (request.method !== "POST" && request.method !== "GET") {
    throw new Fault("method_not_allowed", { headers: { allow: "GET, POST" } });
  }
  const body = await readBytes(request, MAX_BYTES);
  const seen = asProviderSawIt(deps.publicUrl, url);
  const taken = await takeCallback(
    deps,
    { channel, provider, connectionId },
    { method: request.method, url: seen, headers: request.headers, body },
  );
  switch (taken.kind) {
    case "unknown":
      throw new Fault("not_found");
    case "forged":
      about.forged = taken.reason;
      throw new Fault("callback_forged", { headers: { "www-authenticate": 'Signature realm="carillon"' } });
    case "answered":
      return new Response(taken.body, { headers: INERT });
    case "taken":
      Object.assign(about, { tenant_id: taken.tenantId, signals: taken.signals });
      return new Response(null, { headers: INERT });
  }
}

/** Providers sign the address that they were given, whatever stands between them and us. */
function asProviderSawIt(publicUrl: string, { pathname, search, href }: URL): URL {
  return new URL(publicUrl === "" ? href : `${publicUrl}${pathname}${search}`);
}
