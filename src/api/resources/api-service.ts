import { type FieldError, invalid, notSupported, required } from "../field-errors.ts";
import type { APIService } from "../generated/apiregistration-v1.ts";
import type { Kind } from "../kind.ts";
import { isDns1035Label, isDns1123Subdomain, isPortNumber } from "../validation/names.ts";
import { age, text } from "./support/columns.ts";

const STATUSES = ["True", "False", "Unknown"];

/** Upstream: kube-aggregator/pkg/registry/apiservice */
export const apiServices: Kind<APIService> = {
  group: "apiregistration.k8s.io",
  version: "v1",
  kind: "APIService",
  plural: "apiservices",
  singular: "apiservice",
  categories: ["api-extensions"],
  namespaced: false,
  nameRule: "path-segment",
  schema: { package: "apiregistration/v1", type: "APIService" },
  subresources: { status: { verbs: ["get", "patch", "update"] } },
  setDefaults({ spec }) {
    if (spec.service) spec.service.port ??= 443;
  },
  prepareForCreate(service) {
    // Nobody has to look whether a group of this server is there.
    if (!service.spec.service)
      service.status = { conditions: [{ ...LOCAL_CONDITION, lastTransitionTime: service.metadata.creationTimestamp }] };
  },
  validate: (service) => [...validateName(service), ...validateSpec(service)],
  validateStatusUpdate: ({ status }) =>
    (status.conditions ?? []).flatMap((condition, index) =>
      STATUSES.includes(condition.status) ? [] : [notSupported(`status.conditions[${index}].status`, condition.status, STATUSES)],
    ),
  columns: [
    text("Service", "The reference to the service that hosts this API endpoint.", ({ spec }) =>
      spec.service ? `${spec.service.namespace ?? ""}/${spec.service.name ?? ""}` : "Local",
    ),
    text("Available", "Whether this service is available.", (service) => availability(service)),
    age(),
  ],
};

export const LOCAL_CONDITION = { type: "Available", status: "True", reason: "Local", message: "Local APIServices are always available" };

function availability({ status }: APIService): string {
  const condition = status?.conditions?.find((other) => other.type === "Available");
  if (!condition) return "Unknown";
  return condition.status === "True" || !condition.reason ? condition.status : `${condition.status} (${condition.reason})`;
}

function validateName({ metadata, spec }: APIService): FieldError[] {
  const wanted = `${spec.version ?? ""}.${spec.group ?? ""}`;
  return metadata.name === wanted
    ? []
    : [invalid("metadata.name", metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)];
}

function validateSpec({ spec }: APIService): FieldError[] {
  const { group = "", version = "", service, groupPriorityMinimum = 0, versionPriority = 0 } = spec;
  const errors: FieldError[] = [];
  if (group === "" && version !== "v1") errors.push(required("spec.group", "only v1 may have an empty group and it better be legacy kube"));
  if (group !== "") for (const message of isDns1123Subdomain(group)) errors.push(invalid("spec.group", group, message));
  for (const message of isDns1035Label(version)) errors.push(invalid("spec.version", version, message));
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > 20_000)
    errors.push(invalid("spec.groupPriorityMinimum", groupPriorityMinimum, "must be positive and less than 20000"));
  if (versionPriority <= 0 || versionPriority > 1000)
    errors.push(invalid("spec.versionPriority", versionPriority, "must be positive and less than 1000"));
  if (!service) {
    const bytes = Buffer.byteLength(spec.caBundle ?? "", "base64");
    if (bytes > 0) errors.push(invalid("spec.caBundle", `${bytes} bytes`, "local APIServices may not have a caBundle"));
    if (spec.insecureSkipTLSVerify)
      errors.push(invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify"));
    return errors;
  }
  if (!service.namespace) errors.push(required("spec.service.namespace"));
  if (!service.name) errors.push(required("spec.service.name"));
  for (const message of isPortNumber(service.port ?? 443))
    errors.push(invalid("spec.service.port", service.port, `port is not valid: ${message}`));
  if (spec.insecureSkipTLSVerify && spec.caBundle)
    errors.push(invalid("spec.insecureSkipTLSVerify", true, "may not be true if caBundle is present"));
  return errors;
}
