/** A self-signed X.509 certificate around a fresh RSA key, written byte by byte: WebCrypto makes keys and no certificates. */

export interface TestCertificate {
  readonly pem: string;
  /** Its private key, PKCS #8. */
  readonly keyPem: string;
  /** PKCS #1 v1.5 over text, in base64: what SNS puts into Signature. */
  sign(text: string, hash: "SHA-1" | "SHA-256"): Promise<string>;
}

/** `hosts`: the names of a server that may show it. */
export async function makeCertificate(hosts: readonly string[] = []): Promise<TestCertificate> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  };
  const { publicKey, privateKey } = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const spki = new Uint8Array((await crypto.subtle.exportKey("spki", publicKey)) as ArrayBuffer);
  const pkcs8 = (await crypto.subtle.exportKey("pkcs8", privateKey)) as ArrayBuffer;
  const signBytes = async (bytes: Uint8Array, hash: string) => {
    const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name: algorithm.name, hash }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign(algorithm.name, key, bytes));
  };
  // sha256WithRSAEncryption, 1.2.840.113549.1.1.11
  const signedWith = der(0x30, der(0x06, [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]), der(0x05));
  // CN=sns.test; 2.5.4.3
  const commonName = der(0x30, der(0x06, [0x55, 0x04, 0x03]), der(0x0c, ascii("sns.test")));
  const name = der(0x30, der(0x31, commonName));
  const validity = der(0x30, der(0x17, ascii("200101000000Z")), der(0x17, ascii("491231235959Z")));
  const version3 = der(0xa0, der(0x02, [2]));
  const names = hosts.length === 0 ? [] : [der(0xa3, der(0x30, alternativeNames(hosts)))];
  const body = der(0x30, version3, der(0x02, [1]), signedWith, name, validity, name, spki, ...names);
  const certificate = der(0x30, body, signedWith, der(0x03, [0], await signBytes(body, "SHA-256")));
  return {
    pem: pemOf("CERTIFICATE", certificate),
    keyPem: pemOf("PRIVATE KEY", new Uint8Array(pkcs8)),
    sign: async (text, hash) => base64(await signBytes(new TextEncoder().encode(text), hash)),
  };
}

/** subjectAltName, 2.5.29.17, of DNS names. */
function alternativeNames(hosts: readonly string[]): Uint8Array {
  const names = der(0x30, ...hosts.map((host) => der(0x82, ascii(host))));
  return der(0x30, der(0x06, [0x55, 0x1d, 0x11]), der(0x04, names));
}

function pemOf(label: string, bytes: Uint8Array): string {
  const lines = base64(bytes).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...contents: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const content = contents.flatMap((part) => [...part]);
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Uint8Array.from([tag, ...head, ...content]);
}

function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
