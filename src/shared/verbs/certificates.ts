/** Certificates of SNS, by the URL that `read` of its callbacks has checked. */
import { Lru } from "../core/lru.ts";
import type { Deps } from "./deps.ts";

const TIMEOUT_MS = 5_000;
/** SNS changes its certificate every year, under another URL. */
const cache = new Lru<string>({ maxEntries: 100, maxWeight: 1_000_000 });

/** The PEM at this URL; where the deployment has a double of SNS, at the same path of that one. Throws where it cannot be had. */
export async function certificateAt(deps: Pick<Deps, "carrier" | "snsOrigin">, url: string): Promise<string> {
  const known = cache.get(url);
  if (known !== undefined) return known;
  const from = deps.snsOrigin === "" ? url : `${deps.snsOrigin}${new URL(url).pathname}`;
  const answer = await deps.carrier.carry(new Request(from), TIMEOUT_MS);
  if (answer.kind !== "answered") throw new Error(`the certificate could not be fetched: ${answer.reason}`);
  if (answer.status !== 200) throw new Error(`the certificate's server answered ${answer.status}`);
  cache.set(url, answer.body, answer.body.length);
  return answer.body;
}
