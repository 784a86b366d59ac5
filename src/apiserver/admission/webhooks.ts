import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from "../../api/generated/admissionregistration-v1.ts";
import { decode } from "../../api/decode.ts";
import { applyJsonPatch } from "../../api/json-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { internalError, messageOf } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { asKind } from "./match-resources.ts";
import { ReinvocationStates, replaceObject } from "./reinvocation.ts";
import { type WebhookCall, WebhooksPending } from "./webhook-calls.ts";
import { callFailed, callOf, GROUP, type Hook, isExempt, keyOf, matchingHooks, verdictOf } from "./webhook-hooks.ts";

const states = new ReinvocationStates();

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/mutating */
export const mutatingAdmissionWebhook: AdmissionPlugin = {
  name: "MutatingAdmissionWebhook",
  connects: true,
  mutate(request, cluster) {
    if (!request.context.webhooks || isExempt(request)) return undefined;
    const configurations = cluster.list(GROUP, "MutatingWebhookConfiguration") as readonly MutatingWebhookConfiguration[];
    if (configurations.length === 0) return undefined;
    const state = states.of(request);
    state.begin(request);
    let anyChange = false;
    for (const configuration of configurations) {
      for (const hook of matchingHooks(configuration, request, cluster)) {
        if (request.reinvocation && !state.isRequired(hook.id)) continue;
        if (askAndPatch(hook, request, cluster)) {
          anyChange = true;
          state.changed();
        }
        if (hook.webhook.reinvocationPolicy === "IfNeeded") state.invoked(hook.id);
      }
    }
    state.end(request);
    return anyChange ? "reinvoke" : undefined;
  },
};

/** @returns whether the object is another one now. */
function askAndPatch(hook: Hook, request: AdmissionRequest, cluster: AdmissionCluster): boolean {
  const phase = request.reinvocation ? "mutate-again" : "mutate";
  const answer = request.context.webhooks?.get(keyOf(hook, phase, request));
  if (!answer) throw new WebhooksPending([callOf(hook, phase, request, cluster)]);
  const verdict = verdictOf(hook, answer, true);
  request.context.warnings.push(...(verdict?.warnings ?? []));
  return verdict?.patch ? patchInPlace(hook, request, verdict.patch) : false;
}

function patchInPlace(hook: Hook, request: AdmissionRequest, encoded: string): boolean {
  const { object } = request;
  let patch: unknown;
  try {
    patch = JSON.parse(Buffer.from(encoded, "base64").toString("utf8"));
  } catch (error) {
    callFailed(hook.webhook, `received undecodable patch in webhook response: ${messageOf(error)}`);
    return false;
  }
  if (Array.isArray(patch) && patch.length === 0) return false;
  if (!object)
    throw internalError(
      new Error(
        `admission webhook ${JSON.stringify(hook.webhook.name)} attempted to modify the object, which is not supported for this operation`,
      ),
    );
  return replaceObject(object, patchedObject(hook, object, patch));
}

function patchedObject({ matched }: Hook, object: KubernetesObject, patch: unknown): KubernetesObject {
  try {
    const decoded = decode(matched, applyJsonPatch(asKind(matched, object), patch), "Ignore").object;
    matched.setDefaults?.(decoded);
    return matched.storedAs ? structuredClone(matched.storedAs.toStored(decoded)) : decoded;
  } catch (error) {
    throw internalError(error);
  }
}

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/validating */
export const validatingAdmissionWebhook: AdmissionPlugin = {
  name: "ValidatingAdmissionWebhook",
  connects: true,
  validate(request, cluster) {
    const { webhooks, warnings } = request.context;
    if (!webhooks || isExempt(request)) return;
    const configurations = cluster.list(GROUP, "ValidatingWebhookConfiguration") as readonly ValidatingWebhookConfiguration[];
    if (configurations.length === 0) return;
    const hooks = configurations.flatMap((configuration) => [...matchingHooks(configuration, request, cluster)]);
    const pending: WebhookCall[] = [];
    for (const hook of hooks) if (!webhooks.get(keyOf(hook, "validate", request))) pending.push(callOf(hook, "validate", request, cluster));
    if (pending.length > 0) throw new WebhooksPending(pending);
    for (const hook of hooks) {
      const answer = webhooks.get(keyOf(hook, "validate", request));
      if (answer) warnings.push(...(verdictOf(hook, answer, false)?.warnings ?? []));
    }
  },
};
