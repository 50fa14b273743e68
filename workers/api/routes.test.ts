import { describeRoute } from "../../src/shared/testing/describe-route.ts";
import { describeSurface } from "../../src/shared/testing/describe-surface.ts";
import { routes } from "./routes.ts";

describeSurface(routes);
for (const route of routes) describeRoute(route);
