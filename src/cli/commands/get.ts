import type { CommandContext, CommandSpec } from "../command.ts";
import { ExitError, throwAll } from "../errors.ts";
import { getTables } from "../get/get-tables.ts";
import { requestTimeoutMs } from "../go-duration.ts";
import { findPrinter, type ObjectPrinter, outputFormat, OUTPUT_FLAGS, unknownFormat } from "../printers/output.ts";
import { collectedTargets, hasFiles } from "../objects/resource-arguments.ts";
import { ALL_NAMESPACES_FLAG, FIELD_SELECTOR_FLAG, FILE_FLAGS, isSingle, SELECTOR_FLAG } from "../objects/resources.ts";

const get: CommandSpec = {
  usage:
    "[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]",
  long: 'Display one or many resources.\n\n Prints a table of what matters most. Filter with a label selector (-l) or a field selector; resources that live in namespaces are those of the current one, unless -A is given.\n\nUse "kubectl api-resources" for a complete list of supported resources.',
  examples:
    "# All pods\nkubectl get pods\n\n# All pods, with more about each (such as its node)\nkubectl get pods -o wide\n\n# One pod as YAML\nkubectl get pod web -o yaml\n\n# Only the phase of a pod\nkubectl get pod web -o jsonpath={.status.phase}\n\n# Chosen columns\nkubectl get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[0].image\n\n# Several kinds together\nkubectl get rs,services\n\n# Every change, as it happens\nkubectl get pods --watch",
  flags: [
    ALL_NAMESPACES_FLAG,
    {
      name: "chunk-size",
      type: "int64",
      default: 500,
      usage: "Ask for large lists in parts of this size. Pass 0 to disable.",
    },
    FIELD_SELECTOR_FLAG,
    ...FILE_FLAGS,
    {
      name: "ignore-not-found",
      type: "bool",
      usage: "If true, objects that do not exist are no error.",
    },
    {
      name: "label-columns",
      shorthand: "L",
      type: "stringSlice",
      usage: "Labels to show as columns, separated by commas; may be given several times.",
    },
    { name: "no-headers", type: "bool", usage: "Leave out the headers of a table." },
    {
      ...(OUTPUT_FLAGS.find((flag) => flag.name === "output") as (typeof OUTPUT_FLAGS)[number]),
      usage:
        "Output format. One of: (json, yaml, kyaml, name, go-template, go-template-file, template, templatefile, jsonpath, jsonpath-as-json, jsonpath-file, custom-columns, custom-columns-file, wide).",
    },
    ...OUTPUT_FLAGS.filter((flag) => flag.name !== "output"),
    {
      name: "output-watch-events",
      type: "bool",
      usage: "With --watch: print the kind of each event too.",
    },
    { name: "raw", type: "string", usage: "Path to ask the server for, as it is." },
    SELECTOR_FLAG,
    {
      name: "server-print",
      type: "bool",
      default: true,
      usage: "If true, the server renders the table.",
    },
    { name: "show-kind", type: "bool", usage: "Put the resource type in front of names." },
    { name: "show-labels", type: "bool", usage: "Show all labels in the last column." },
    {
      name: "sort-by",
      type: "string",
      usage: "Field to sort a list by, as a JSONPath expression such as '{.metadata.name}'.",
    },
    {
      name: "subresource",
      type: "string",
      usage: "Get this subresource instead, such as status or scale.",
    },
    {
      name: "watch",
      shorthand: "w",
      type: "bool",
      usage: "After listing, go on with every change.",
    },
    { name: "watch-only", type: "bool", usage: "Only the changes, without the list." },
  ],
  async run(context) {
    const { flags } = context;
    if (flags.text("raw") !== "") return getRaw(context);
    await context.checkConfig();
    if (context.args.length === 0 && !hasFiles(context) && !isWatch(context)) return missingType(context);
    validateFlags(context);
    requestTimeoutMs(flags);
    const errors: unknown[] = [];
    const targets = await collectedTargets(context, errors);
    if (targets.length === 0) throwAll(errors);
    if (flags.text("subresource") !== "" && !targets.every(isSingle))
      throw new Error("subresource cannot be used when bulk resources are specified");
    if (isWatch(context)) {
      const { watchResources } = await import("../get/watch-resources.ts");
      return watchResources(context, targets, await printerOf(context));
    }
    if (["", "wide"].includes(outputFormat(flags).format)) return getTables(context, targets, errors);
    const { getObjects } = await import("../get/get-objects.ts");
    return getObjects(context, targets, { printerOf, errors });
  },
};

export default get;

/** Undefined for tables and columns. */
async function printerOf({ flags }: CommandContext): Promise<ObjectPrinter | undefined> {
  const { format } = outputFormat(flags);
  if (format.startsWith("custom-columns") || ["", "wide"].includes(format)) return undefined;
  const printer = await findPrinter(flags);
  if (!printer) throw unknownFormat(flags.text("output"), ["custom-columns", "custom-columns-file", "wide"]);
  return printer;
}

const isWatch = ({ flags }: CommandContext) => flags.bool("watch") || flags.bool("watch-only");

/** Upstream: k8s.io/kubectl/pkg/cmd/get/get.go Validate */
function validateFlags(context: CommandContext): void {
  const { flags } = context;
  const output = flags.text("output");
  if (flags.bool("show-labels") && !["", "wide"].includes(output))
    throw new Error(`--show-labels option cannot be used with ${output} printer`);
  if (flags.bool("output-watch-events") && !isWatch(context))
    throw new Error("--output-watch-events option can only be used with --watch or --watch-only");
}

async function getRaw(context: CommandContext): Promise<void> {
  if (context.args.length > 0) throw new Error("arguments may not be passed when --raw is specified");
  if (isWatch(context) || context.flags.text("selector") !== "")
    throw new Error("--raw may not be specified with other flags that filter the server request or alter the output");
  if (context.flags.text("output") !== "") throw new Error("--raw and --output are mutually exclusive");
  const client = await context.client();
  const path = context.flags.text("raw");
  const wrong = wrongPath(path);
  if (wrong !== "") throw new Error(`--raw must be a valid URL path: parse ${JSON.stringify(path)}: ${wrong}`);
  context.io.out(await client.text(path.replaceAll(" ", "%20")));
}

/** What Go's url.ParseRequestURI says. */
function wrongPath(path: string): string {
  const [escape] = /%(?![\da-f]{2}).{0,2}/i.exec(path.replace(/\?.*$/, "")) ?? [];
  if (escape !== undefined) return `invalid URL escape ${JSON.stringify(escape)}`;
  return /^(\/|https?:)/.test(path) ? "" : "invalid URI for request";
}

function missingType(context: CommandContext): never {
  context.io.err(
    'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n',
  );
  throw new ExitError(
    `error: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help and examples`,
  );
}
