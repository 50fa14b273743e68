import { describe, expect, test } from "vitest";
import { z } from "zod";
import { PROVIDERS } from "./registry.ts";

interface Field {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: Field | boolean;
}

/** Every field of a form, and of the lists of texts in it. */
function fieldsOf(shape: z.ZodType): [string, Field][] {
  const { properties = {} } = z.toJSONSchema(shape, { io: "input" }) as Field;
  return Object.entries(properties);
}

describe.each(PROVIDERS)("a form can be drawn for $id", ({ credentials, settings }) => {
  test("each field says what it is", () => {
    const nameless = [...fieldsOf(credentials), ...fieldsOf(settings)].filter(
      ([, f]) => f.title === undefined && f.description === undefined,
    );
    expect(nameless.map(([name]) => name)).toEqual([]);
  });

  test("what could be shown by mistake is marked as a secret", () => {
    const secret = /(token|secret|password|webhook_url|private_key)$/;
    const bare = fieldsOf(credentials).filter(([name, { format }]) => secret.test(name) && format !== "password");
    expect(bare.map(([name]) => name)).toEqual([]);
  });
});
