import { AdmissionCompiler, type CompiledExpression } from "../../api/admission-expressions.ts";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhookConfiguration,
} from "../../api/generated/admissionregistration-v1.ts";
import type { Kind } from "../../api/kind.ts";
import { badRequest, forbiddenRequest, internalError, StatusError } from "../../api/status.ts";
import type { AdmissionCluster, AdmissionRequest } from "./admission.ts";
import { describeRequest, expressionInput, matchConditions } from "./expression-input.ts";
import { asKind, matchedKind } from "./match-resources.ts";
import type { WebhookAnswer, WebhookCall } from "./webhook-calls.ts";

/** A webhook that a request has to pass. */
export interface Hook {
  /** A validating one says nothing of reinvocation. */
  readonly webhook: MutatingWebhook;
  readonly matched: Kind;
  /** Tells this webhook, as it is configured now, from all others. */
  readonly id: string;
}

export const GROUP = "admissionregistration.k8s.io";
const DEFAULT_TIMEOUT_SECONDS = 10;
const REVIEW_VERSIONS = ["v1", "v1beta1"];

/** The webhooks of one configuration that the request matches. Upstream: ShouldCallHook in webhook/generic/webhook.go */
export function* matchingHooks(
  configuration: MutatingWebhookConfiguration | ValidatingWebhookConfiguration,
  request: AdmissionRequest,
  cluster: AdmissionCluster,
): Generator<Hook> {
  for (const [index, webhook] of (configuration.webhooks ?? []).entries()) {
    const { rules, matchPolicy, namespaceSelector, objectSelector } = webhook;
    const matched = matchedKind({ rules, matchPolicy, namespaceSelector, objectSelector }, request, cluster, false);
    if (!matched || !meetsConditions(webhook, request, matched, cluster)) continue;
    yield { webhook, matched, id: `${configuration.metadata.uid}/${configuration.metadata.resourceVersion}/${index}` };
  }
}

const conditionPrograms = new WeakMap<object, readonly CompiledExpression[]>();

function meetsConditions(webhook: MutatingWebhook, request: AdmissionRequest, matched: Kind, cluster: AdmissionCluster): boolean {
  if (!webhook.matchConditions?.length) return true;
  let programs = conditionPrograms.get(webhook);
  if (!programs) {
    const compiler = new AdmissionCompiler({ hasParams: false });
    programs = webhook.matchConditions.map(({ expression }) => compiler.compile(expression, ["bool"]));
    conditionPrograms.set(webhook, programs);
  }
  // Conditions are evaluated without the namespace.
  const input = { ...expressionInput(request, matched, cluster), namespaceObject: null };
  const result = matchConditions(programs, input, webhook.failurePolicy);
  if (result.error !== undefined) throw forbiddenRequest(request.kind, request.name, result.error);
  return result.matches;
}

/** Configurations of admission are never put before webhooks: nobody locks themselves out. */
export function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === GROUP;
}

/** The question as it is asked now. Throws where the webhook may not be asked. */
export function callOf(hook: Hook, phase: string, request: AdmissionRequest, cluster: AdmissionCluster): WebhookCall {
  const { webhook, matched } = hook;
  if (request.context.dryRun && webhook.sideEffects !== "None" && webhook.sideEffects !== "NoneOnDryRun") {
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`);
  }
  const version = webhook.admissionReviewVersions.find((known) => REVIEW_VERSIONS.includes(known)) ?? "v1";
  return {
    key: keyOf(hook, phase, request),
    clientConfig: webhook.clientConfig,
    timeoutSeconds: webhook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
    review: {
      kind: "AdmissionReview",
      apiVersion: `admission.k8s.io/${version}`,
      request: {
        uid: cluster.rng.uuid(),
        ...describeRequest(request, matched),
        // Later changes of the object must not change what was asked.
        object: structuredClone(asKind(matched, request.object)),
        oldObject: asKind(matched, request.old),
      },
    },
  };
}

/** A question is the same as long as nobody else has written the object or the configuration in between. */
export function keyOf({ id }: Hook, phase: string, request: AdmissionRequest): string {
  const { kind, namespace = "", name, subresource = "", operation, old } = request;
  return [id, phase, operation, kind.group, kind.plural, subresource, namespace, name, old?.metadata.resourceVersion ?? ""].join("/");
}

export interface WebhookVerdict {
  readonly allowed: true;
  readonly warnings: readonly string[];
  /** JSON patch, in base64. */
  readonly patch: string | undefined;
}

interface Response {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: { readonly code?: number; readonly message?: string; readonly reason?: string; readonly status?: string };
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
}

/** What the answer means. Undefined: the call failed and may be ignored. Throws what the client is told. */
export function verdictOf({ webhook }: Hook, answer: WebhookAnswer, mutating: boolean): WebhookVerdict | undefined {
  if (answer.failure !== undefined) return callFailed(webhook, `failed to call webhook: ${answer.failure}`);
  const problem = verify(answer, webhook, mutating);
  if (problem !== undefined) return callFailed(webhook, `received invalid webhook response: ${problem}`);
  const response = (answer.review as { response: Response }).response;
  if (!response.allowed) throw rejected(webhook.name, response.status);
  return { allowed: true, warnings: response.warnings ?? [], patch: response.patch };
}

/** Ignored or not, as the webhook's failurePolicy has it. */
export function callFailed(webhook: MutatingWebhook, reason: string): undefined {
  if (webhook.failurePolicy === "Ignore") return undefined;
  throw internalError(new Error(`failed calling webhook ${JSON.stringify(webhook.name)}: ${reason}`));
}

/** Upstream: VerifyAdmissionResponse in webhook/request/admissionreview.go */
function verify(answer: WebhookAnswer & { readonly review: unknown }, webhook: MutatingWebhook, mutating: boolean): string | undefined {
  const review = answer.review as { apiVersion?: string; kind?: string; response?: Response } | null;
  const response = review?.response;
  if (!response) return "webhook response was absent";
  if (!webhook.admissionReviewVersions.includes("v1")) return undefined;
  if (response.uid !== answer.uid) return `expected response.uid=${JSON.stringify(answer.uid)}, got ${JSON.stringify(response.uid ?? "")}`;
  if (review.apiVersion !== "admission.k8s.io/v1" || review.kind !== "AdmissionReview") {
    return `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${review.apiVersion ?? "/"}, Kind=${review.kind ?? ""}`;
  }
  if (!mutating) {
    if (response.patch) return "validating webhook may not return response.patch";
    return response.patchType === undefined ? undefined : "validating webhook may not return response.patchType";
  }
  if (response.patch && response.patchType === undefined) return "webhook returned response.patch but not response.patchType";
  if (!response.patch && response.patchType !== undefined) return "webhook returned response.patchType but not response.patch";
  return response.patchType === "" ? 'webhook returned invalid response.patchType of ""' : undefined;
}

/** Upstream: ToStatusErr in webhook/errors/statuserror.go */
function rejected(name: string, status: Response["status"]): StatusError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const why = status?.message || status?.reason;
  const code = status?.code !== undefined && status.code >= 400 ? status.code : 400;
  return new StatusError({ ...status, code, message: why ? `${by}: ${why}` : `${by} without explanation` });
}
