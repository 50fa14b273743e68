/** What a tenant reads about itself: where it is placed and how it is watched are the operator's own affair. */
import { tenantShape } from "./admin.ts";

export const ownTenantShape = tenantShape
  .pick({ id: true, name: true, status: true, limits: true, outbound: true, created_at: true })
  .meta({ id: "OwnTenant" });
