/** Text as it comes out of a template, on its way into a field of one line or of several. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it is for
const CONTROLS = /[\u0000-\u001f\u007f\u0085\u2028\u2029]+/g;

/** One line: whatever could end a header becomes a space. */
export function line(text: string): string {
  return text.replace(CONTROLS, " ").trim();
}

/** Text of several lines, with line feeds only. */
export function lines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n").trim() : text.trim();
}

export function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === "";
}
