import { findValues, relaxedPath, valueText } from "../api/json-path.ts";
import type { ApiObject } from "./objects/resources.ts";

/** What an object must be like; throws when it can't be told. */
export interface StateCondition {
  readonly kind: "state";
  isMet(object: ApiObject): boolean;
}

export type Condition = { readonly kind: "create" } | { readonly kind: "delete" } | StateCondition;

/** What each --for asks for. Upstream: k8s.io/kubectl/pkg/cmd/wait conditionFuncsFor */
export function parseConditions(texts: readonly string[]): Condition[] {
  if (texts.length === 0) throw new Error("unrecognized condition: []");
  return texts.map(parseCondition);
}

function parseCondition(text: string): Condition {
  const lower = text.toLowerCase();
  if (lower === "delete" || lower === "create") return { kind: lower };
  if (text.startsWith("condition=")) {
    const [, name = "", value = "true"] = /^([^=]*)(?:=(.*))?$/s.exec(text.slice("condition=".length)) ?? [];
    return { kind: "state", isMet: (object) => hasCondition(object, name, value) };
  }
  if (!text.startsWith("jsonpath=")) throw new Error(`unrecognized condition: ${JSON.stringify(text)}`);
  const { path, value } = parseJsonPath(text.slice("jsonpath=".length));
  return { kind: "state", isMet: (object) => leadsTo(object, path, value) };
}

function hasCondition(object: ApiObject, name: string, value: string): boolean {
  const status = (object["status"] ?? {}) as {
    conditions?: { type: string; status: string; observedGeneration?: number }[];
    observedGeneration?: number;
  };
  const entry = status.conditions?.find(({ type }) => type.toLowerCase() === name.toLowerCase());
  if (!entry) return false;
  // What is said of an older generation says nothing of this one.
  const observed = entry.observedGeneration ?? status.observedGeneration;
  if (observed !== undefined && observed < (object.metadata.generation ?? 0)) return false;
  return entry.status.toLowerCase() === value.toLowerCase();
}

/** `{.a}=b`: a single `=` separates, a double one belongs to the path. */
function parseJsonPath(text: string): { path: string; value: string | undefined } {
  const parts = text
    .replaceAll("==", "\0")
    .split("=")
    .map((part) => part.replaceAll("\0", "=="));
  if (parts.length > 2)
    throw new Error("jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'");
  const path = relaxedPath(parts[0] ?? "");
  const value = parts[1]?.replace(/^['"]+|['"]+$/g, "");
  if (value === "") throw new Error("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
  if (path === "") throw new Error("jsonpath expression cannot be empty");
  findValues(path, {}, true);
  return { path, value };
}

function leadsTo(object: ApiObject, path: string, wanted: string | undefined): boolean {
  const values = findValues(path, object, true);
  if (values.length === 0) return false;
  if (values.length > 1) throw new Error("given jsonpath expression matches more than one value");
  if (wanted === undefined) return true;
  const [value] = values;
  if (typeof value === "object" && value !== null) throw new Error("jsonpath leads to a nested object or list which is not supported");
  return (value === null ? "<nil>" : valueText(value)).trim() === wanted.trim();
}
