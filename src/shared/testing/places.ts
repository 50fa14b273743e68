/** Every text in a JSON value by its place, such as `.to[0].email`. */
export function textsByPlace(value: unknown, at = "", into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) for (const [i, inner] of value.entries()) textsByPlace(inner, `${at}[${i}]`, into);
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) textsByPlace(inner, `${at}.${key}`, into);
  } else into.set(at, String(value));
  return into;
}

/** The same where names are texts as well, such as those of headers: `.headers[0][0]`. */
export function namesAsTexts(body: object, field: string): object {
  const names = (body as Record<string, unknown>)[field];
  return typeof names === "object" && names !== null ? { ...body, [field]: Object.entries(names) } : body;
}
