/** One request from outside: handed to whom it is for, answered, and one log line. */
import { Fault } from "../../src/shared/core/faults.ts";
import { newId } from "../../src/shared/core/ids.ts";
import { problem } from "../../src/shared/runtime/problem.ts";
import type { Deps } from "../../src/shared/verbs/deps.ts";
import { providerCallback } from "./provider-callback.ts";
import { clickVisit, openVisit } from "./tracked-visit.ts";
import { unsubscribeVisit } from "./unsubscribe.ts";

/** What a handler adds to the request's log line. */
type About = Record<string, unknown>;

export async function door(deps: Deps, request: Request): Promise<Response> {
  const startedAt = deps.now();
  const requestId = newId("req", startedAt, deps.random);
  const about: About = {};
  let response: Response;
  try {
    response = await handle(deps, request, about);
  } catch (error) {
    const known = error instanceof Fault;
    if (!known) about.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    response = problem(known ? error : new Fault("internal"), requestId);
  }
  response.headers.set("x-request-id", requestId);
  const level = about.error === undefined ? "info" : "error";
  const ms = deps.now() - startedAt;
  deps.log({ level, event: "request", request_id: requestId, method: request.method, status: response.status, ms, ...about });
  return response;
}

async function handle(deps: Deps, request: Request, about: About): Promise<Response> {
  const url = new URL(request.url);
  const [, root, kind, token = ""] = url.pathname.split("/");
  switch (root) {
    case "t":
      if (kind === "u") return unsubscribeVisit(deps, request, token, about);
      if (request.method !== "GET" && request.method !== "HEAD")
        throw new Fault("method_not_allowed", { headers: { allow: "GET, HEAD" } });
      if (kind === "o") return openVisit(deps, request, token);
      if (kind === "c") return clickVisit(deps, request, token, url.searchParams.get("u") ?? "");
      throw new Fault("not_found", { detail: "There is no such path." });
    case "hooks":
      return providerCallback(deps, request, url, about);
    default:
      throw new Fault("not_found", { detail: "There is no such path." });
  }
}
