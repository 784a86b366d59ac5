import { required } from "../field-errors.ts";
import type { MutatingWebhookConfiguration } from "../generated/admissionregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { age, integer } from "./support/columns.ts";
import { notSimulated } from "./support/not-simulated.ts";

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
  setDefaults(configuration) {
    for (const webhook of configuration.webhooks ?? []) {
      webhook.failurePolicy ??= "Fail";
      webhook.matchPolicy ??= "Equivalent";
      webhook.namespaceSelector ??= {};
      webhook.objectSelector ??= {};
      webhook.timeoutSeconds ??= 10;
      webhook.reinvocationPolicy ??= "Never";
      for (const rule of webhook.rules ?? []) rule.scope ??= "*";
      if (webhook.clientConfig?.service) webhook.clientConfig.service.port ??= 443;
    }
  },
  validate: ({ webhooks }) =>
    (webhooks ?? []).flatMap((webhook, index) => [
      ...(webhook.sideEffects ? [] : [required(`webhooks[${index}].sideEffects`, "must specify one of None, NoneOnDryRun")]),
      ...(webhook.admissionReviewVersions?.length ? [] : [required(`webhooks[${index}].admissionReviewVersions`, "must specify one of v1, v1beta1")]),
    ]),
  warnings: notSimulated("MutatingWebhookConfigurations", "no webhook is called"),
  columns: [integer("Webhooks", "How many webhooks it names.", ({ webhooks }) => webhooks?.length ?? 0), age()],
};
