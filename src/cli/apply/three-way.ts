import type { StructType } from "../../api/schema.ts";
import type { Json } from "../client.ts";
import type { CommandContext } from "../command.ts";
import { messageOf } from "../errors.ts";
import { LAST_APPLIED, withLastApplied } from "../last-applied.ts";
import { renderJson, sortKeys } from "../printers/output.ts";
import type { ApiObject, Target } from "../resources.ts";
import { schemaOf } from "../strategic.ts";

export interface Patch {
  readonly body: Json;
  readonly contentType: string;
  readonly schema: StructType | undefined;
}

/** What the three ways are between. */
interface Ways {
  readonly original: string;
  readonly modified: ApiObject;
  readonly current: ApiObject;
}

/** What makes the live object what the file says; fields that were applied and are in the file no more go. Upstream: Patcher.patchSimple */
export async function threeWay(context: CommandContext, target: Pick<Target, "info" | "manifest">, live: ApiObject): Promise<Patch> {
  const modified = withLastApplied(target.manifest as ApiObject);
  const ways: Ways = { original: live.metadata.annotations?.[LAST_APPLIED] ?? "", modified, current: live };
  const schema = schemaOf(target.info);
  try {
    const body = sortKeys(schema ? await strategicPatch(context, schema, ways) : await mergePatch(ways)) as Json;
    return { body, contentType: `application/${schema ? "strategic-" : ""}merge-patch+json`, schema };
  } catch (error) {
    if (!(error instanceof PatchRefused)) throw error;
    // The real kubectl tries three ways to know the schema, which all fail alike.
    if (schema && context.flags.bool("openapi-patch"))
      for (const spec of ["openapi v3 spec", "openapi spec"])
        context.io.err(`warning: error calculating patch from ${spec}: ${messageOf(error)}\n`);
    const text = (object: ApiObject) => `${renderJson(sortKeys(object), 0)}\n`;
    throw new Error(
      `creating patch with:\noriginal:\n${ways.original}\nmodified:\n${text(modified)}\ncurrent:\n${text(live)}\nfor: ${messageOf(error)}`,
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

async function mergePatch({ original, modified, current }: Ways): Promise<Json> {
  const { createThreeWayMergePatch } = await import("../../api/merge-patch.ts");
  return createThreeWayMergePatch(parseOriginal(original, "invalid JSON Document"), modified, current);
}

async function strategicPatch(context: CommandContext, schema: StructType, ways: Ways): Promise<Json> {
  const { createThreeWayStrategicPatch } = await import("../../api/strategic-merge-patch.ts");
  const { modified, current } = ways;
  const original = parseOriginal(ways.original, "invalid JSON document");
  const patch = createThreeWayStrategicPatch(schema, original, modified, current);
  if (context.flags.bool("overwrite")) return patch;
  const { conflictingChanges } = await import("../../api/strategic-conflicts.ts");
  const changes = conflictingChanges(schema, patch, { original, current });
  if (changes === undefined) return patch;
  const { renderYaml } = await import("../../api/yaml.ts");
  throw new PatchRefused(`patch:\n${renderYaml(patch)}\nconflicts with changes made from original to current:\n${renderYaml(changes)}\n`);
}
