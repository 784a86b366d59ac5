import type { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } from "../../api/generated/admissionregistration-v1.ts";
import { decode } from "../../api/decode.ts";
import { applyJsonPatch } from "../../api/json-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { internalError, messageOf } from "../../api/status.ts";
import { deepEqual } from "../objects.ts";
import type { AdmissionCluster, AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { asKind } from "./match-resources.ts";
import { type WebhookCall, WebhooksPending } from "./webhook-calls.ts";
import { callFailed, callOf, GROUP, type Hook, isExempt, keyOf, matchingHooks, verdictOf } from "./webhook-hooks.ts";

/** What the second round of the mutating webhooks has to know of the first. Upstream: mutating/reinvocationcontext.go */
class Reinvocations {
  readonly #invoked = new Set<string>();
  readonly #required = new Set<string>();
  lastOutput: unknown;

  /** Asked again after the next change, if it wants to be. */
  invoked(id: string): void {
    this.#invoked.add(id);
  }

  changed(): void {
    for (const id of this.#invoked) this.#required.add(id);
    this.#invoked.clear();
  }

  isRequired(id: string): boolean {
    return this.#required.has(id);
  }
}

/** By the object that a request is about: both rounds change the same one in place. */
const reinvocations = new WeakMap<KubernetesObject, Reinvocations>();

/** Upstream: k8s.io/apiserver/pkg/admission/plugin/webhook/mutating */
export const mutatingAdmissionWebhook: AdmissionPlugin = {
  name: "MutatingAdmissionWebhook",
  mutate(request, cluster) {
    if (!request.context.webhooks || isExempt(request)) return undefined;
    const configurations = cluster.list(GROUP, "MutatingWebhookConfiguration") as readonly MutatingWebhookConfiguration[];
    if (configurations.length === 0) return undefined;
    const state = request.object ? (reinvocations.get(request.object) ?? new Reinvocations()) : new Reinvocations();
    if (request.object) reinvocations.set(request.object, state);
    if (request.reinvocation && !deepEqual(state.lastOutput, request.object)) state.changed();
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
    state.lastOutput = structuredClone(request.object);
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
  if (!object) throw internalError(new Error(`admission webhook ${JSON.stringify(hook.webhook.name)} attempted to modify the object, which is not supported for this operation`));
  const patched = patchedObject(hook, object, patch);
  if (deepEqual(patched, object)) return false;
  const target = object as unknown as Record<string, unknown>;
  for (const key of Object.keys(target)) delete target[key];
  Object.assign(target, patched);
  return true;
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
