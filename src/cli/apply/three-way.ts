import type { StructType } from "../../api/schema.ts";
import type { Json } from "../connection/client.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import { messageOf } from "../errors.ts";
import { LAST_APPLIED } from "./last-applied.ts";
import { renderJson, sortKeys } from "../printers/output.ts";
import type { ApiObject } from "../objects/resources.ts";
import { schemaOf } from "../objects/strategic.ts";

export interface Patch {
  readonly body: Json;
  readonly contentType: string;
  readonly schema: StructType | undefined;
}

export interface Ways {
  readonly info: ResourceInfo;
  readonly modified: ApiObject;
  readonly live: ApiObject;
  /** Whether what others have changed meanwhile gives way. */
  readonly overwrite: boolean;
  /** Told when a schema of the server is of no help. */
  readonly warn?: ((text: string) => void) | undefined;
}

/** What makes the live object what it was modified to; fields that were applied and are no more go. Upstream: Patcher.patchSimple */
export async function threeWay(ways: Ways): Promise<Patch> {
  const { info, modified, live } = ways;
  const original = live.metadata.annotations?.[LAST_APPLIED] ?? "";
  const schema = schemaOf(info);
  try {
    const body = sortKeys(schema ? await strategicPatch(schema, original, ways) : await mergePatch(original, ways)) as Json;
    return { body, contentType: `application/${schema ? "strategic-" : ""}merge-patch+json`, schema };
  } catch (error) {
    if (!(error instanceof PatchRefused)) throw error;
    // The real kubectl tries three ways to know the schema, which all fail alike.
    if (schema)
      for (const spec of ["openapi v3 spec", "openapi spec"])
        ways.warn?.(`warning: error calculating patch from ${spec}: ${messageOf(error)}\n`);
    const text = (object: ApiObject) => `${renderJson(sortKeys(object), 0)}\n`;
    throw new Error(
      `creating patch with:\noriginal:\n${original}\nmodified:\n${text(modified)}\ncurrent:\n${text(live)}\nfor: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

class PatchRefused extends Error {}

function parseOriginal(text: string, refusal: string): Json {
  try {
    return text === "" ? {} : (JSON.parse(text) as Json);
  } catch (error) {
    throw new PatchRefused(refusal, { cause: error });
  }
}

async function mergePatch(text: string, { modified, live }: Ways): Promise<Json> {
  const { createThreeWayMergePatch } = await import("../../api/merge-patch.ts");
  return createThreeWayMergePatch(parseOriginal(text, "invalid JSON Document"), modified, live);
}

async function strategicPatch(schema: StructType, text: string, { modified, live, overwrite }: Ways): Promise<Json> {
  const { createThreeWayStrategicPatch } = await import("../../api/strategic-merge-patch.ts");
  const original = parseOriginal(text, "invalid JSON document");
  const patch = createThreeWayStrategicPatch(schema, original, modified, live);
  if (overwrite) return patch;
  const { conflictingChanges } = await import("../../api/strategic-conflicts.ts");
  const changes = conflictingChanges(schema, patch, { original, current: live });
  if (changes === undefined) return patch;
  const { renderYaml } = await import("../../api/yaml.ts");
  throw new PatchRefused(`patch:\n${renderYaml(patch)}\nconflicts with changes made from original to current:\n${renderYaml(changes)}\n`);
}
