import type { z } from "zod";
import type { attachmentShape } from "../../../../src/shared/contract/attachments.ts";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { AttachmentRow } from "../../../../src/shared/db/control/attachments.ts";

export function attachmentView(row: AttachmentRow): z.output<typeof attachmentShape> {
  return {
    id: row.id,
    project_id: row.projectId,
    filename: row.filename,
    content_type: row.contentType,
    size_bytes: row.sizeBytes,
    sha256: row.sha256,
    created_at: iso(row.createdAt),
  };
}
