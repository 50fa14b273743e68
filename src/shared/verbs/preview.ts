/** Renders content as a send would, and sends nothing. */
import { CHANNELS, type Channel } from "../core/channels.ts";
import { compose } from "../core/compose.ts";
import { Fault, type Flaw } from "../core/faults.ts";
import { type CompiledContent, renderPart, type TemplateFlaw, type Variables } from "../core/liquid.ts";
import type { Content, Envelope } from "../core/message.ts";
import type { Caller } from "../core/tenant.ts";
import type { ProjectScope } from "../db/scope.ts";
import { checkContent, locate } from "./check-content.ts";
import type { Deps } from "./deps.ts";
import { loadTemplate, resolveTemplate } from "./resolve-template.ts";

export interface PreviewInput {
  readonly template_id?: string | undefined;
  readonly content?: Content | undefined;
  readonly channel?: Channel | undefined;
  readonly variables: Variables;
  readonly locale?: string | undefined;
}

export interface Preview {
  readonly template: { readonly templateId: string; readonly version: number } | null;
  /** One a channel, with empty addresses and ids. */
  readonly envelopes: readonly Envelope[];
  /** Segments that one SMS of the project may take. */
  readonly maxSegments: number;
}

/** Refuses with every missing variable, and every other flaw, of all channels at once. */
export async function preview(
  deps: Pick<Deps, "control" | "now">,
  scope: ProjectScope & Pick<Caller, "project">,
  input: PreviewInput,
): Promise<Preview> {
  const { compiled, template } = await contentOf(deps, scope, input);
  const channels = input.channel === undefined ? CHANNELS.filter((channel) => compiled[channel] !== undefined) : [input.channel];
  const context = { now: deps.now(), locale: input.locale };
  const missing: TemplateFlaw[] = [];
  const flaws: Flaw[] = [];
  const envelopes: Envelope[] = [];
  for (const channel of channels) {
    const rendered = renderPart(compiled, channel, input.variables, context);
    if (rendered !== null && !rendered.ok) {
      missing.push(...rendered.flaws);
      continue;
    }
    const common = { to: "", messageId: "", attemptId: "", tags: [], files: [] };
    const composed = compose({ compiled, channel, variables: input.variables, ...context, ...common });
    if (composed.ok) envelopes.push(composed.envelope);
    else flaws.push({ path: composed.code === "no_content" ? "channel" : `content.${channel}`, message: composed.reason });
  }
  const errors = [...locate(missing), ...flaws];
  if (errors.length > 0) throw new Fault("template_invalid", { errors });
  return { template, envelopes, maxSegments: scope.project.smsMaxSegments };
}

async function contentOf(
  deps: Pick<Deps, "control" | "now">,
  scope: ProjectScope,
  input: PreviewInput,
): Promise<{ compiled: CompiledContent; template: Preview["template"] }> {
  if (input.content !== undefined) return { compiled: checkContent(input.content), template: null };
  const template = await resolveTemplate(deps, scope, input.template_id ?? "");
  const compiled = template && (await loadTemplate(deps, scope, template.templateId, template.version));
  if (!template || !compiled) {
    throw new Fault("validation_failed", {
      errors: [{ path: "template_id", message: "There is no published template or version of this name." }],
    });
  }
  return { compiled, template };
}
