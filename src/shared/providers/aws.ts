/** Signs a request to AWS (Signature Version 4). */
import { AwsV4Signer } from "aws4fetch";
import { z } from "zod";
import { secretKey } from "./secret.ts";

/** An access key of AWS. */
export const awsCredentials = z.strictObject({
  access_key_id: z
    .string()
    .regex(/^\w{1,128}$/, "An access key id has letters and digits only.")
    .meta({ title: "Access key id" }),
  secret_access_key: secretKey("Secret access key"),
  session_token: secretKey("Session token").optional(),
});

export const awsRegion = z
  .string()
  .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, "A region looks like eu-west-1.")
  .meta({ title: "Region" });

/** `https://sns.eu-west-1.amazonaws.com`, and the same in China. */
export function awsOrigin(host: string, region: string): string {
  return `https://${host}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

export interface AwsCredentials {
  readonly access_key_id: string;
  readonly secret_access_key: string;
  readonly session_token?: string | undefined;
}

export interface AwsCall {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** `ses`, `sns` or `sms-voice`, whatever the host is called: a host of one's own defeats the guess. */
  readonly service: string;
  readonly region: string;
  /** JSON unless `contentType` says otherwise; none for GET. */
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** Further headers, such as `x-amz-target`: signed too. */
  readonly headers?: Readonly<Record<string, string>>;
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
    ...(call.body === undefined ? {} : { body: call.body }),
    headers: {
      ...(call.body === undefined ? {} : { "content-type": call.contentType ?? "application/json" }),
      ...call.headers,
    },
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
