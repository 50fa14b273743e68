import { describe, expect, it } from "vitest";
import { htmlToText } from "./plain-text.ts";

describe("htmlToText", () => {
  it.each([
    ["paragraphs stand apart, and spaces collapse", "<p>One\n  two</p><p>Three</p>", "One two\n\nThree"],
    ["blocks stand on lines of their own", "<div>a</div><div>b<br>c</div>d", "a\nb\nc\nd"],
    ["inline tags join their words", "Hel<b>lo</b> <i>you</i>!", "Hello you!"],
    ["entities are read", "Fish &amp; chips&nbsp;&lt;3 &#8364;5", "Fish & chips <3 €5"],
    ["lists have bullets and numbers", "<ul><li>a</li><li>b</li></ul><ol><li>x<li>y</ol>", "- a\n- b\n\n1. x\n2. y"],
    [
      "cells are set apart",
      "<table><tr><td>Book</td><td>9.99</td></tr><tr><td>Pen</td><td>1.99</td></tr></table>",
      "Book 9.99\nPen 1.99",
    ],
    ["links show where they lead", `<a href="https://x.example/a?b&amp;c">Track</a> it`, "Track (https://x.example/a?b&c) it"],
    ["a link that says where it leads says it once", `<a href="https://x.example">https://x.example</a>`, "https://x.example"],
    ["a link around a picture keeps its target", `<a href="https://x.example"><img src="x"></a>`, "https://x.example"],
    ["other schemes and anchors are words only", `<a href="mailto:a@b.example">Write</a> <a href="#top">up</a>`, "Write up"],
    ["pictures speak by their alt", `<img alt="Logo">`, "Logo"],
    [
      "head, style, script and hidden preheaders are left out",
      `<html><head><title>t</title><style>p{}</style></head><body><div style="display:none">pre<b>x</b><br>y</div><span hidden>z</span><script>1<2</script>Hi</body>`,
      "Hi",
    ],
    ["preformatted text stays", "<pre>a\n  b</pre>", "a\n  b"],
    ["broken markup is read as far as it goes", "<p>a<p>b</div></b><", "a\n\nb<"],
  ])("%s", (_, html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  it("ends where tags are nested too deeply, in time", () => {
    const startedAt = Date.now();
    expect(htmlToText(`before${"<div>".repeat(200_000)}after`)).toBe("before");
    expect(htmlToText(`${"<p>".repeat(200_000)}after`)).toBe("after");
    expect(htmlToText("<".repeat(500_000))).toContain("<");
    expect(htmlToText(`<a ${'x="'.repeat(100_000)}`)).toBe("");
    expect(Date.now() - startedAt).toBeLessThan(3000);
  });
});
