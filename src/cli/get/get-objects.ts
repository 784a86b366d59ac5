import { findText } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { throwAll } from "../errors.ts";
import { outputFormat, type ObjectPrinter } from "../printers/output.ts";
import { tableWriter } from "../printers/tab-writer.ts";
import { hasFiles } from "../objects/resource-arguments.ts";
import { fetchObjects, isSingle, type ApiObject, type Target } from "../objects/resources.ts";

/** Undefined for custom columns. */
type PrinterOf = (context: CommandContext) => Promise<ObjectPrinter | undefined>;

/** Objects in a structured form; several become a List. Upstream: k8s.io/kubectl/pkg/cmd/get/get.go printGeneric */
export async function getObjects(
  context: CommandContext,
  targets: readonly Target[],
  { printerOf, errors }: { readonly printerOf: PrinterOf; readonly errors: unknown[] },
): Promise<void> {
  const { flags } = context;
  const ignoreNotFound = flags.bool("ignore-not-found");
  const found = await fetchObjects(context, targets, {
    selector: flags.text("selector"),
    fieldSelector: flags.text("field-selector"),
    chunkSize: flags.number("chunk-size"),
    subresource: flags.text("subresource"),
    latest: true,
    errors,
    ignoreNotFound,
  });
  const single = isOneImplied(context, targets);
  if (single) throwAll(errors);
  if (found.length > 0 || !ignoreNotFound) {
    // What is wrong with -o is told once the objects are there.
    const printer = await printerOf(context);
    const alone = single && found.length === 1 ? found[0]?.object : undefined;
    const objects = alone
      ? [alone]
      : await sorted(
          flags.text("sort-by"),
          found.map(({ object }) => object),
        );
    if (!printer) context.io.out(await customColumns(context, objects));
    else if (outputFormat(flags).format === "name") context.io.out(objects.map(printer).join(""));
    else context.io.out(printer(alone ?? listOf(objects)));
  }
  throwAll(errors);
}

const listOf = (items: readonly ApiObject[]): Json => ({ apiVersion: "v1", items, kind: "List", metadata: { resourceVersion: "" } });

/** One name, or one path, though several may be there. */
function isOneImplied(context: CommandContext, targets: readonly Target[]): boolean {
  if (!hasFiles(context)) return targets.length === 1 && targets.every(isSingle);
  const [file = "", ...more] = context.flags.list("filename");
  return more.length === 0 && file !== "-";
}

async function sorted(path: string, objects: ApiObject[]): Promise<ApiObject[]> {
  if (path === "") return objects;
  const { sortByPath } = await import("./sort-objects.ts");
  return sortByPath(objects, path, (object) => object);
}

async function customColumns(context: CommandContext, objects: readonly ApiObject[]): Promise<string> {
  const { parseCustomColumns, parseCustomColumnsFile, renderCustomColumns } = await import("../printers/custom-columns.ts");
  const { format, argument } = outputFormat(context.flags);
  const columns = format === "custom-columns-file" ? parseCustomColumnsFile(readColumns(argument)) : parseCustomColumns(argument);
  return tableWriter(true).render(renderCustomColumns(columns, objects, !context.flags.bool("no-headers")));
}

function readColumns(file: string): string {
  if (file === "") throw new Error("custom-columns format specified but no custom columns given");
  const text = findText(file);
  if (text === undefined) throw new Error(`error reading template ${file}, open ${file}: no such file or directory`);
  return text;
}
