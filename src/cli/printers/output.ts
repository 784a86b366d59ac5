import { renderSortedJson } from "../../api/go-json.ts";
import type { Json } from "../connection/client.ts";
import type { Flags, FlagSpec } from "../flags.ts";
import { findText } from "../../host/cli-host.ts";

/** Prints objects in the form that -o asks for. */
export type ObjectPrinter = (object: Json) => string;

export const OUTPUT_FLAGS: readonly FlagSpec[] = [
  {
    name: "allow-missing-template-keys",
    type: "bool",
    default: true,
    usage: "If true, a template may name fields and keys that are not there (Go templates and jsonpath).",
  },
  {
    name: "output",
    shorthand: "o",
    type: "string",
    usage:
      "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file).",
  },
  {
    name: "show-managed-fields",
    type: "bool",
    usage: "If true, keep the managedFields when printing objects in JSON or YAML format.",
  },
  {
    name: "template",
    type: "string",
    usage: "The template of -o=go-template, or the file of -o=go-template-file.",
  },
];

const WITH_TEMPLATE = ["go-template", "go-template-file", "template", "templatefile", "jsonpath", "jsonpath-as-json", "jsonpath-file"];
const FORMATS = [
  "go-template",
  "go-template-file",
  "json",
  "jsonpath",
  "jsonpath-as-json",
  "jsonpath-file",
  "kyaml",
  "name",
  "template",
  "templatefile",
  "yaml",
];

/**
 * The printer for -o, or undefined when the format is not one of the structured ones.
 * @param held "typed" where kubectl holds Go structs: as JSON and KYAML their fields come in the order of their declaration.
 */
// Upstream: cli-runtime/pkg/genericclioptions/print_flags.go
export async function findPrinter(flags: Flags, held: "unstructured" | "typed" = "unstructured"): Promise<ObjectPrinter | undefined> {
  const { format, argument } = outputFormat(flags);
  const keep = flags.bool("show-managed-fields");
  const prepare = (object: Json) => (keep ? object : withoutManagedFields(object));
  switch (format) {
    case "json":
      if (held === "typed") {
        const { renderTypedJson } = await import("../objects/go-field-order.ts");
        return (object) => renderTypedJson(prepare(object));
      }
      return (object) => `${renderSortedJson(prepare(object))}\n`;
    case "yaml": {
      const { renderYaml } = await import("../../api/yaml.ts");
      let printed = 0;
      return (object) => `${printed++ > 0 ? "---\n" : ""}${renderYaml(prepare(object))}`;
    }
    case "kyaml": {
      const { renderKyaml } = await import("./kyaml.ts");
      if (held === "typed") {
        const { inGoOrder } = await import("../objects/go-field-order.ts");
        return (object) => renderKyaml(inGoOrder(prepare(object)), true);
      }
      // An event of a watch is a Go struct.
      return (object) => renderKyaml(prepare(object), "type" in object && "object" in object && !("kind" in object));
    }
    case "name":
      return (object) => `${nameOf(object)}\n`;
  }
  if (WITH_TEMPLATE.includes(format)) return templatePrinter(format, argument, flags);
  return undefined;
}

// These are understood in capitals too.
const PLAIN_FORMATS = new Set(["json", "yaml", "kyaml", "name"]);

/** `-o jsonpath=…` in its two parts. With --template the format stands alone. */
export function outputFormat(flags: Flags): { readonly format: string; readonly argument: string } {
  const output = flags.text("output");
  const template = flags.has("template") ? flags.text("template") : "";
  // A format that only is the default gives way.
  if (template !== "") return { format: flags.has("output") && output !== "" ? plainFormat(output) : "go-template", argument: template };
  const format = WITH_TEMPLATE.concat("custom-columns", "custom-columns-file").find((name) => output.startsWith(`${name}=`)) ?? output;
  return { format: plainFormat(format), argument: output.slice(format.length + 1) };
}

const plainFormat = (format: string) => (PLAIN_FORMATS.has(format.toLowerCase()) ? format.toLowerCase() : format);

export function unknownFormat(output: string, more: readonly string[] = []): Error {
  return new Error(
    `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: ${[...FORMATS, ...more].sort().join(",")}`,
  );
}

async function templatePrinter(format: string, template: string, flags: Flags): Promise<ObjectPrinter> {
  if (template === "") throw new Error(`template format specified but no template given`);
  const allowMissing = flags.bool("allow-missing-template-keys");
  if (format.startsWith("jsonpath")) {
    const { compileJsonPath } = await import("../../api/json-path.ts");
    const text = format === "jsonpath-file" ? readTemplate(template) : template;
    const path = compileJsonPath(text, { allowMissing, asJson: format === "jsonpath-as-json" });
    return (object) => path(object);
  }
  const { compileGoTemplate } = await import("./go-template/template.ts");
  const text = format.endsWith("file") ? readTemplate(template) : template;
  const compiled = compileGoTemplate(text, { allowMissing });
  return (object) => compiled(object);
}

function readTemplate(file: string): string {
  const text = findText(file);
  if (text === undefined) throw new Error(`error reading --template ${file}, open ${file}: no such file or directory`);
  return text;
}

export function withoutManagedFields(object: Json): Json {
  const metadata = object["metadata"] as Json | undefined;
  const items = object["items"];
  let result = object;
  if (metadata && "managedFields" in metadata) {
    const { managedFields: _, ...rest } = metadata;
    result = { ...result, metadata: rest };
  }
  return Array.isArray(items) ? { ...result, items: (items as Json[]).map(withoutManagedFields) } : result;
}

/** pod/web, deployment.apps/web. */
export function nameOf(object: Json): string {
  const [, group] = /^(?:(.*)\/)?[^/]*$/.exec(String(object["apiVersion"] ?? "")) ?? [];
  const name = (object["metadata"] as { name?: string } | undefined)?.name || "<unknown>";
  return `${String(object["kind"] ?? "").toLowerCase()}${group ? `.${group}` : ""}/${name}`;
}

export { renderJson, sortKeys } from "../../api/go-json.ts";
