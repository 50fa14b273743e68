/** What the tests use of two libraries that bring no types. */
declare module "http_ece" {
  const ece: {
    encrypt(plaintext: Uint8Array, params: EceParams): Buffer;
    decrypt(body: Uint8Array, params: EceParams): Buffer;
  };
  interface EceParams {
    readonly version: "aes128gcm";
    readonly key?: string;
    readonly keyid?: string;
    readonly salt?: string;
    readonly rs?: number;
    readonly pad?: number;
    readonly privateKey?: import("node:crypto").ECDH;
    readonly authSecret?: string;
  }
  export default ece;
}

declare module "web-push" {
  const webPush: {
    generateVAPIDKeys(): { readonly publicKey: string; readonly privateKey: string };
    generateRequestDetails(
      subscription: { readonly endpoint: string; readonly keys: { readonly p256dh: string; readonly auth: string } },
      payload: string,
      options: {
        readonly vapidDetails: { readonly subject: string; readonly publicKey: string; readonly privateKey: string };
        readonly TTL: number;
        readonly urgency: string;
        readonly topic: string;
      },
    ): { readonly headers: Readonly<Record<string, string | number>>; readonly body: Buffer; readonly endpoint: string };
  };
  export default webPush;
}
