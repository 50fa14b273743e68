/** Signs a request to AWS (Signature Version 4). */
import { AwsV4Signer } from "aws4fetch";

export interface AwsCredentials {
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token?: string | undefined;
}

export interface AwsCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** `ses`, whatever the host is called: a host of one's own defeats the guess. */
  readonly service: string;
  readonly region: string;
  /** JSON; none for GET. */
  readonly body?: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Derived keys by secret, day, region and service: four HMACs less a call. */
const signingKeys = new Map<string, ArrayBuffer>();
const SIGNING_KEYS_LIMIT = 1000;

export async function awsRequest(call: AwsCall, credentials: AwsCredentials): Promise<Request> {
  if (signingKeys.size > SIGNING_KEYS_LIMIT) signingKeys.clear();
  const signer = new AwsV4Signer({
    method: call.method,
    url: call.url,
    service: call.service,
    region: call.region,
    ...(call.body === undefined ? {} : { body: call.body, headers: { "content-type": "application/json" } }),
    accessKeyId: credentials.access_key_id,
    secretAccessKey: credentials.secret_access_key,
    ...(credentials.session_token === undefined ? {} : { sessionToken: credentials.session_token }),
    cache: signingKeys,
    datetime: new Date(call.now).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
    allHeaders: true, // the content type too, as AWS's own SDK does
  });
  const { url, method, headers } = await signer.sign();
  return new Request(url, { method, headers, ...(call.body === undefined ? {} : { body: call.body }) });
}
