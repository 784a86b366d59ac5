import { applyJsonPatch } from "../api/json-patch.ts";
import { applyMergePatch } from "../api/merge-patch.ts";
import { typedForm } from "./local-objects.ts";
import type { ApiObject } from "./resources.ts";

/** `--overrides` of run and expose. Upstream: k8s.io/kubectl/pkg/cmd/util/override_options.go */
export async function overridden(object: ApiObject, text: string, type: string): Promise<ApiObject> {
  if (text === "") return object;
  if (!["json", "merge", "strategic"].includes(type)) throw new Error(`invalid override type: ${type}`);
  let patch: unknown;
  try {
    patch = JSON.parse(text);
  } catch (error) {
    throw new Error("Invalid JSON Patch", { cause: error });
  }
  if (type === "json") return applyJsonPatch(object, patch) as ApiObject;
  if (type === "merge") return applyMergePatch(object, patch) as ApiObject;
  const [{ schemaOf }, { applyStrategicMergePatch }] = await Promise.all([
    import("./strategic.ts"),
    import("../api/strategic-merge-patch.ts"),
  ]);
  const schema = schemaOf({ group: "", version: object.apiVersion ?? "", kind: object.kind ?? "" });
  if (!schema) throw new Error(`no schema of ${object.kind ?? ""}`);
  return typedForm(applyStrategicMergePatch(schema, object, patch) as ApiObject);
}
