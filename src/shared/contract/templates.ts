import { z } from "zod";
import { CHANNELS } from "../core/channels.ts";
import { TEMPLATE_NAME } from "../core/template-ref.ts";
import { jsonObject, pageOf, timestamp } from "./common.ts";
import { contentShape } from "./content.ts";

/** Content of 256 KiB, written as JSON with escapes. */
export const TEMPLATE_BODY_BYTES = 640 * 1024;

export const templateId = z.object({ id: z.string().max(128).describe("Id or name.") });
export const templateRef = z.object({
  id: z.string().max(128).describe("Id or name; with a version after a colon, such as `order_shipped:v3`."),
});

const templateName = z
  .string()
  .regex(TEMPLATE_NAME, "1 to 100 of a-z, 0-9, `_`, `.` and `-`, beginning with a letter, a digit or `_`.");
const description = z.string().max(1000);
const version = z.int().min(1).max(999_999_999);
const publish = z.boolean().default(true).describe("Whether the new version is the one that sends use from now on.");

export const createTemplate = z.strictObject({
  name: templateName.describe("Unique in the project, and never changed: what `template_id` of a send may say."),
  description: description.default(""),
  content: contentShape,
  publish,
});

export const addVersion = z.strictObject({ content: contentShape, publish });
export const publishVersion = z.strictObject({ version });
export const rollbackTemplate = z.strictObject({
  version: version.optional().describe("The version before the published one unless set."),
});
export const updateTemplate = z.strictObject({ description });

const versionFields = {
  version,
  content: contentShape,
  created_at: timestamp,
  created_by: z.string().describe("`key:key_…`: who wrote it."),
};

export const templateShape = z
  .object({
    id: z.string(),
    project_id: z.string(),
    name: z.string(),
    description: z.string(),
    published_version: version
      .nullable()
      .describe("What a send without an explicit version uses; null where nothing is published."),
    latest_version: version,
    created_at: timestamp,
    updated_at: timestamp,
    archived_at: timestamp.nullable().describe("Since when no send may use it; its name is free again."),
  })
  .meta({ id: "Template" });

/** A template with the content of one of its versions. */
export const fullTemplateShape = templateShape
  .extend({ version: version.describe("The version that `content` is of."), content: contentShape })
  .meta({ id: "TemplateWithContent" });

export const templateVersionShape = z
  .object({ template_id: z.string(), ...versionFields, is_published: z.boolean() })
  .meta({ id: "TemplateVersion" });

export const templatePage = pageOf(templateShape);
export const templateVersionPage = pageOf(templateVersionShape);

export const preview = z
  .strictObject({
    template_id: z.string().max(128).optional().describe("Id or name, with or without a version."),
    content: contentShape.optional().describe("Inline content, in place of `template_id`."),
    channel: z.enum(CHANNELS).optional().describe("All channels that the content has unless set."),
    variables: jsonObject.default({}),
    locale: z.string().max(35).optional(),
  })
  .refine((body) => (body.template_id === undefined) !== (body.content === undefined), {
    message: "Give exactly one of template_id and content.",
    path: ["template_id"],
  });

const variables = z.union([z.record(z.string(), z.string()), z.array(z.string())]);

export const previewShape = z
  .object({
    template_id: z.string().optional(),
    version: version.optional(),
    email: z
      .object({
        subject: z.string().describe("Empty where a template of the provider has it."),
        html: z.string().optional(),
        text: z.string().optional().describe("Made from `html` where the content has none."),
        from: z.string().optional(),
        reply_to: z.string().optional(),
        cc: z.array(z.string()).optional(),
        bcc: z.array(z.string()).optional(),
        headers: z.record(z.string(), z.string()).optional(),
        provider_template: z
          .object({ provider: z.string(), id: z.string(), variables: jsonObject.describe("What it is filled with.") })
          .optional(),
      })
      .optional(),
    sms: z
      .object({
        text: z.string().describe("Empty where there is none but a content template's."),
        encoding: z
          .enum(["GSM-7", "UCS-2"])
          .optional()
          .describe("One character outside of GSM's alphabet makes the whole text UCS-2."),
        segments: z.int().optional().describe("The parts that it goes in, and is charged for."),
        units: z.int().optional().describe("Septets of GSM-7, or UTF-16 units of UCS-2."),
        max_segments: z.int().optional().describe("What the project allows; a send of more is refused."),
        content: z.object({ sid: z.string(), variables: z.record(z.string(), z.string()) }).optional(),
      })
      .optional(),
    push: z
      .object({
        title: z.string(),
        body: z.string(),
        data: z.record(z.string(), z.string()).optional(),
        url: z.string().optional(),
      })
      .optional(),
    whatsapp: z
      .object({
        text: z.string().optional(),
        template: z
          .object({
            name: z.string(),
            language: z.string(),
            variables: variables.optional(),
            header: jsonObject.optional(),
            buttons: z.array(z.object({ type: z.string(), value: z.string(), index: z.int().optional() })).optional(),
            content_sid: z.string().optional(),
          })
          .optional(),
      })
      .optional(),
    inapp: z.object({ title: z.string(), body: z.string(), url: z.string().optional() }).optional(),
    chat: z.object({ text: z.string(), title: z.string().optional(), url: z.string().optional() }).optional(),
  })
  .describe("Each channel as its provider would get it.")
  .meta({ id: "Preview" });
