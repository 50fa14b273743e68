/** The text part of an email that has none: its HTML as a person would read it aloud. */
import { Parser } from "htmlparser2";

const SKIPPED = new Set([
  "head",
  "title",
  "style",
  "script",
  "template",
  "noscript",
  "svg",
  "object",
  "audio",
  "video",
  "select",
]);
/** Line breaks before and after. */
const BREAKS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre", "hr"].map((n) => [n, 2]),
  ),
  ...Object.fromEntries(
    ["div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "main", "center", "form"].map((n) => [n, 1]),
  ),
};
/** The parser takes quadratic time in the depth of its tags, so a hostile depth ends the text there. */
const MAX_DEPTH = 256;
const HIDDEN = /display\s*:\s*none|mso-hide\s*:\s*all/i;

/** Invisible characters that pad the preview line of a mail client. Joiners are not among them: words need those. */
const FILLERS = /\u200b|\u2060|\ufeff|\u034f|\u00ad/g;

class TooDeep extends Error {}

class TextWriter {
  text = "";
  #depth = 0;
  /** Tags open inside something that is not shown, that one included. */
  #skipped = 0;
  #pre = 0;
  #breaks = 0;
  #space = false;
  #lists: number[] = [];
  #link: { readonly href: string; readonly from: number } | null = null;

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    if (++this.#depth > MAX_DEPTH) throw new TooDeep();
    if (this.#skipped > 0 || SKIPPED.has(name) || "hidden" in attributes || HIDDEN.test(attributes.style ?? "")) {
      this.#skipped++;
      return;
    }
    this.#break(BREAKS[name] ?? 0);
    if (name === "br") this.#newline();
    else if (name === "hr") this.#write("---");
    else if (name === "td" || name === "th") this.#space = true;
    else if (name === "img") this.ontext(attributes.alt ?? "");
    else if (name === "pre") this.#pre++;
    else if (name === "ul") this.#lists.push(-1);
    else if (name === "ol") this.#lists.push(0);
    else if (name === "li") this.#bullet();
    else if (name === "a") this.#link = { href: attributes.href?.trim() ?? "", from: this.text.length };
  }

  onclosetag(name: string): void {
    this.#depth--;
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    if (name === "a") this.#closeLink();
    else if (name === "pre") this.#pre--;
    else if (name === "ul" || name === "ol") this.#lists.pop();
    this.#break(BREAKS[name] ?? 0);
  }

  ontext(data: string): void {
    if (this.#skipped > 0) return;
    if (this.#pre > 0) {
      this.#write(data);
      return;
    }
    const words = data.replace(FILLERS, "").replace(/\s+/g, " ");
    if (words === "") return;
    if (words.startsWith(" ")) this.#space = true;
    const inner = words.trim();
    if (inner === "") return;
    this.#write(inner);
    this.#space = words.endsWith(" ");
  }

  #bullet(): void {
    const last = this.#lists.length - 1;
    const count = this.#lists[last] ?? -1;
    if (count < 0) this.#write("- ");
    else {
      this.#lists[last] = count + 1;
      this.#write(`${count + 1}. `);
    }
  }

  #closeLink(): void {
    const link = this.#link;
    this.#link = null;
    if (link === null || !/^(https?:)?\/\//i.test(link.href)) return;
    const label = this.text.slice(link.from).trim();
    if (label === link.href) return;
    this.#space = label !== "" || this.#space;
    this.#write(label === "" ? link.href : `(${link.href})`);
  }

  #newline(): void {
    this.#space = false;
    this.#breaks = Math.min(this.#breaks + 1, 2);
  }

  #break(lines: number): void {
    if (lines === 0) return;
    this.#space = false;
    this.#breaks = Math.max(this.#breaks, lines);
  }

  #write(text: string): void {
    if (this.text !== "") this.text += this.#breaks > 0 ? "\n".repeat(this.#breaks) : this.#space ? " " : "";
    this.#breaks = 0;
    this.#space = false;
    this.text += text;
  }
}

/** Never throws. Links stand after their words, in brackets; what is hidden, scripts and styles are left out. */
export function htmlToText(html: string): string {
  const writer = new TextWriter();
  const parser = new Parser(writer);
  try {
    parser.write(html);
    parser.end();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
  }
  return writer.text.trim();
}
