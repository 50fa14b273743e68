import fc from "fast-check";
import { expect, test } from "vitest";
import { xmlTexts } from "./xml.ts";

const ANSWER = `<?xml version="1.0"?>
<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">
  <PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>
  <ResponseMetadata><RequestId>d74b8436</RequestId></ResponseMetadata>
</PublishResponse>`;

test("texts stand where their elements do", () => {
  expect([...xmlTexts(ANSWER)]).toEqual([
    ["PublishResponse/PublishResult/MessageId", "567910cd-659e-55d4-8ccb-5aaf14679dc0"],
    ["PublishResponse/ResponseMetadata/RequestId", "d74b8436"],
  ]);
});

test("entities are characters, and those of a document's own are not expanded", () => {
  expect(xmlTexts("<a><b>x &amp; &lt;y&gt; &#39;z&#39;</b></a>").get("a/b")).toBe("x & <y> 'z'");
  const bomb = '<!DOCTYPE a [<!ENTITY x "boom"><!ENTITY y "&x;&x;">]><a><b>&y;</b></a>';
  expect(xmlTexts(bomb).get("a/b") ?? "").not.toContain("boom");
});

test.each(["", "{}", "no xml", "<", "<a", "<a><b>x", "</a>", "<a>".repeat(10_000), "<a></b></a>", "\u0000"])(
  "%j breaks nothing",
  (body) => {
    expect([...xmlTexts(body).keys()].every((place) => !place.includes("MessageId"))).toBe(true);
  },
);

test("anything at all is read", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (body) => {
      expect(xmlTexts(body).size).toBeLessThanOrEqual(200);
    }),
  );
});
