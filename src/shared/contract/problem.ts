import { z } from "zod";
import { FAULTS } from "../core/faults.ts";

/** RFC 9457, with `code` from a closed table, the request id, and every located error of a bad body. */
export const problemShape = z
  .object({
    type: z.string().describe("Where the docs explain this code."),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(FAULTS) as [keyof typeof FAULTS]).describe("Branch on this, never on the prose."),
    detail: z.string().optional(),
    errors: z
      .array(z.object({ path: z.string().describe("Where in the body, such as `to[0].destination`."), message: z.string() }))
      .optional()
      .describe("All errors of a bad body at once."),
    request_id: z.string(),
  })
  .meta({ id: "Problem" });
