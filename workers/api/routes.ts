/** The whole HTTP surface of the API, on one page. */
import type { Route } from "./route.ts";
import { createTenantRoute } from "./routes/admin/create-tenant.ts";
import { surveyDeadLettersRoute } from "./routes/admin/dlq.ts";
import { getTenantRoute } from "./routes/admin/get-tenant.ts";
import { adminHealthRoute } from "./routes/admin/health.ts";
import { listTenantNoticesRoute } from "./routes/admin/list-notices.ts";
import { listTenantsRoute } from "./routes/admin/list-tenants.ts";
import { livenessRoute } from "./routes/admin/liveness.ts";
import { surveyProvidersRoute } from "./routes/admin/providers.ts";
import { queuesRoute } from "./routes/admin/queues.ts";
import { replayAnywhereRoute } from "./routes/admin/replay.ts";
import { resumeTenantKeyRoute } from "./routes/admin/resume-key.ts";
import {
  addGlobalSuppressionRoute,
  listGlobalSuppressionsRoute,
  removeGlobalSuppressionRoute,
} from "./routes/admin/suppressions.ts";
import { suspendTenantKeyRoute } from "./routes/admin/suspend-key.ts";
import { updateTenantRoute } from "./routes/admin/update-tenant.ts";
import { deleteAttachmentRoute } from "./routes/attachments/delete.ts";
import { downloadFileRoute } from "./routes/attachments/download.ts";
import { getAttachmentRoute } from "./routes/attachments/get.ts";
import { listAttachmentsRoute } from "./routes/attachments/list.ts";
import { uploadAttachmentRoute } from "./routes/attachments/upload.ts";
import { createConnectionRoute } from "./routes/connections/create.ts";
import { deleteConnectionRoute } from "./routes/connections/delete.ts";
import { getConnectionRoute } from "./routes/connections/get.ts";
import { listConnectionsRoute } from "./routes/connections/list.ts";
import { resetConnectionRoute } from "./routes/connections/reset.ts";
import { updateConnectionRoute } from "./routes/connections/update.ts";
import { verifyConnectionRoute } from "./routes/connections/verify.ts";
import { discardDeadLetterRoute } from "./routes/dead-letters/discard.ts";
import { getDeadLetterRoute } from "./routes/dead-letters/get.ts";
import { listDeadLettersRoute } from "./routes/dead-letters/list.ts";
import { replayDeadLetterRoute } from "./routes/dead-letters/replay.ts";
import { replayDeadLettersRoute } from "./routes/dead-letters/replay-many.ts";
import { openApiRoute } from "./routes/docs/openapi.ts";
import { docsRoute } from "./routes/docs/page.ts";
import { createKeyRoute } from "./routes/keys/create.ts";
import { listKeysRoute } from "./routes/keys/list.ts";
import { resumeKeyRoute } from "./routes/keys/resume.ts";
import { revokeKeyRoute } from "./routes/keys/revoke.ts";
import { rotateKeyRoute } from "./routes/keys/rotate.ts";
import { suspendKeyRoute } from "./routes/keys/suspend.ts";
import { cancelMessageRoute } from "./routes/messages/cancel.ts";
import { explainMessageRoute } from "./routes/messages/explain.ts";
import { getMessageRoute } from "./routes/messages/get.ts";
import { listMessagesRoute } from "./routes/messages/list.ts";
import { rescheduleMessageRoute } from "./routes/messages/reschedule.ts";
import { resendMessageRoute } from "./routes/messages/resend.ts";
import { listNoticesRoute } from "./routes/notices/list.ts";
import { rotateCallbackSecretRoute } from "./routes/projects/callback-secret.ts";
import { createProjectRoute } from "./routes/projects/create.ts";
import { getProjectRoute } from "./routes/projects/get.ts";
import { listProjectsRoute } from "./routes/projects/list.ts";
import { updateProjectRoute } from "./routes/projects/update.ts";
import { listProvidersRoute } from "./routes/providers/list.ts";
import { createRoutingPolicyRoute } from "./routes/routing-policies/create.ts";
import { deleteRoutingPolicyRoute } from "./routes/routing-policies/delete.ts";
import { getRoutingPolicyRoute } from "./routes/routing-policies/get.ts";
import { listRoutingPoliciesRoute } from "./routes/routing-policies/list.ts";
import { updateRoutingPolicyRoute } from "./routes/routing-policies/update.ts";
import { getCaughtRoute } from "./routes/sandbox/get.ts";
import { listCaughtRoute } from "./routes/sandbox/list.ts";
import { sandboxPageRoute } from "./routes/sandbox/page.ts";
import { batchRoute } from "./routes/send/batch.ts";
import { sendRoute } from "./routes/send/send.ts";
import { simulateRoute } from "./routes/simulate/simulate.ts";
import { addSuppressionRoute } from "./routes/suppressions/add.ts";
import { exportSuppressionsRoute } from "./routes/suppressions/export.ts";
import { getSuppressionRoute } from "./routes/suppressions/get.ts";
import { importSuppressionsRoute } from "./routes/suppressions/import.ts";
import { listSuppressionsRoute } from "./routes/suppressions/list.ts";
import { removeSuppressionRoute } from "./routes/suppressions/remove.ts";
import { addTemplateVersionRoute } from "./routes/templates/add-version.ts";
import { archiveTemplateRoute } from "./routes/templates/archive.ts";
import { createTemplateRoute } from "./routes/templates/create.ts";
import { getTemplateRoute } from "./routes/templates/get.ts";
import { listTemplatesRoute } from "./routes/templates/list.ts";
import { previewRoute } from "./routes/templates/preview.ts";
import { publishTemplateRoute } from "./routes/templates/publish.ts";
import { rollbackTemplateRoute } from "./routes/templates/rollback.ts";
import { updateTemplateRoute } from "./routes/templates/update.ts";
import { listTemplateVersionsRoute } from "./routes/templates/versions.ts";
import { listOwnTenantsRoute } from "./routes/tenants/list.ts";
import { createWebhookRoute } from "./routes/webhooks/create.ts";
import { deleteWebhookRoute } from "./routes/webhooks/delete.ts";
import { listWebhookDeliveriesRoute } from "./routes/webhooks/deliveries.ts";
import { getWebhookRoute } from "./routes/webhooks/get.ts";
import { listWebhooksRoute } from "./routes/webhooks/list.ts";
import { recoverRoute } from "./routes/webhooks/recover.ts";
import { redeliverRoute } from "./routes/webhooks/redeliver.ts";
import { rotateWebhookSecretRoute } from "./routes/webhooks/rotate-secret.ts";
import { testWebhookRoute } from "./routes/webhooks/test.ts";
import { updateWebhookRoute } from "./routes/webhooks/update.ts";

export const routes: readonly Route[] = [
  // send
  sendRoute,
  batchRoute,
  simulateRoute,
  // messages
  listMessagesRoute,
  getMessageRoute,
  explainMessageRoute,
  cancelMessageRoute,
  rescheduleMessageRoute,
  resendMessageRoute,
  // templates
  createTemplateRoute,
  listTemplatesRoute,
  getTemplateRoute,
  updateTemplateRoute,
  archiveTemplateRoute,
  addTemplateVersionRoute,
  listTemplateVersionsRoute,
  publishTemplateRoute,
  rollbackTemplateRoute,
  previewRoute,
  // attachments
  uploadAttachmentRoute,
  listAttachmentsRoute,
  getAttachmentRoute,
  deleteAttachmentRoute,
  downloadFileRoute,
  // dead letters
  listDeadLettersRoute,
  getDeadLetterRoute,
  replayDeadLettersRoute,
  replayDeadLetterRoute,
  discardDeadLetterRoute,
  // sandbox
  listCaughtRoute,
  getCaughtRoute,
  sandboxPageRoute,
  // connections
  listProvidersRoute,
  createConnectionRoute,
  listConnectionsRoute,
  getConnectionRoute,
  updateConnectionRoute,
  deleteConnectionRoute,
  verifyConnectionRoute,
  resetConnectionRoute,
  // routing
  createRoutingPolicyRoute,
  listRoutingPoliciesRoute,
  getRoutingPolicyRoute,
  updateRoutingPolicyRoute,
  deleteRoutingPolicyRoute,
  // keys
  createKeyRoute,
  listKeysRoute,
  revokeKeyRoute,
  rotateKeyRoute,
  suspendKeyRoute,
  resumeKeyRoute,
  // webhooks
  createWebhookRoute,
  listWebhooksRoute,
  testWebhookRoute,
  getWebhookRoute,
  updateWebhookRoute,
  deleteWebhookRoute,
  rotateWebhookSecretRoute,
  listWebhookDeliveriesRoute,
  redeliverRoute,
  recoverRoute,
  // suppressions
  listSuppressionsRoute,
  addSuppressionRoute,
  getSuppressionRoute,
  removeSuppressionRoute,
  importSuppressionsRoute,
  exportSuppressionsRoute,
  // notices
  listNoticesRoute,
  // tenancy
  listOwnTenantsRoute,
  // projects
  createProjectRoute,
  listProjectsRoute,
  getProjectRoute,
  updateProjectRoute,
  rotateCallbackSecretRoute,

  // operator
  createTenantRoute,
  listTenantsRoute,
  getTenantRoute,
  updateTenantRoute,
  suspendTenantKeyRoute,
  resumeTenantKeyRoute,
  listTenantNoticesRoute,
  listGlobalSuppressionsRoute,
  addGlobalSuppressionRoute,
  removeGlobalSuppressionRoute,
  queuesRoute,
  surveyProvidersRoute,
  surveyDeadLettersRoute,
  replayAnywhereRoute,
  adminHealthRoute,
  livenessRoute,
  // docs
  openApiRoute(() => routes),
  docsRoute(() => routes),
];
