/** Whether content compiles. */

import { Fault, type Flaw } from "../core/faults.ts";
import { type CompiledContent, compile, TemplateError, type TemplateFlaw } from "../core/liquid.ts";
import type { Content } from "../core/message.ts";
import { lines } from "../core/rendered-text.ts";
import { tooManySegments } from "../core/sms.ts";

/** The compiled content; refuses with every flaw of every field, such as `content.email.html`. */
export function checkContent(content: Content): CompiledContent {
  try {
    return compile(content);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new Fault("template_invalid", { errors: locate(error.flaws) });
  }
}

/** What is wrong with content, as flaws of a body that holds it in `content`. Empty where it compiles. */
export function contentFlaws(content: Content): Flaw[] {
  try {
    compile(content);
    return [];
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return locate(error.flaws);
  }
}

/** What is too long for `most` segments whatever the variables are: a text that has none. */
export function smsFlaws(content: Content, most: number): Flaw[] {
  const text = content.sms?.text;
  if (text === undefined || /\{[{%]/.test(text)) return [];
  const message = tooManySegments(lines(text), most);
  return message === null ? [] : [{ path: "content.sms.text", message }];
}

/** A missing variable is a flaw of `variables`, named once with all the fields that lack it. */
export function locate(flaws: readonly TemplateFlaw[]): Flaw[] {
  const lacking = new Map<string, string[]>();
  const others: Flaw[] = [];
  for (const { variable, path, message } of flaws) {
    if (variable === undefined) others.push({ path: `content.${path}`, message });
    else lacking.set(variable, [...(lacking.get(variable) ?? []), `content.${path}`]);
  }
  const missing = [...lacking].map(([variable, fields]) => ({
    path: `variables.${variable}`,
    message: `Missing. It is used in ${fields.join(", ")}.`,
  }));
  return [...missing, ...others];
}
