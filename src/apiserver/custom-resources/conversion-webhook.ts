import type { CustomResourceDefinition } from "../../api/generated/apiextensions-v1.ts";
import { isObject, sameJson } from "../../api/merge-patch.ts";
import type { KubernetesObject } from "../../api/meta.ts";
import { StatusError } from "../../api/status.ts";
import type { Rng } from "../../util/rng.ts";
import { type WebhookAnswer, type WebhookCall, WebhooksPending } from "../admission/webhook-calls.ts";
import { cloneJson } from "../objects.ts";

const GROUP = "apiextensions.k8s.io";
const REVIEW_VERSIONS = ["v1", "v1beta1"];
// Upstream: the webhook client's own limit
const TIMEOUT_SECONDS = 30;
const KEPT_MAX = 5000;

type Converted = Readonly<Record<string, unknown>>;

/**
 * Asks a definition's webhook for objects in another version. What it said is kept by what it was asked: the spec, not the times and revisions of metadata.
 * Upstream: apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go
 */
export class ConversionWebhook {
  readonly #crd: CustomResourceDefinition;
  readonly #rng: Rng;
  readonly #converted = new Map<string, Converted>();
  /** Told to the requests that wait for them, and forgotten. */
  readonly #failures = new Map<string, string>();

  constructor(crd: CustomResourceDefinition, rng: Rng) {
    this.#crd = crd;
    this.#rng = rng;
  }

  /** Throws WebhooksPending until the webhook has answered, and a StatusError with what went wrong. */
  convert(object: KubernetesObject, apiVersion: string): KubernetesObject {
    if (object.apiVersion === apiVersion) return object;
    const key = keyOf(object, apiVersion);
    const failure = this.#failures.get(key);
    if (failure !== undefined) {
      this.#failures.clear();
      throw new StatusError({ code: 500, message: failure });
    }
    const converted = this.#converted.get(key);
    if (!converted) throw new WebhooksPending([this.#call(object, apiVersion, key)]);
    return withMetadataOf(object, cloneJson(converted) as unknown as KubernetesObject);
  }

  #call(object: KubernetesObject, apiVersion: string, key: string): WebhookCall {
    const { clientConfig = {}, conversionReviewVersions = [] } = this.#crd.spec.conversion?.webhook ?? {};
    const version = conversionReviewVersions.find((known) => REVIEW_VERSIONS.includes(known)) ?? "v1";
    const uid = this.#rng.uuid();
    return {
      key: `conversion ${key}`,
      clientConfig,
      timeoutSeconds: TIMEOUT_SECONDS,
      review: {
        kind: "ConversionReview",
        apiVersion: `${GROUP}/${version}`,
        request: { uid, desiredAPIVersion: apiVersion, objects: [object] },
      },
      answered: (answer) => this.#keep(key, readAnswer(answer, { object, apiVersion, version })),
    };
  }

  #keep(key: string, result: { readonly converted: Converted } | { readonly problem: string }): void {
    if ("problem" in result) {
      this.#failures.set(key, result.problem);
      return;
    }
    this.#converted.delete(key);
    this.#converted.set(key, result.converted);
    if (this.#converted.size > KEPT_MAX) this.#converted.delete(this.#converted.keys().next().value as string);
  }
}

function keyOf({ metadata, ...rest }: KubernetesObject, apiVersion: string): string {
  const { name, namespace, uid, labels, annotations } = metadata;
  return JSON.stringify([apiVersion, name, namespace, uid, labels, annotations, rest], inOrder);
}

/** The same object may have its fields in another order. */
function inOrder(_key: string, value: unknown): unknown {
  return isObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
}

interface Question {
  readonly object: KubernetesObject;
  readonly apiVersion: string;
  readonly version: string;
}

/** Upstream: getConvertedObjectsFromResponse, Convert */
function readAnswer(answer: WebhookAnswer, question: Question): { readonly converted: Converted } | { readonly problem: string } {
  const { object, apiVersion } = question;
  const slash = (object.apiVersion ?? "").indexOf("/");
  const from = `${object.apiVersion?.slice(0, slash)}/${object.apiVersion?.slice(slash + 1)}, Kind=${object.kind}`;
  const failed = (what: string) => ({ problem: `conversion webhook for ${from} ${what}` });
  if (answer.failure !== undefined) return failed(`failed: ${answer.failure}`);
  const problem = reviewProblem(answer, question);
  if (problem !== undefined) return failed(`failed: ${problem}`);
  const { convertedObjects } = (answer.review as { response: { convertedObjects?: unknown } }).response;
  const objects = Array.isArray(convertedObjects) ? convertedObjects : [];
  const [converted] = objects as unknown[];
  if (objects.length !== 1 || !isObject(converted)) return failed(`returned ${objects.length} objects, expected 1`);
  if (converted["apiVersion"] !== apiVersion)
    return failed(
      `returned invalid object at index 0: invalid groupVersion (expected ${apiVersion}, received ${text(converted["apiVersion"])})`,
    );
  if (converted["kind"] !== object.kind)
    return failed(`returned invalid object at index 0: invalid kind (expected ${object.kind}, received ${text(converted["kind"])})`);
  if (converted["metadata"] === undefined) return failed("returned invalid metadata: missing metadata in converted object");
  const changed = changedMetadata(object, converted as unknown as KubernetesObject);
  return changed === undefined ? { converted } : failed(`returned invalid object: ${changed}`);
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

function reviewProblem({ uid, review }: WebhookAnswer & { readonly review?: unknown }, { version }: Question): string | undefined {
  const { apiVersion, kind, response } = isObject(review) ? review : {};
  if (version === "v1" && (apiVersion !== `${GROUP}/v1` || kind !== "ConversionReview"))
    return `expected webhook response of ${GROUP}/v1, Kind=ConversionReview, got ${text(apiVersion)}, Kind=${text(kind)}`;
  if (!isObject(response)) return "no response provided";
  if (version === "v1" && response["uid"] !== uid)
    return `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(text(response["uid"]))}`;
  const result = isObject(response["result"]) ? response["result"] : {};
  if (result["status"] === "Success") return undefined;
  return text(result["message"]) || `response.result.status was '${text(result["status"])}', not 'Success'`;
}

/** Upstream: validateConvertedObject */
function changedMetadata({ metadata: before }: KubernetesObject, { metadata: after }: KubernetesObject): string | undefined {
  const fields = [
    ["name", "name"],
    ["namespace", "namespace"],
    ["uid", "UID"],
  ] as const;
  const changed = fields.find(([field]) => (before[field] ?? "") !== (after[field] ?? ""));
  return changed && `must have the same ${changed[1]}: ${before[changed[0]] ?? ""} != ${after[changed[0]] ?? ""}`;
}

/** All of the metadata but labels and annotations is the object's own. Upstream: restoreObjectMeta */
function withMetadataOf(original: KubernetesObject, converted: KubernetesObject): KubernetesObject {
  const { labels: _labels, annotations: _annotations, ...metadata } = cloneJson(original.metadata);
  const { labels, annotations } = converted.metadata;
  const restored = { ...metadata, ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) };
  return { ...converted, metadata: sameJson(restored, original.metadata) ? cloneJson(original.metadata) : restored };
}
