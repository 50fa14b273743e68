/**
 * What the api Worker asks the webhooks Worker to do, since only that one opens the keys that sign callbacks. Reached over
 * RPC, so arguments and results are plain data. Made by verbs/postman.ts.
 */
import type { CallbackAttempt } from "../core/callback.ts";
import type { ProjectScope } from "../db/scope.ts";

/** An endpoint by its id, or an address of no endpoint, signed as a `callback_url`. */
export type TestTarget = { readonly endpointId: string } | { readonly url: string };

export type TestPost =
  | {
      readonly kind: "posted";
      readonly id: string;
      readonly url: string;
      readonly body: string;
      readonly isAccepted: boolean;
      readonly attempt: CallbackAttempt;
    }
  | { readonly kind: "refused"; readonly reason: "not_found" | "no_secret" | "address_refused" };

export interface Postman {
  /** Posts a test event now, once, also where the endpoint is disabled. Nothing is kept of it. */
  postTest(scope: ProjectScope, target: TestTarget): Promise<TestPost>;
  /** An endpoint or a project's callback keys changed: forget what was read of it. */
  endpointChanged(tenantId: string, endpointId: string): Promise<void>;
}
