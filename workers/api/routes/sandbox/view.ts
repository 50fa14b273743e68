import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { caughtShape } from "../../../../src/shared/contract/sandbox.ts";
import type { Caught } from "../../../../src/shared/core/caught.ts";

export function caughtView(caught: Caught): z.output<typeof caughtShape> {
  const { envelope } = caught;
  return {
    id: caught.id,
    project_id: caught.projectId,
    message_id: caught.messageId,
    channel: caught.channel,
    destination: caught.destination,
    at: iso(caught.at),
    envelope: {
      ...envelope,
      tags: [...envelope.tags],
      attachments: envelope.attachments === undefined ? undefined : [...envelope.attachments],
    },
  };
}
