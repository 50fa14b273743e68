import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endpointFlaw } from "./endpoint.ts";

const isAllowed = (url: string) => endpointFlaw(url, false) === null;

describe("endpoint guard", () => {
  test.each([
    "https://email.eu-west-1.amazonaws.com",
    "https://api.twilio.com/",
    "https://proxy.example.com:8443/ses",
    "https://8.8.8.8",
    "https://172.15.255.255",
    "https://172.32.0.0",
    "https://100.63.255.255",
    "https://223.255.255.255",
    "https://[2606:4700::1111]",
    "https://[2001:4860:4860::8888]",
    "https://internal.example.com",
    "https://localhost.example.com",
    "https://bücher.example",
  ])("lets %s through", (url) => expect(endpointFlaw(url, false)).toBeNull());

  test.each([
    "http://api.twilio.com",
    "ftp://api.twilio.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/plain,x",
    "//api.twilio.com",
    "api.twilio.com",
    "",
    "https://",
    "https://user@api.twilio.com",
    "https://user:secret@api.twilio.com",
    "https://api.twilio.com@127.0.0.1",
    "https://api.twilio.com/?a=b",
    "https://api.twilio.com/#x",
    "https://localhost",
    "https://LOCALHOST",
    "https://localhost.",
    "https://a.localhost",
    "https://printer.local",
    "https://metadata.google.internal",
    "https://metadata.google.internal.",
    "https://metadata",
    "https://router.home.arpa",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0x7f.1",
    "https://0177.0.0.1",
    "https://127.0.0.1.",
    "https://①②⑦.⓪.⓪.①",
    "https://0.0.0.0",
    "https://169.254.169.254",
    "https://2852039166",
    "https://100.100.100.200",
    "https://192.168.1.1:8080",
    "https://[::1]",
    "https://[::]",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:8.8.8.8]",
    "https://[::ffff:a9fe:a9fe]",
    "https://[::127.0.0.1]",
    "https://[64:ff9b::7f00:1]",
    "https://[2002:7f00:1::]",
    "https://[2001:0:1::1]",
    "https://[2001:db8::1]",
    "https://[fc00::1]",
    "https://[fd00:ec2::254]",
    "https://[fe80::1]",
    "https://[ff02::1]",
  ])("refuses %s", (url) => expect(endpointFlaw(url, false)).not.toBeNull());

  test("refuses a private IPv4 address however it is written, and only those", () => {
    const privateFirst = (v: number): boolean => {
      const [a = 0, b = 0, c = 0] = [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255];
      if (a === 0 || a === 10 || a === 127 || a >= 224) return true;
      if (a === 100) return b >= 64 && b < 128;
      if (a === 169) return b === 254;
      if (a === 172) return b >= 16 && b < 32;
      if (a === 192) return b === 168 || (b === 0 && (c === 0 || c === 2)) || (b === 88 && c === 99);
      if (a === 198) return b === 18 || b === 19 || (b === 51 && c === 100);
      return a === 203 && b === 0 && c === 113;
    };
    const near = fc.tuple(
      fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 255),
      fc.nat(255),
      fc.nat(255),
      fc.nat(255),
    );
    const any = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(fc.oneof(near, any), fc.nat(3), ([a, b, c, d], form) => {
        const value = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
        const written = [
          `${a}.${b}.${c}.${d}`,
          String(value),
          `0x${value.toString(16)}`,
          `0${a.toString(8)}.0x${b.toString(16)}.${(c << 8) | d}`,
        ][form];
        expect(isAllowed(`https://${written}/`)).toBe(!privateFirst(value));
        expect(isAllowed(`https://[::ffff:${a}.${b}.${c}.${d}]/`)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test("refuses every IPv6 address outside the public block", () => {
    const group = fc.nat(0xffff).map((n) => n.toString(16));
    const outside = fc.nat(0xffff).filter((n) => n >>> 13 !== 1);
    fc.assert(
      fc.property(outside, fc.array(group, { minLength: 7, maxLength: 7 }), (first, rest) => {
        expect(isAllowed(`https://[${first.toString(16)}:${rest.join(":")}]/`)).toBe(false);
      }),
    );
  });

  test("with private endpoints allowed, takes plain http and any host, but no secrets and no other scheme", () => {
    expect(endpointFlaw("http://127.0.0.1:4010", true)).toBeNull();
    expect(endpointFlaw("http://ses-mock:4010/base", true)).toBeNull();
    expect(endpointFlaw("http://user:secret@127.0.0.1", true)).not.toBeNull();
    expect(endpointFlaw("file:///etc/passwd", true)).not.toBeNull();
    expect(endpointFlaw("http://127.0.0.1/?x", true)).not.toBeNull();
  });

  test("never throws", () => {
    fc.assert(fc.property(fc.string(), fc.boolean(), (url, allow) => void endpointFlaw(url, allow)));
    fc.assert(fc.property(fc.webUrl(), fc.boolean(), (url, allow) => void endpointFlaw(url, allow)));
  });
});
