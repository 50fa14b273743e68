import { expect, test } from "vitest";
import suite from "../testing/specs/sigv4-vectors.json";
import { awsRequest } from "./aws.ts";

const now = Date.UTC(2015, 7, 30, 12, 36);

test.each(suite.vectors)("signs $name as AWS's own suite does", async ({ method, path, authorization }) => {
  const request = await awsRequest(
    {
      method: method === "POST" ? "POST" : "GET",
      url: `https://example.amazonaws.com${path}`,
      service: suite.service,
      region: suite.region,
      now,
    },
    { access_key_id: suite.credentials.accessKeyId, secret_access_key: suite.credentials.secretAccessKey },
  );
  expect(request.headers.get("x-amz-date")).toBe(suite.datetime);
  expect(request.headers.get("authorization")).toBe(authorization);
});

test("keeps two accounts' keys apart", async () => {
  const sign = async (secret: string) => {
    const call = { method: "GET", url: "https://example.amazonaws.com/", service: "ses", region: "eu-west-1", now } as const;
    return (await awsRequest(call, { access_key_id: "AKID", secret_access_key: secret })).headers.get("authorization");
  };
  const [one, two] = [await sign("one"), await sign("two")];
  expect(one).not.toBe(two);
  expect(await sign("one")).toBe(one);
});
