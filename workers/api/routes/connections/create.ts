import { z } from "zod";
import { savedConnectionShape, createConnection as shape } from "../../../../src/shared/contract/connections.ts";
import { PROVIDERS } from "../../../../src/shared/providers/registry.ts";
import { createConnection } from "../../../../src/shared/verbs/create-connection.ts";
import { route } from "../../route.ts";
import { savedView } from "./view.ts";

/** The body as each provider takes it, for the docs: the handler asks the provider's schemas itself. */
const documentBody = z.union(
  PROVIDERS.map((provider) => {
    const { id, channels, credentials, settings } = provider;
    const callbacks = provider.kind === "http" ? provider.callbacks : undefined;
    return shape.extend({
      provider: z.literal(id),
      channel: z.enum(channels),
      credentials: credentials.safeParse({}).success ? credentials.optional() : credentials,
      settings: settings.safeParse({}).success ? settings.optional() : settings,
      ...(callbacks && { callback_verification: callbacks.verification.optional() }),
    });
  }),
);

export const createConnectionRoute = route({
  method: "POST",
  path: "/v1/connections",
  operationId: "createConnection",
  tag: "connections",
  summary: "Connect this project to a provider",
  description:
    "Credentials are sealed as they come in, to a key that this API does not hold: nothing can read them back through it. " +
    "Connections of a channel are tried from the lowest `priority` up.",
  auth: "connections:write",
  body: shape,
  documentBody,
  examples: [
    {
      summary: "Amazon SES",
      body: {
        channel: "email",
        provider: "ses",
        name: "SES Ireland",
        credentials: { access_key_id: "AKIAIOSFODNN7EXAMPLE", secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" },
        settings: { region: "eu-west-1", from: "Acme <no-reply@acme.example>" },
      },
    },
    { summary: "Sandbox", body: { channel: "sms", provider: "sandbox", name: "Sandbox" } },
  ],
  responses: { 201: { description: "The connection.", body: savedConnectionShape } },
  handle: async ({ deps, actor, body: { verify, callback_verification: verification, ...input } }) => {
    const row = await createConnection(deps, actor, { ...input, verification });
    return { status: 201, body: await savedView(deps, actor, row, verify) };
  },
});
