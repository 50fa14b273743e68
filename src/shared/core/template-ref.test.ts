import { describe, expect, it } from "vitest";
import { parseTemplateRef } from "./template-ref.ts";

describe("parseTemplateRef", () => {
  const id = `tpl_${"0".repeat(26)}`;
  it("tells names, ids and versions apart", () => {
    expect(parseTemplateRef("order_shipped")).toEqual({ by: { name: "order_shipped" }, version: null });
    expect(parseTemplateRef("order.shipped-2:v12")).toEqual({ by: { name: "order.shipped-2" }, version: 12 });
    expect(parseTemplateRef(id)).toEqual({ by: { id }, version: null });
    expect(parseTemplateRef(`${id}:v3`)).toEqual({ by: { id }, version: 3 });
  });

  it.each(["", "a:", "a:v0", "a:v01", "a:v-1", "a:3", "a:v1:v2", "A", "a b", "-a", "a".repeat(101), "a:v1234567890"])(
    "takes %j for no reference",
    (ref) => {
      expect(parseTemplateRef(ref)).toBeNull();
    },
  );
});
