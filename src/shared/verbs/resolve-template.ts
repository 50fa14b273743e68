/** Which template and version a reference means, and its compiled content. Both from memory when warm. */
import { type CompiledContent, compile } from "../core/liquid.ts";
import { Lru } from "../core/lru.ts";
import type { Content } from "../core/message.ts";
import { parseTemplateRef } from "../core/template-ref.ts";
import { templatesOf } from "../db/control/templates.ts";
import type { ProjectScope } from "../db/scope.ts";
import type { Deps } from "./deps.ts";

export interface ResolvedTemplate {
  readonly templateId: string;
  readonly version: number;
  readonly name: string;
}

interface Answer {
  readonly found: ResolvedTemplate | null;
  readonly until: number;
}

/** Another version may be published, or the template archived: an isolate goes on for this long with what it knew. */
const FOUND_MS = 30_000;
/** Long enough for a burst of wrong names, short enough for a template that was just made elsewhere. */
const ABSENT_MS = 1_000;

const answers = new Lru<Answer>({ maxEntries: 10_000 });
const contents = new Lru<CompiledContent>({ maxEntries: 2_000, maxWeight: 8_000_000 });

/** How many changes this isolate has made itself. */
let changes = 0;

const answerKey = (scope: ProjectScope, ref: string) => `${scope.tenantId}/${scope.projectId}/${ref}`;

/** Null where the project has no such template, no such version, none that is published, or it is archived. */
export async function resolveTemplate(
  deps: Pick<Deps, "control" | "now">,
  scope: ProjectScope,
  ref: string,
): Promise<ResolvedTemplate | null> {
  const now = deps.now();
  const key = answerKey(scope, ref);
  const known = answers.get(key);
  if (known !== undefined && known.until > now) return known.found;
  const parsed = parseTemplateRef(ref);
  if (parsed === null) return null;
  const readAt = changes;
  const row = await templatesOf(deps.control, scope).find(parsed.by);
  let found: ResolvedTemplate | null = null;
  if (row !== undefined && row.archivedAt === null) {
    const version = parsed.version ?? row.publishedVersion;
    if (version !== null && version <= row.latestVersion) found = { templateId: row.id, version, name: row.name };
  }
  // What was read before a change and arrives after it would hide the change.
  if (readAt === changes) answers.set(key, { found, until: now + (found === null ? ABSENT_MS : FOUND_MS) });
  return found;
}

/** The compiled content of a version; null where there is none. An archived template still renders what was accepted. */
export async function loadTemplate(
  deps: Pick<Deps, "control">,
  scope: ProjectScope,
  templateId: string,
  version: number,
): Promise<CompiledContent | null> {
  const key = `${answerKey(scope, templateId)}:v${version}`;
  const known = contents.get(key);
  if (known !== undefined) return known;
  const row = await templatesOf(deps.control, scope).version(templateId, version);
  if (row === undefined) return null;
  // Written by create-template and add-version only, from a body that passed contentShape and compiled.
  const compiled = compile(JSON.parse(row.content) as Content);
  contents.set(key, compiled, row.content.length);
  return compiled;
}

/** Makes this isolate ask again. Called by every verb that changes what a reference means. */
export function forgetTemplate(scope: ProjectScope, template: { readonly id: string; readonly name: string }): void {
  changes++;
  const keys = [answerKey(scope, template.id), answerKey(scope, template.name)];
  answers.deleteWhere((key) => keys.some((mine) => key === mine || key.startsWith(`${mine}:v`)));
}
