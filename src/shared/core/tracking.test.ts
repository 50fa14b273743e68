import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isMachine, linksOf, parsePlace, placeText, withTracking } from "./tracking.ts";

const place = { tenantId: "ten_01M7WXHTZH0000004NNR5APDB9", messageId: "msg_01M7WXHTZH0000004NNR5APDB9", delivery: 3 };

test("a place comes back as it was, and nothing else is one", () => {
  expect(parsePlace(placeText(place))).toEqual(place);
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parsePlace(text)).toBeNull();
    }),
  );
});

describe("links", () => {
  const html = `<html><body><p><a href="https://a.example/x?a=1&amp;b=2">One</a> <a class='x' HREF = 'http://b.example'>Two</a>
    <a href="mailto:a@b.example">Mail</a><a href="#top">Top</a><a data-track="off" href="https://no.example">No</a>
    <a href=https://bare.example>Bare</a><a href="javascript:alert(1)">JS</a><img src="https://i.example/p.png"></p></body></html>`;

  test("to the web are found, with entities resolved; all others are left", () => {
    expect(linksOf(html)).toEqual(["https://a.example/x?a=1&b=2", "http://b.example"]);
  });

  test("are put in place of their targets and nowhere else, and the pixel before the end of the body", () => {
    const links = new Map([
      ["https://a.example/x?a=1&b=2", "https://t.example/1?x=\"'&"],
      ["http://b.example", "https://t.example/2"],
    ]);
    const out = withTracking(html, links, "https://t.example/p");
    expect(out).toContain('<a href="https://t.example/1?x=&quot;&#39;&amp;">One</a>');
    expect(out).toContain("HREF = 'https://t.example/2'>Two");
    expect(out).toContain("mailto:a@b.example");
    expect(out).toContain('src="https://i.example/p.png"');
    expect(out.indexOf("https://t.example/p")).toBeLessThan(out.indexOf("</body>"));
    expect(linksOf(out)).toEqual(["https://t.example/1?x=\"'&", "https://t.example/2"]);
  });

  test("nothing to track leaves every byte, whatever the HTML", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(withTracking(`<a href="x">${text}`, new Map(), null)).toBe(`<a href="x">${text}`);
      }),
    );
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true }), (url) => {
        const mail = `<b>x</b><a href="${url.replaceAll("&", "&amp;")}">y</a>`;
        expect(withTracking(mail, new Map([[url, "https://t.example/z"]]), null)).toBe(
          '<b>x</b><a href="https://t.example/z">y</a>',
        );
      }),
    );
  });
});

test("a hostile depth ends the search, and costs next to nothing", () => {
  const deep = `<a href="https://a.example">x</a>${"<b>".repeat(200_000)}<a href="https://b.example">y</a>`;
  expect(linksOf(deep)).toEqual(["https://a.example"]);
});

describe("visits", () => {
  const person = {
    method: "GET",
    userAgent:
      "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
    purpose: "",
    ageMs: 60_000,
  };
  test.each([
    ["another method", { method: "HEAD" }],
    ["a prefetch", { purpose: "prefetch;prerender" }],
    ["a scanner", { userAgent: "Barracuda Sentinel (EE)" }],
    ["a preview", { userAgent: "Slackbot-LinkExpanding 1.0" }],
    ["a library", { userAgent: "python-requests/2.32" }],
    ["no name", { userAgent: " " }],
  ])("%s is a machine", (_, over) => {
    expect(isMachine({ ...person, ...over }, "click")).toBe(true);
  });

  test("a person's is none; a click within two seconds is, an open is not", () => {
    expect(isMachine(person, "click")).toBe(false);
    expect(isMachine({ ...person, ageMs: 500 }, "click")).toBe(true);
    expect(isMachine({ ...person, ageMs: 500 }, "open")).toBe(false);
    expect(
      isMachine(
        { ...person, userAgent: "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)" },
        "open",
      ),
    ).toBe(false);
  });
});
