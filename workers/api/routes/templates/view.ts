import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { previewShape, templateShape, templateVersionShape } from "../../../../src/shared/contract/templates.ts";
import type { Content } from "../../../../src/shared/core/message.ts";
import { smsSize } from "../../../../src/shared/core/sms.ts";
import { givenName, type TemplateRow, type TemplateVersionRow } from "../../../../src/shared/db/control/templates.ts";
import type { Preview } from "../../../../src/shared/verbs/preview.ts";

export function templateView(row: TemplateRow): z.output<typeof templateShape> {
  return {
    id: row.id,
    project_id: row.projectId,
    name: givenName(row.name),
    description: row.description,
    published_version: row.publishedVersion,
    latest_version: row.latestVersion,
    created_at: iso(row.createdAt),
    updated_at: iso(row.updatedAt),
    archived_at: iso(row.archivedAt),
  };
}

/** The column was written by createTemplate and addTemplateVersion, from a body that had this shape. */
export function contentOf(row: TemplateVersionRow): Content {
  return JSON.parse(row.content) as Content;
}

export function versionView(row: TemplateVersionRow, publishedVersion: number | null): z.output<typeof templateVersionShape> {
  return {
    template_id: row.templateId,
    version: row.version,
    content: contentOf(row) as z.output<typeof templateVersionShape>["content"],
    created_at: iso(row.createdAt),
    created_by: row.createdBy,
    is_published: row.version === publishedVersion,
  };
}

/** What the provider of each channel would get, without what belongs to one message. */
export function previewView({ template, envelopes, maxSegments }: Preview): z.output<typeof previewShape> {
  const view: Record<string, unknown> = template === null ? {} : { template_id: template.templateId, version: template.version };
  for (const envelope of envelopes) {
    const { channel, attemptId: _a, messageId: _m, to: _t, tags: _g, ...content } = envelope;
    if ("attachments" in content) {
      const { attachments: _f, ...email } = content;
      view[channel] = email;
    } else if (envelope.channel === "sms" && envelope.text !== "") {
      view[channel] = { ...content, ...smsSize(envelope.text), max_segments: maxSegments };
    } else view[channel] = content;
  }
  return view as z.output<typeof previewShape>;
}
