import { and, asc, count, eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { statement } from "../commit.ts";
import type { ProjectScope } from "../scope.ts";
import { connections, routingPolicies } from "./schema.ts";

export type RoutingPolicyRow = typeof routingPolicies.$inferSelect;

/** Far more than contract/routing-policies.ts lets a project have. */
const MOST = 100;

export function routingPoliciesOf(db: D1Database, scope: ProjectScope) {
  const d = drizzle(db);
  const mine = and(eq(routingPolicies.tenantId, scope.tenantId), eq(routingPolicies.projectId, scope.projectId));
  const one = (id: string) => and(mine, eq(routingPolicies.id, id));
  const inOrder = [asc(routingPolicies.position), asc(routingPolicies.id)];
  return {
    async get(id: string): Promise<RoutingPolicyRow | undefined> {
      return d.select().from(routingPolicies).where(one(id)).get();
    },
    /** All of the project, in the order in which they are asked. */
    async list(): Promise<RoutingPolicyRow[]> {
      return d
        .select()
        .from(routingPolicies)
        .where(mine)
        .orderBy(...inOrder)
        .limit(MOST);
    },
    async count(): Promise<number> {
      const row = await d.select({ n: count() }).from(routingPolicies).where(mine).get();
      return row?.n ?? 0;
    },
    /** Of those of the project's connections that are among `ids`: id → channel, enabled or not. */
    async channelsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
      if (ids.length === 0) return new Map();
      const rows = await d
        .select({ id: connections.id, channel: connections.channel })
        .from(connections)
        .where(
          and(
            eq(connections.tenantId, scope.tenantId),
            eq(connections.projectId, scope.projectId),
            sql`${connections.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
          ),
        );
      return new Map(rows.map(({ id, channel }) => [id, channel]));
    },
    insert(row: Omit<RoutingPolicyRow, "tenantId" | "projectId">): D1PreparedStatement {
      return statement(db, d.insert(routingPolicies).values({ ...row, ...scopeOf(scope) }));
    },
    update(id: string, change: Partial<Omit<RoutingPolicyRow, "id" | "tenantId" | "projectId">>): D1PreparedStatement {
      return statement(db, d.update(routingPolicies).set(change).where(one(id)));
    },
    remove(id: string): D1PreparedStatement {
      return statement(db, d.delete(routingPolicies).where(one(id)));
    },
  };
}

function scopeOf({ tenantId, projectId }: ProjectScope): ProjectScope {
  return { tenantId, projectId };
}
