/** How a secret of an account is written. */
import { z } from "zod";

/** A secret that travels in a header: no spaces, nothing that ends a line. */
export function secretKey(title: string) {
  return z
    .string()
    .min(1)
    .max(4096)
    .regex(/^[\x21-\x7e]+$/, "It holds characters that no such key has.")
    .meta({ title, format: "password" });
}
