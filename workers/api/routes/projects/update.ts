import { projectId, projectShape, settingsPatch, updateProject as shape } from "../../../../src/shared/contract/projects.ts";
import { updateProject } from "../../../../src/shared/verbs/update-project.ts";
import { route } from "../../route.ts";
import { projectView } from "./view.ts";

export const updateProjectRoute = route({
  method: "PATCH",
  path: "/v1/projects/{id}",
  operationId: "updateProject",
  tag: "projects",
  summary: "Rename a project, or change how its messages are handled",
  description:
    "Deliveries follow a changed retry policy within ten seconds, also of messages that are waiting for their next try; what is " +
    "already set for a certain instant stays set. New sends keep their idempotency keys as set within 30 seconds.",
  auth: "projects:write",
  tenantWide: true,
  params: projectId,
  body: shape,
  examples: [
    {
      summary: "Try again soon and give up within the hour, but email for a day",
      body: {
        settings: {
          retry: { steps_seconds: [1, 5, 30], cap_seconds: 300, total_seconds: 3600 },
          retry_by_channel: { email: { steps_seconds: [10, 60, 300], cap_seconds: 3600, total_seconds: 86_400 } },
        },
      },
    },
    { summary: "Keep idempotency keys for 30 days", body: { settings: { idempotency_seconds: 2_592_000 } } },
  ],
  responses: { 200: { description: "The project as it is now.", body: projectShape } },
  faults: ["not_found"],
  handle: async ({ deps, actor, params, body: { name, settings } }) => {
    const row = await updateProject(deps, actor, params.id, {
      ...(name === undefined ? {} : { name }),
      ...(settings === undefined ? {} : { settings: settingsPatch(settings) }),
    });
    return { status: 200, body: projectView(row) };
  },
});
