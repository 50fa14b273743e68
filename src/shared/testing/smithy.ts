/** AWS's own signer, as the oracle for ours. For Node and for tests only. */
import { SignatureV4 } from "@smithy/signature-v4";

export interface SignedParts {
  readonly method: string;
  readonly url: URL;
  /** Those that are signed, lower case; `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface SigningAccount {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
}

/** The Authorization header that AWS's SDK would send at `date` for this request. */
export async function smithyAuthorization(parts: SignedParts, account: SigningAccount, date: Date): Promise<string> {
  const { accessKeyId, secretAccessKey, region, service } = account;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey },
    sha256: Sha256,
    applyChecksum: false,
  });
  const query: Record<string, string> = Object.fromEntries(parts.url.searchParams);
  const signed = await signer.sign(
    {
      method: parts.method,
      protocol: parts.url.protocol,
      hostname: parts.url.hostname,
      path: parts.url.pathname,
      query,
      headers: { ...parts.headers },
      body: parts.body,
    },
    { signingDate: date },
  );
  return signed.headers.authorization ?? "";
}

/** The hash that the signer asks for, over WebCrypto: plain, or HMAC where there is a secret. */
class Sha256 {
  readonly #secret: Uint8Array | null;
  readonly #parts: Uint8Array[] = [];

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined ? null : bytes(secret);
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#parts.push(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    const data = new Uint8Array(await new Blob(this.#parts).arrayBuffer());
    if (this.#secret === null) return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    const key = await crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
  }
}

function bytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
