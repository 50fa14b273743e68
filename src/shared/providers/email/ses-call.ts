/** A call of SES v2, for one mail or for many. */
import { awsOrigin, awsRequest } from "../aws.ts";
import { under } from "../endpoint.ts";
import type { Account } from "../provider.ts";

/** As the schemas of ses.ts make it. */
export type SesAccount = Account<
  { readonly access_key_id: string; readonly secret_access_key: string; readonly session_token?: string | undefined },
  {
    readonly region: string;
    readonly from: string;
    readonly configuration_set?: string | undefined;
    readonly endpoint?: string | undefined;
  }
>;

interface SesCall {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export function signed(account: SesAccount, call: SesCall): Promise<Request> {
  const { region, endpoint: base } = account.settings;
  return awsRequest(
    { ...call, url: under(base ?? awsOrigin("email", region), call.path), service: "ses", region },
    account.credentials,
  );
}
