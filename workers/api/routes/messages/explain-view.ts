import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { explanationShape } from "../../../../src/shared/contract/explain.ts";
import type { ExplainedMessage } from "../../../../src/shared/verbs/explain-message.ts";
import { considerationView, gateView } from "../simulate/consideration-view.ts";
import { attemptView } from "./view.ts";

export function explanationView({
  message,
  now,
  gates,
  deliveries,
  considered,
}: ExplainedMessage): z.output<typeof explanationShape> {
  return {
    id: message.id,
    status: message.status,
    at: iso(now),
    gates: gates.map(gateView),
    deliveries: deliveries.map(({ delivery, waiting, summary }) => {
      const { n, channel, destination, phase, attempts } = delivery;
      const one = considered.get(n);
      return {
        n,
        channel,
        destination,
        phase,
        summary,
        waiting: waiting === null ? null : { ...waiting, until: iso(waiting.until) },
        attempts: attempts.map(attemptView),
        now: one === undefined ? null : considerationView(one),
      };
    }),
  };
}
