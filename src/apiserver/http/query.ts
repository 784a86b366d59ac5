import { notSupported } from "../../api/field-errors.ts";
import { badRequest, invalidObject } from "../../api/status.ts";
import type { ListQuery } from "../list-options.ts";
import type { FieldValidation } from "../request-context.ts";

export function isTrue(value: string | null): boolean {
  return value === "true" || value === "1" || value === "True" || value === "TRUE" || value === "t" || value === "T";
}

export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export function listQueryOf(query: URLSearchParams, namespace: string | undefined): ListQuery {
  return {
    namespace,
    labelSelector: query.get("labelSelector") ?? undefined,
    fieldSelector: query.get("fieldSelector") ?? undefined,
    limit: numberOf(query, "limit"),
    continue: query.get("continue") ?? undefined,
    resourceVersion: query.get("resourceVersion") ?? undefined,
    resourceVersionMatch: query.get("resourceVersionMatch") ?? undefined,
  };
}

export function dryRunOf(values: readonly string[]): boolean {
  if (values.length === 0) return false;
  if (values.every((value) => value === "All")) return true;
  throw invalidObject({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [notSupported("dryRun", values, ["All"])]);
}

export function fieldValidationOf(value: string | null): FieldValidation {
  // Without a word from the client the server warns.
  if (value === null || value === "") return "Warn";
  if (value === "Strict" || value === "Warn" || value === "Ignore") return value;
  throw invalidObject({ group: "meta.k8s.io", kind: "CreateOptions" }, "", [
    notSupported("fieldValidation", value, ["Ignore", "Strict", "Warn"]),
  ]);
}
