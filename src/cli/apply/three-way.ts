import type { StructType } from "../../api/schema.ts";
import type { Json } from "../client.ts";
import type { CommandContext } from "../command.ts";
import { LAST_APPLIED, withLastApplied } from "../last-applied.ts";
import type { ApiObject, Target } from "../resources.ts";
import { schemaOf } from "../strategic.ts";

export interface Patch {
  readonly body: Json;
  readonly contentType: string;
  readonly schema: StructType | undefined;
}

/** What makes the live object what the file says; fields that were applied and are in the file no more go. Upstream: Patcher.patchSimple */
export async function threeWay(_context: CommandContext, target: Pick<Target, "info" | "manifest">, live: ApiObject): Promise<Patch> {
  const modified = withLastApplied(target.manifest as ApiObject);
  const text = live.metadata.annotations?.[LAST_APPLIED];
  const original = text === undefined || text === "" ? {} : (JSON.parse(text) as Json);
  const schema = schemaOf(target.info);
  if (schema === undefined) {
    const { createThreeWayMergePatch } = await import("../../api/merge-patch.ts");
    return { body: createThreeWayMergePatch(original, modified, live), contentType: "application/merge-patch+json", schema };
  }
  const { createThreeWayStrategicPatch } = await import("../../api/strategic-merge-patch.ts");
  return {
    body: createThreeWayStrategicPatch(schema, original, modified, live),
    contentType: "application/strategic-merge-patch+json",
    schema,
  };
}
