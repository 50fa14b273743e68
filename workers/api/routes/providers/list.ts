import { z } from "zod";
import { pageOf } from "../../../../src/shared/contract/common.ts";
import { providerShape } from "../../../../src/shared/contract/connections.ts";
import type { Provider } from "../../../../src/shared/providers/provider.ts";
import { PROVIDERS } from "../../../../src/shared/providers/registry.ts";
import { route } from "../../route.ts";

export const listProvidersRoute = route({
  method: "GET",
  path: "/v1/providers",
  operationId: "listProviders",
  tag: "connections",
  summary: "List the providers, with what a connection to each of them needs",
  auth: "connections:read",
  responses: { 200: { description: "All of them.", body: pageOf(providerShape) } },
  handle: async () => ({ status: 200, body: { data: PROVIDERS.map(providerView), next_cursor: null } }),
});

function providerView(provider: Provider): z.output<typeof providerShape> {
  const { id, name, channels, credentials, settings } = provider;
  const callbacks = provider.kind === "http" ? provider.callbacks : undefined;
  return {
    id,
    name,
    channels: [...channels],
    credentials: jsonSchema(credentials),
    settings: jsonSchema(settings),
    callback_verification: callbacks ? jsonSchema(callbacks.verification) : null,
  };
}

function jsonSchema(shape: z.ZodType): Record<string, unknown> {
  return { ...z.toJSONSchema(shape, { io: "input" }) };
}
