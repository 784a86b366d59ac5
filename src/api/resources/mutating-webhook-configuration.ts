import type { MutatingWebhookConfiguration } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";
import { defaultWebhook, validateWebhooks } from "./support/webhook-validation.ts";

/** Upstream: pkg/registry/admissionregistration */
export const mutatingWebhookConfigurations: Kind<MutatingWebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  singular: "mutatingwebhookconfiguration",
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "admissionregistration/v1", type: "MutatingWebhookConfiguration" },
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) {
      defaultWebhook(webhook);
      webhook.reinvocationPolicy ??= "Never";
    }
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
  columns: [integer("Webhooks", "How many webhooks it names.", ({ webhooks }) => webhooks?.length ?? 0), age()],
};
