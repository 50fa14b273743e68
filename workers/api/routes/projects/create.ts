import { firstSettings, newProjectShape, createProject as shape } from "../../../../src/shared/contract/projects.ts";
import { DEFAULT_PROJECT } from "../../../../src/shared/core/tenant.ts";
import { createProject } from "../../../../src/shared/verbs/create-project.ts";
import { route } from "../../route.ts";
import { projectView } from "./view.ts";

export const createProjectRoute = route({
  method: "POST",
  path: "/v1/projects",
  operationId: "createProject",
  tag: "projects",
  summary: "Make a project with its first live and test key",
  description:
    "Messages, templates, connections, attachments and keys belong to one project each. The tenant's rate limit and monthly " +
    "quota hold for all of its projects together. The first keys have the scopes of the key that asks, which must be a live one.",
  auth: "projects:write",
  tenantWide: true,
  body: shape,
  examples: [
    { summary: "A shop's test field", body: { name: "Staging" } },
    {
      summary: "With settings of its own, and without the sandbox",
      body: {
        name: "Shop",
        sandbox: false,
        settings: {
          idempotency_seconds: 604_800,
          retry_by_channel: { sms: { steps_seconds: [5, 30], cap_seconds: 600, total_seconds: 3600 } },
        },
      },
    },
  ],
  responses: { 201: { description: "The project; its keys are shown this once.", body: newProjectShape } },
  handle: async ({ deps, actor, caller, body: { name, settings, sandbox } }) => {
    const made = await createProject(deps, actor, caller, {
      name,
      settings: { ...DEFAULT_PROJECT, ...firstSettings(settings) },
      sandbox,
    });
    return {
      status: 201,
      body: {
        ...projectView(made.row),
        live_key: made.liveKey,
        test_key: made.testKey,
        callback_secret: made.callbackSecret,
      },
    };
  },
});
