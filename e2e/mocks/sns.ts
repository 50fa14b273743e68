/** A double of SNS: serves its certificate, keeps who confirmed a subscription, and posts what a topic publishes, signed. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { makeTopic, type SnsMessage } from "../../src/shared/testing/sns.ts";

export interface SnsDouble {
  /** For SNS_CERT_ORIGIN. */
  readonly url: string;
  readonly arn: string;
  /** Query strings of the confirmations that came in. */
  readonly confirmed: readonly string[];
  /** Asks this endpoint to confirm; answers its status. */
  subscribe(endpoint: string): Promise<number>;
  /** Publishes an event as SES would; answers the endpoint's status. */
  publish(endpoint: string, event: object): Promise<number>;
  /** Posts what it is given as it is. */
  post(endpoint: string, message: SnsMessage): Promise<number>;
  signed(event: object): Promise<SnsMessage>;
  close(): Promise<void>;
}

export async function startSnsDouble(arn: string): Promise<SnsDouble> {
  const topic = await makeTopic(arn);
  const confirmed: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://sns");
    if (url.pathname.endsWith(".pem")) response.writeHead(200, { "content-type": "application/x-pem-file" }).end(topic.pem);
    else if (url.searchParams.get("Action") === "ConfirmSubscription") {
      confirmed.push(url.search);
      response.writeHead(200, { "content-type": "text/xml" }).end("<ConfirmSubscriptionResponse/>");
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const post: SnsDouble["post"] = async (endpoint, message) => {
    const headers = { "content-type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": message.Type ?? "" };
    const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(message) });
    await answer.arrayBuffer();
    return answer.status;
  };
  const signed = (event: object) => topic.notification(JSON.stringify(event), Date.now());
  return {
    url,
    arn,
    confirmed,
    async subscribe(endpoint) {
      const SubscribeURL = `${url}/?Action=ConfirmSubscription&TopicArn=${arn}&Token=t0`;
      return post(endpoint, await topic.confirmation(Date.now(), { SubscribeURL }));
    },
    publish: async (endpoint, event) => post(endpoint, await signed(event)),
    post,
    signed,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
