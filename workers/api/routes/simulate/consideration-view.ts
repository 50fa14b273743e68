import type { z } from "zod";
import { iso } from "../../../../src/shared/contract/common.ts";
import type { candidateShape, considerationShape, gateShape } from "../../../../src/shared/contract/consideration.ts";
import type { Consideration, GateReport, SeenCandidate } from "../../../../src/shared/core/consideration.ts";

export function gateView(report: GateReport): z.output<typeof gateShape> {
  return { ...report, input: { ...report.input } };
}

function candidateView(one: SeenCandidate): z.output<typeof candidateShape> {
  return { ...one, until: iso(one.until) };
}

export function considerationView(it: Consideration): z.output<typeof considerationShape> {
  const { envelope: _, country: _c, sms, ...rest } = it;
  return {
    ...rest,
    at: iso(it.at),
    until: iso(it.until),
    rules: it.rules.map((rule) => ({ ...rule, missed: rule.missed ?? null })),
    candidates: it.candidates.map(candidateView),
    currency: "USD",
    sms:
      sms === null
        ? null
        : {
            encoding: sms.encoding,
            parts: sms.segments,
            units: sms.units,
            country: sms.country,
            sender: sms.sender,
            warnings: sms.advice.map((advice) => ({ ...advice })),
          },
  };
}
