import { createTemplate as shape, TEMPLATE_BODY_BYTES, templateShape } from "../../../../src/shared/contract/templates.ts";
import { createTemplate } from "../../../../src/shared/verbs/create-template.ts";
import { route } from "../../route.ts";
import { templateView } from "./view.ts";

export const createTemplateRoute = route({
  method: "POST",
  path: "/v1/templates",
  operationId: "createTemplate",
  tag: "templates",
  summary: "Make a template with its first version",
  description:
    "Every field is a Liquid template. Outputs in `email.html` are escaped for HTML, in all other fields they are plain. " +
    "A variable that is missing when a message is sent is an error, unless it stands in a condition or before `default`.",
  auth: "templates:write",
  maxBodyBytes: TEMPLATE_BODY_BYTES,
  body: shape,
  examples: [
    {
      summary: "Email and SMS",
      body: {
        name: "order_shipped",
        description: "Sent when a parcel leaves the warehouse.",
        content: {
          email: {
            subject: "Your order {{ order.id }} is on its way",
            html: "<p>Hello {{ name | default: 'there' }},</p><ul>{% for item in order.items %}<li>{{ item }}</li>{% endfor %}</ul>",
          },
          sms: { text: "Order {{ order.id }} is on its way." },
        },
      },
    },
    {
      summary: "A draft",
      body: { name: "welcome_push", content: { push: { title: "Welcome", body: "Hi {{ name }}" } }, publish: false },
    },
  ],
  responses: { 201: { description: "The template.", body: templateShape } },
  faults: ["already_exists", "template_invalid"],
  handle: async ({ deps, actor, body }) => ({ status: 201, body: templateView(await createTemplate(deps, actor, body)) }),
});
