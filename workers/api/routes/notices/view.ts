import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { noticeShape } from "../../../../src/shared/contract/notices.ts";
import type { KeptNotice } from "../../../../src/shared/db/control/notices.ts";

export function noticeView(notice: KeptNotice): z.output<typeof noticeShape> {
  return {
    id: notice.id,
    project_id: notice.projectId,
    type: notice.type,
    subject: notice.subject,
    details: { ...notice.details },
    created_at: iso(notice.at),
  };
}
