/** How a caller names a template: `order_shipped`, `order_shipped:v3`, `tpl_…` or `tpl_…:v3`. */
export interface TemplateRef {
  readonly by: { readonly id: string } | { readonly name: string };
  /** Null for the version that is published. */
  readonly version: number | null;
}

export const TEMPLATE_NAME = /^[a-z0-9_][a-z0-9_.-]{0,99}$/;
const TEMPLATE_ID = /^tpl_[0-9A-HJKMNP-TV-Z]{26}$/;
const REF = /^([^:]+)(?::v([1-9]\d{0,8}))?$/;

/** Reads a reference; `null` for anything that is not one. */
export function parseTemplateRef(ref: string): TemplateRef | null {
  const [, subject, version] = REF.exec(ref) ?? [];
  if (subject === undefined) return null;
  const by = TEMPLATE_ID.test(subject) ? { id: subject } : TEMPLATE_NAME.test(subject) ? { name: subject } : null;
  return by === null ? null : { by, version: version === undefined ? null : Number(version) };
}
