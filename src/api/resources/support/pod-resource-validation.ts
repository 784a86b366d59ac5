import { type FieldError, forbidden, invalid, required } from "../../field-errors.ts";
import type { ResourceRequirements } from "../../generated/core-v1.ts";
import { isQuantity, parseQuantity } from "../../quantity.ts";
import { isQualifiedName } from "../../validation/names.ts";

// Upstream: ValidateContainerResourceRequirements, pkg/apis/core/helper/helpers.go

const CONTAINER_RESOURCES = new Set(["cpu", "memory", "ephemeral-storage"]);
const COUNTED = new Set([
  "pods",
  "services",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
]);
const STANDARD = new Set([
  ...CONTAINER_RESOURCES,
  ...COUNTED,
  "storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
]);
const isHugePages = (name: string) => name.startsWith("hugepages-");
const isNative = (name: string) => !name.includes("/") || name.includes("kubernetes.io/");
const isExtended = (name: string) => !isNative(name) && !name.startsWith("requests.") && isQualifiedName(`requests.${name}`).length === 0;
/** Whether requests may be lower than limits. */
const allowsOvercommit = (name: string) => isNative(name) && !isHugePages(name);

export function validateContainerResources(resources: ResourceRequirements, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { limits = {}, requests = {} } = resources;
  for (const [name, amount] of Object.entries(limits)) errors.push(...validateResource(name, amount, `${path}.limits[${name}]`));
  for (const [name, amount] of Object.entries(requests)) {
    errors.push(...validateResource(name, amount, `${path}.requests[${name}]`));
    const limit = limits[name];
    if (limit !== undefined && isQuantity(limit) && isQuantity(amount)) {
      const order = parseQuantity(amount).compare(parseQuantity(limit));
      const shown = parseQuantity(amount).toString();
      const max = parseQuantity(limit).toString();
      if (order !== 0 && !allowsOvercommit(name))
        errors.push(invalid(`${path}.requests`, shown, `must be equal to ${name} limit of ${max}`));
      else if (order > 0) errors.push(invalid(`${path}.requests`, shown, `must be less than or equal to ${name} limit of ${max}`));
    } else if (!allowsOvercommit(name)) errors.push(required(`${path}.limits`, "Limit must be set for non overcommitable resources"));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.some((name) => name === "cpu" || name === "memory"))
    errors.push(forbidden(path, "HugePages require cpu or memory"));
  return errors;
}

function validateResource(name: string, amount: string, path: string): FieldError[] {
  const errors = isQualifiedName(name).map((message) => invalid(path, name, message));
  if (!name.includes("/")) {
    if (!STANDARD.has(name) && !isHugePages(name)) errors.push(invalid(path, name, "must be a standard resource type or fully qualified"));
    if (!CONTAINER_RESOURCES.has(name) && !isHugePages(name))
      errors.push(invalid(path, name, "must be a standard resource for containers"));
  } else if (!isNative(name) && !isExtended(name)) errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
  if (!isQuantity(amount)) return errors;
  const quantity = parseQuantity(amount);
  if (quantity.nanos < 0n) errors.push(invalid(path, quantity.toString(), "must be greater than or equal to 0"));
  if ((COUNTED.has(name) || isExtended(name)) && quantity.nanos % 1_000_000_000n !== 0n)
    errors.push(invalid(path, quantity.toString(), "must be an integer"));
  return errors;
}
