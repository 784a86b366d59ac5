import type { ValidatingWebhookConfiguration } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";
import { defaultWebhook, validateWebhooks } from "./support/webhook-validation.ts";

/** Upstream: pkg/registry/admissionregistration */
export const validatingWebhookConfigurations: Kind<ValidatingWebhookConfiguration> = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  singular: "validatingwebhookconfiguration",
  categories: ["api-extensions"],
  namespaced: false,
  hasGeneration: true,
  schema: { package: "admissionregistration/v1", type: "ValidatingWebhookConfiguration" },
  setDefaults({ webhooks }) {
    for (const webhook of webhooks ?? []) defaultWebhook(webhook);
  },
  validate: ({ webhooks }) => validateWebhooks(webhooks),
  columns: [integer("Webhooks", "How many webhooks it names.", ({ webhooks }) => webhooks?.length ?? 0), age()],
};
