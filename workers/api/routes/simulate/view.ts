import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import { PREVIEW_CHARS, type simulatedShape } from "../../../../src/shared/contract/simulate.ts";
import type { Consideration, Rehearsed } from "../../../../src/shared/core/consideration.ts";
import type { Plan } from "../../../../src/shared/core/message.ts";
import type { Simulation } from "../../../../src/shared/verbs/simulate.ts";
import { previewView } from "../templates/view.ts";
import { considerationView, gateView } from "./consideration-view.ts";

type Simulated = z.output<typeof simulatedShape>;
type Shown = Simulated["data"][number];
type Delivery = Shown["deliveries"][number];

export function simulatedView({ at, submission, messages }: Simulation, maxSegments: number): Simulated {
  const { order, mode } = submission;
  let left = PREVIEW_CHARS;
  const previewOf = ({ envelope }: Consideration): Delivery["preview"] => {
    if (envelope === null || order.sensitive === true || left <= 0) return null;
    const preview = previewView({ template: null, envelopes: [envelope], maxSegments });
    left -= JSON.stringify(preview).length;
    return preview;
  };
  const data = messages.map((message): Shown => {
    const { code, reason, isSent } = endOf(message);
    return {
      channel: message.channel,
      destination: message.destination,
      would_send: isSent,
      at: iso(message.at),
      code,
      reason,
      gates: message.gates.map(gateView),
      deliveries: message.deliveries.map((one) => ({
        ...considerationView(one),
        starts: startOf(one.n, order.plan),
        preview: previewOf(one),
      })),
    };
  });
  return { at: iso(at), mode, data, totals: totalsOf(data) };
}

/** Of several deliveries, the first that goes out makes it sent; where none does, the last thing that stopped one says why. */
function endOf({ gates, deliveries }: Rehearsed): Pick<Shown, "code" | "reason"> & { readonly isSent: boolean } {
  if (deliveries.some(({ verdict }) => verdict === "go")) return { code: null, reason: null, isSent: true };
  const waits = deliveries.find(({ verdict }) => verdict === "wait");
  if (waits !== undefined) return { code: waits.code, reason: waits.reason, isSent: false };
  const stops = gates.findLast(({ verdict }) => verdict === "stop");
  return { code: stops?.code ?? null, reason: stops?.detail ?? null, isSent: false };
}

function startOf(n: number, plan: Plan | undefined): Delivery["starts"] {
  if (n === 0 || plan === undefined) return { when: "at_once" };
  return { when: "after", of: n - 1, seconds: plan.after_seconds, unless: plan.mode === "first" ? "sent" : plan.until };
}

function totalsOf(data: readonly Shown[]): Simulated["totals"] {
  const going = data.map(({ deliveries }) => deliveries.filter(({ verdict }) => verdict === "go"));
  const firsts = going.flatMap(([first]) => (first === undefined ? [] : [first]));
  const sum = (all: readonly Delivery[]) => all.reduce((total, { cost_micros }) => total + (cost_micros ?? 0), 0);
  return {
    messages: data.length,
    would_send: firsts.length,
    cost_micros: sum(firsts),
    most_cost_micros: sum(going.flat()),
    unpriced: firsts.filter(({ cost_micros }) => cost_micros === null).length,
    currency: "USD",
  };
}
