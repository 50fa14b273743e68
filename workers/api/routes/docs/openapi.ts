import { z } from "zod";
import { openApiDocument } from "../../openapi/document.ts";
import { type Route, route } from "../../route.ts";
import { answerText, type StaticText, staticText } from "./static.ts";

/** `routes` is asked at the first call, because this route stands in the table itself. */
export function openApiRoute(routes: () => readonly Route[]): Route {
  let made: Promise<StaticText> | undefined;
  return route({
    method: "GET",
    path: "/openapi.json",
    operationId: "getOpenApi",
    tag: "docs",
    summary: "This API as an OpenAPI 3.1 document",
    auth: "public",
    responses: {
      200: {
        description: "The document.",
        body: z.record(z.string(), z.unknown()),
        headers: { ETag: "Changes with the document." },
      },
      304: { description: "The document is the one named in `If-None-Match`.", body: null },
    },
    handle: async ({ request }) => {
      made ??= staticText(JSON.stringify(openApiDocument(routes())));
      return answerText(request, await made, { "content-type": "application/json", "access-control-allow-origin": "*" });
    },
  });
}
