/** A form as multipart/form-data (RFC 7578), the same bytes for the same fields: no random boundary. */
import { fromBase64, joined } from "../signatures.ts";

export type FormPart =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly filename: string; readonly contentType: string; readonly contentBase64: string };

export async function multipart(parts: readonly FormPart[]) {
  const pieces = parts.map((part) => {
    if ("value" in part) return joined(`content-disposition: form-data; name="${escaped(part.name)}"\r\n\r\n`, part.value);
    const disposition = `form-data; name="${escaped(part.name)}"; filename="${escaped(part.filename)}"`;
    const head = `content-disposition: ${disposition}\r\ncontent-type: ${part.contentType}\r\n\r\n`;
    return joined(head, fromBase64(part.contentBase64) ?? "");
  });
  // No text holds its own hash: what is sent cannot hold the boundary.
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...pieces)));
  const boundary = Array.from(digest.subarray(0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const body = joined(...pieces.flatMap((piece) => [`--${boundary}\r\n`, piece, "\r\n"]), `--${boundary}--\r\n`);
  return { body, contentType: `multipart/form-data; boundary=${boundary}` };
}

/** As browsers do: https://html.spec.whatwg.org/#escape-a-multipart-form-data-name */
function escaped(name: string): string {
  return name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}
