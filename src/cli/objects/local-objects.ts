import { schemaOf as typeOf, structType, type SchemaType, type StructType } from "../../api/schema.ts";
import type { CommandContext } from "../command.ts";
import type { ResourceInfo } from "../connection/discovery.ts";
import { assertTyped, readManifests } from "./manifests.ts";
import { checkFiles, hasFiles, NOTHING_GIVEN } from "./resource-arguments.ts";
import type { ApiObject, Found } from "./resources.ts";

const FILES_NEEDED =
  "you must specify resources by --filename when --local is set.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'";

/**
 * The objects of the files themselves, for --local: no server is asked.
 * @param held "typed" where kubectl decodes them into Go structs, which write fields that nobody gave.
 */
// Upstream: cli-runtime/pkg/resource/builder.go Local
export async function localObjects(context: CommandContext, args: readonly string[], held: "unstructured" | "typed"): Promise<Found[]> {
  if (args.length > 0) throw new Error(FILES_NEEDED);
  checkFiles(context);
  if (!hasFiles(context)) throw new Error(NOTHING_GIVEN);
  const manifests = await readManifests(context);
  if (held === "typed") for (const manifest of manifests) await assertTyped(manifest);
  return manifests.map(({ object }) => ({
    info: infoOf(object),
    namespace: object.metadata.namespace,
    name: object.metadata.name ?? "",
    object: held === "typed" ? typedForm(object) : object,
  }));
}

/** What can be said of a resource without discovery. */
function infoOf(object: ApiObject): ResourceInfo {
  const { apiVersion = "", kind = "" } = object;
  const cut = apiVersion.indexOf("/");
  const singular = kind.toLowerCase();
  return {
    group: cut < 0 ? "" : apiVersion.slice(0, cut),
    version: apiVersion.slice(cut + 1),
    kind,
    singular,
    resource: cut < 0 ? singular : `${singular}.${apiVersion.slice(0, cut)}`,
    namespaced: true,
    verbs: [],
    shortNames: [],
    categories: [],
    subresources: [],
  };
}

/** The object as a Go struct would be written. */
export function typedForm(object: ApiObject): ApiObject {
  const found = typeOf(object.apiVersion ?? "", object.kind ?? "");
  return found ? (filled(structType(found.package, found.type), object) as ApiObject) : object;
}

function filled(type: SchemaType, value: unknown): unknown {
  if (type.form === "list" && Array.isArray(value)) return value.map((each) => filled(type.item, each));
  if (typeof value !== "object" || value === null) return value;
  if (type.form === "map") return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, filled(type.value, each)]));
  if (type.form !== "struct") return value;
  const given = Object.entries(value).map(([key, each]) => {
    const field = type.fields.get(key);
    return [key, field ? filled(field.type, each) : each] as const;
  });
  return { ...writtenFields(type), ...Object.fromEntries(given) };
}

/** What Go writes though nobody gave it; structs have such fields themselves. */
const writtenFields = (type: StructType): Record<string, unknown> =>
  Object.fromEntries(
    [...type.written].map(([key, zero]) => {
      const field = type.fields.get(key);
      return [key, field ? filled(field.type, zero) : structuredClone(zero)];
    }),
  );
