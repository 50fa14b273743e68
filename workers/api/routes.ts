/** The whole HTTP surface of the API, on one page. */
import type { Route } from "./route.ts";
import { openApiRoute } from "./routes/docs/openapi.ts";
import { docsRoute } from "./routes/docs/page.ts";
import { createKeyRoute } from "./routes/keys/create.ts";
import { listKeysRoute } from "./routes/keys/list.ts";
import { revokeKeyRoute } from "./routes/keys/revoke.ts";
import { rotateKeyRoute } from "./routes/keys/rotate.ts";

import { batchRoute } from "./routes/send/batch.ts";
import { sendRoute } from "./routes/send/send.ts";

export const routes: readonly Route[] = [
  // send
  sendRoute,
  batchRoute,
  // keys
  createKeyRoute,
  listKeysRoute,
  revokeKeyRoute,
  rotateKeyRoute,

  // docs
  openApiRoute(() => routes),
  docsRoute(() => routes),
];
