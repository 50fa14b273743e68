import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { headerValue, isMailbox, mailbox, oneLine } from "./lines.ts";

/** What a mail client shows of a header: RFC 2047, adjacent words joined. */
function shown(header: string): string {
  const bytes = header
    .split(" ")
    .map((word) => /^=\?UTF-8\?B\?([A-Za-z0-9+/=]+)\?=$/.exec(word)?.[1])
    .map((base64) => atob(base64 ?? ""));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    Uint8Array.from(bytes.join(""), (c) => c.charCodeAt(0)),
  );
}

describe("mail lines", () => {
  test("leave plain text as it is, and put the rest into words that read the same", () => {
    expect(headerValue("<https://c.test/u>, <mailto:u@c.test>")).toBe("<https://c.test/u>, <mailto:u@c.test>");
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 }), (text) => {
        const line = oneLine(text);
        const value = headerValue(text);
        expect(value).toMatch(/^[\x20-\x7e]*$/);
        if (value === line) return;
        expect(shown(value)).toBe(line);
        for (const word of value.split(" ")) expect(word.length).toBeLessThanOrEqual(75);
      }),
    );
  });

  test.each([
    ["ada@example.com", "ada@example.com"],
    ["Ada <ada@example.com>", '"Ada" <ada@example.com>'],
    ['"Ada, Countess" <ada@example.com>', '"Ada, Countess" <ada@example.com>'],
    ['Ada "The" Byron <ada@example.com>', '"Ada \\"The\\" Byron" <ada@example.com>'],
    ['"Ada \\"The\\" Byron" <ada@example.com>', '"Ada \\"The\\" Byron" <ada@example.com>'],
    ["<ada@example.com>", "ada@example.com"],
    ["ada@bücher.example", "ada@xn--bcher-kva.example"],
    ["Jörg <j@example.com>", "=?UTF-8?B?SsO2cmc=?= <j@example.com>"],
  ])("write the mailbox %j as %j", (given, written) => expect(mailbox(given)).toBe(written));

  test.each([
    "Eve <eve@evil.example>, Ada <ada@example.com>",
    "a@example.com, eve@evil.example",
    "a@example.com\r\nBcc: eve@evil.example",
    "A\r\nBcc: eve@evil.example <a@example.com>",
    'A" <eve@evil.example>, "B <a@example.com>',
  ])("make one mailbox at most of %j", (given) => {
    const written = mailbox(given);
    expect(written).not.toMatch(/[\r\n]/);
    const unquoted = written.replaceAll(/"(?:[^"\\]|\\.)*"/g, "");
    expect(unquoted).not.toMatch(/[,;]/);
    expect(unquoted.match(/</g)?.length ?? 0).toBeLessThanOrEqual(1);
  });

  test("know a mailbox on its face", () => {
    expect(["a@b.example", "Ada <a@b.example>", "<a@b.example>"].every(isMailbox)).toBe(true);
    expect(["", "a", "a@", "@b", "a b@c", "Ada <a>", "a@b@c", "A <a@b>\r\nBcc: x", "A <a@b> <c@d>"].some(isMailbox)).toBe(false);
  });
});
