/** The whole HTTP surface of the API, on one page. */
import type { Route } from "./route.ts";
import { createKeyRoute } from "./routes/keys/create.ts";
import { listKeysRoute } from "./routes/keys/list.ts";
import { revokeKeyRoute } from "./routes/keys/revoke.ts";
import { rotateKeyRoute } from "./routes/keys/rotate.ts";

export const routes: readonly Route[] = [
  // keys
  createKeyRoute,
  listKeysRoute,
  revokeKeyRoute,
  rotateKeyRoute,
];
