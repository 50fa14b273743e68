/** The setting that all http providers share. */
import { z } from "zod";

/** `endpoint` of a connection: a base URL in place of the provider's own. core/endpoint.ts says which are allowed. */
export const endpoint = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .meta({ title: "Endpoint", description: "Another base URL, such as that of a proxy or a test double." });

/** The URL of `path` under a base URL, which may end in a slash or not. */
export function under(base: string, path: string): string {
  return base.replace(/\/+$/, "") + path;
}
