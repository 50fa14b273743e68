/** The webhooks Worker's answers to the api Worker (ports/postman.ts), made from its own dependencies. */
import { attemptOf, callbackId, isAccepted } from "../core/callback.ts";
import { bodyOf, TEST_EVENT } from "../core/customer-event.ts";
import { random32 } from "../core/ids.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Postman, TestPost, TestTarget } from "../ports/postman.ts";
import { type Addressee, addresseeOf, forgetAddressee, signersOf } from "./addressees.ts";
import type { Deps } from "./deps.ts";
import { addressFlaw, postOnce } from "./post-once.ts";

type PostmanDeps = Pick<Deps, "control" | "now" | "random" | "unsealer" | "carrier" | "allowPrivateEndpoints">;

export function makePostman(deps: PostmanDeps): Postman {
  return {
    postTest: (scope, target) => testPost(deps, scope, target),
    async endpointChanged(tenantId, endpointId) {
      forgetAddressee(tenantId, endpointId);
    },
  };
}

async function testPost(deps: PostmanDeps, scope: ProjectScope, target: TestTarget): Promise<TestPost> {
  const to = await targetOf(deps, scope, target);
  if (to === null) return { kind: "refused", reason: "not_found" };
  const { addressee, url } = to;
  if (addressFlaw(url, deps.allowPrivateEndpoints) !== null) return { kind: "refused", reason: "address_refused" };
  const signers = await signersOf(deps, addressee);
  if (signers.length === 0) return { kind: "refused", reason: "no_secret" };
  const startedAt = deps.now();
  const id = callbackId(startedAt, 0, random32(deps.random, 26));
  const data = { project_id: scope.projectId, webhook_id: addressee.url === null ? null : addressee.id };
  const body = bodyOf({ id, type: TEST_EVENT, at: startedAt }, data, []);
  const answer = await postOnce(deps, signers, { url, id, body });
  return { kind: "posted", id, url, body, isAccepted: isAccepted(answer), attempt: attemptOf(answer, startedAt, deps.now()) };
}

/** Read anew: whoever tests has often just changed something. */
async function targetOf(
  deps: PostmanDeps,
  { tenantId, projectId }: ProjectScope,
  target: TestTarget,
): Promise<{ readonly addressee: Addressee; readonly url: string } | null> {
  const id = "url" in target ? projectId : target.endpointId;
  forgetAddressee(tenantId, id);
  const addressee = await addresseeOf(deps, tenantId, id);
  if (addressee?.projectId !== projectId) return null;
  const url = "url" in target ? target.url : addressee.url;
  return url === null ? null : { addressee, url };
}
