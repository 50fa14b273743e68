import { expect, test } from "vitest";
import { LISTED } from "../core/default-prices.ts";
import { providerOf } from "./registry.ts";

test.each(LISTED)("the list price of %s is of a provider that there is, and of a channel that it carries", (key) => {
  const [id = "", channel] = key.split("/");
  const channels: readonly string[] = providerOf(id)?.channels ?? [];
  expect(channels).not.toEqual([]);
  if (channel !== undefined) expect(channels).toContain(channel);
});
