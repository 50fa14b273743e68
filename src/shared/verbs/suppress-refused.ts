/**
 * Recipients that a provider refused for good (`recipient_invalid`) go on the list: numbers and addresses that do not
 * exist, devices that are gone. Unless it is the connection that asks in the wrong place (core/dead-tokens.ts).
 */
import { type DeviceTally, isWave, NO_TALLY, tallied } from "../core/dead-tokens.ts";
import { Lru } from "../core/lru.ts";
import type { Attempt, Delivery } from "../core/message.ts";
import type { SuppressionReason } from "../core/suppression.ts";
import { suppressionKey } from "../core/suppression.ts";
import { commit } from "../db/commit.ts";
import { suppressionsOf } from "../db/control/suppressions.ts";
import type { Deps } from "./deps.ts";
import { suppress } from "./suppress.ts";
import type { Tried } from "./tried.ts";

type RefusedDeps = Pick<Deps, "control" | "now" | "log" | "health">;

/** One answer of a real provider, of a message that is no test. */
interface Answered {
  readonly messageId: string;
  readonly projectId: string;
  readonly delivery: Delivery;
  readonly attempt: Attempt;
}

/** Of this isolate: enough to see a wave, since a wave is what reaches every isolate. */
const tallies = new Lru<DeviceTally>({ maxEntries: 10_000 });

/** For what one settlement has written. Never throws: who is not on the list today is refused again. */
export async function suppressRefused(deps: RefusedDeps, tenantId: string, tried: readonly Tried[]): Promise<void> {
  const answers = tried.flatMap((t) => answerOf(t) ?? []);
  const refused = answers.filter(({ attempt }) => isRefusedForGood(attempt));
  const devices = answers.filter(({ delivery }) => delivery.channel === "push");
  const wrong = new Set(devices.length === 0 ? [] : await wrongPlaces(deps, tenantId, devices, refused));
  try {
    await suppress(
      deps,
      tenantId,
      refused
        .filter(({ attempt }) => !wrong.has(attempt.connection_id))
        .map(({ messageId, projectId, delivery: { channel, destination }, attempt }) => {
          return {
            channel,
            destination,
            reason: reasonOf(attempt),
            source: `provider:${attempt.provider}`,
            projectId,
            messageId,
          };
        }),
    );
  } catch (error) {
    deps.log({ level: "warn", event: "not_suppressed", tenant_id: tenantId, refused: refused.length, error: String(error) });
  }
}

function isRefusedForGood({ outcome, failed_over, provider, code }: Attempt): boolean {
  return outcome === "recipient_invalid" && failed_over !== true && !MAY_PASS.has(`${provider}:${code}`);
}

/** What this try brought, if it was one: a settlement that only waits, or gives up, has no `attempted` in front. */
function answerOf({ outcome, row }: Tried): Answered | null {
  const attempt = outcome?.delivery.attempts.at(-1);
  const first = outcome?.events[0];
  const isAnswer = first?.type === "attempted" && first.attempt_id === attempt?.id;
  if (!outcome || !attempt || !isAnswer || attempt.provider === "sandbox" || row.mode !== "live") return null;
  return { messageId: outcome.messageId, projectId: row.project_id, delivery: outcome.delivery, attempt };
}

/** Connections that suddenly know hardly any device: said to their breakers, and what was believed of them taken back. */
async function wrongPlaces(
  deps: RefusedDeps,
  tenantId: string,
  devices: readonly Answered[],
  refused: readonly Answered[],
): Promise<string[]> {
  const now = deps.now();
  const wrong: string[] = [];
  const takenBack: string[] = [];
  for (const id of new Set(devices.map(({ attempt }) => attempt.connection_id))) {
    const gone = refused.filter((r) => r.attempt.connection_id === id && r.delivery.channel === "push");
    const all = devices.filter(({ attempt }) => attempt.connection_id === id && ANSWERS.has(attempt.outcome)).length;
    const before = tallies.get(`${tenantId}/${id}`) ?? NO_TALLY;
    const tally = tallied(before, { all, gone: gone.map(({ delivery }) => delivery.destination) }, now);
    tallies.set(`${tenantId}/${id}`, tally);
    if (gone.length === 0 || !isWave(tally)) continue;
    wrong.push(id);
    takenBack.push(...tally.unjudged);
    tallies.set(`${tenantId}/${id}`, { ...tally, unjudged: [] });
    const code = gone[0]?.attempt.code ?? "unknown_devices";
    const reason = "It knows hardly any of the devices that it is asked for: are its credentials those of this app?";
    deps.health.note(tenantId, id, { kind: "misconfigured", code, reason });
    deps.log({ level: "warn", event: "devices_unknown", tenant_id: tenantId, connection_id: id, code });
  }
  if (takenBack.length > 0) await takeBack(deps, tenantId, takenBack);
  return wrong;
}

/** Answers that say whether there is such a device. */
const ANSWERS: ReadonlySet<Attempt["outcome"]> = new Set(["sent", "permanent", "recipient_invalid"]);
const WINDOW_MS = 600_000;

async function takeBack(deps: RefusedDeps, tenantId: string, devices: readonly string[]): Promise<void> {
  const places = devices.map((device) => ({ channel: "push", destination: suppressionKey("push", device) }));
  try {
    const since = deps.now() - WINDOW_MS;
    await commit(deps.control, [suppressionsOf(deps.control, { tenantId }).lift(places, "invalid", since)]);
  } catch (error) {
    deps.log({ level: "warn", event: "not_taken_back", tenant_id: tenantId, devices: devices.length, error: String(error) });
  }
}

/** Refusals that may pass: a phone that was off for long is no wrong number. `provider:code`. */
const MAY_PASS: ReadonlySet<string> = new Set(["meta:131026"]);

/** Codes that say that this person wants nothing, where the number or address is well. `provider:code`. */
const OTHER_REASONS: ReadonlyMap<string, SuppressionReason> = new Map([
  ["twilio:21610", "unsubscribe"],
  ["telnyx:40300", "unsubscribe"],
  ["aws-sms:DESTINATION_PHONE_NUMBER_OPTED_OUT", "unsubscribe"],
  ["vonage:1240", "unsubscribe"],
  ["meta:131050", "unsubscribe"],
  ["postmark:406", "bounce"],
]);

function reasonOf({ provider, code }: Attempt): SuppressionReason {
  return OTHER_REASONS.get(`${provider}:${code}`) ?? "invalid";
}
