/** The little Markdown that descriptions use: paragraphs, lists, fenced code, `code`, **bold** and links. */
import { escapeHtml, Html, html } from "./html.ts";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(((?:https:\/\/|[#/])[^)\s]+)\)/g;

/** One line of text, without a paragraph around it. */
export function inline(text: string): Html {
  let out = "";
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, label, href] = match;
    out += escapeHtml(text.slice(at, match.index));
    if (code !== undefined) out += html`<code>${code}</code>`.text;
    else if (bold !== undefined) out += html`<strong>${bold}</strong>`.text;
    else out += html`<a href="${href ?? "#"}">${label ?? ""}</a>`.text;
    at = match.index + whole.length;
  }
  return new Html(out + escapeHtml(text.slice(at)));
}

/** Blocks are parted by blank lines. */
export function prose(text: string): Html {
  const blocks = text.split(/(```[^\n]*\n[\s\S]*?\n```)/);
  return html`${blocks.flatMap((block) => (block.startsWith("```") ? [fenced(block)] : paragraphs(block)))}`;
}

function fenced(block: string): Html {
  return html`<pre tabindex="0"><code>${block.replace(/^```[^\n]*\n/, "").replace(/\n```$/, "")}</code></pre>`;
}

function paragraphs(text: string): Html[] {
  return text
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== "")
    .map((block) => {
      const lines = block.split("\n");
      if (lines.every((line) => /^[-*] /.test(line)))
        return html`<ul>${lines.map((line) => html`<li>${inline(line.slice(2))}</li>`)}</ul>`;
      return html`<p>${inline(lines.join(" "))}</p>`;
    });
}
