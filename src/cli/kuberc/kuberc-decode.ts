import { parseYamlDocuments, YamlSyntaxError } from "../../api/parse-yaml.ts";
import type { AliasOverride, AllowlistEntry, CommandDefaults, Preference } from "./kuberc.ts";
import type { Logger } from "../connection/klog.ts";

/** What JSON a Go type takes. */
type Shape =
  | { readonly form: "string"; readonly go: string }
  | { readonly form: "list"; readonly item: Shape; readonly go: string }
  | { readonly form: "struct"; readonly name: string; readonly go: string; readonly fields: ReadonlyMap<string, Shape> };

const STRING: Shape = { form: "string", go: "string" };
const listOf = (item: Shape): Shape => ({ form: "list", item, go: `[]${item.go}` });
const struct = (version: string, name: string, fields: Readonly<Record<string, Shape>>): Shape => ({
  form: "struct",
  name,
  go: `${version}.${name}`,
  fields: new Map(Object.entries(fields)),
});

/** Upstream: k8s.io/kubectl/pkg/config/v1alpha1 and v1beta1 */
function preferenceShape(version: string): Shape {
  const alpha = version === "v1alpha1";
  const options = alpha ? "flags" : "options";
  const option = struct(version, "CommandOptionDefault", { name: STRING, default: STRING });
  return struct(version, "Preference", {
    apiVersion: STRING,
    kind: STRING,
    [alpha ? "overrides" : "defaults"]: listOf(struct(version, "CommandDefaults", { command: STRING, [options]: listOf(option) })),
    aliases: listOf(
      struct(version, "AliasOverride", {
        name: STRING,
        command: STRING,
        prependArgs: listOf(STRING),
        appendArgs: listOf(STRING),
        [options]: listOf(option),
      }),
    ),
    ...(alpha
      ? {}
      : {
          credentialPluginPolicy: { form: "string", go: `${version}.CredentialPluginPolicy` },
          credentialPluginAllowlist: listOf(struct(version, "AllowlistEntry", { name: STRING, command: STRING })),
        }),
  });
}

const GROUP = "kubectl.config.k8s.io";
const VERSIONS = [`${GROUP}/v1beta1`, `${GROUP}/v1alpha1`];

export interface DecodedPreference {
  readonly preference: Preference;
  /** Fields that nobody knows. */
  readonly strictError: string;
}

/** The first document that is a Preference. Upstream: k8s.io/kubectl/pkg/kuberc/marshal.go */
export function decodePreference(text: string, file: string, logger: Logger | undefined): DecodedPreference | undefined {
  const documents = text.split(/^---.*$/m).filter((each) => each.trim() !== "");
  for (const [index, document] of documents.entries()) {
    const decoded = attempt(document);
    if (typeof decoded === "string") {
      logger?.text(5, "marshal.go:71", `kuberc: strict decoding error for entry ${index + 1} in ${file}: ${decoded}`);
      continue;
    }
    logger?.text(5, "marshal.go:94", `kuberc: using entry ${index + 1} (${decoded.apiVersion}) in ${file}`);
    return decoded;
  }
  if (documents.length > 0) throw new Error(`no valid preferences found in ${file}, use --v=5 to see details`);
  logger?.text(5, "marshal.go:103", `kuberc: no preferences found in ${file}`);
  return undefined;
}

/** What is wrong with it, or the preference. */
function attempt(document: string): string | (DecodedPreference & { readonly apiVersion: string }) {
  let value: unknown;
  try {
    [value = null] = parseYamlDocuments(document);
  } catch (error) {
    if (error instanceof YamlSyntaxError) return error.message;
    throw error;
  }
  const found = typed(value);
  if (typeof found === "string") return found;
  const { apiVersion, body } = found;
  const unknown: string[] = [];
  const problem = check(preferenceShape(apiVersion.slice(GROUP.length + 1)), body, { path: "", owner: "", unknown });
  if (problem !== undefined) return problem;
  const strictError =
    unknown.length === 0 ? "" : `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(", ")}`;
  const preference = converted(body, apiVersion.endsWith("v1alpha1"));
  return typeof preference === "string" ? preference : { preference, strictError, apiVersion };
}

function typed(value: unknown): string | { readonly apiVersion: string; readonly body: Record<string, unknown> } {
  const header = 'Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return `couldn't get version/kind; json parse error: json: cannot unmarshal ${goKind(value)} into ${header}`;
  const body = value as Record<string, unknown>;
  const { kind = "", apiVersion = "" } = body as { kind?: string; apiVersion?: string };
  const shown = JSON.stringify(document(body));
  if (kind === "") return `Object 'Kind' is missing in '${shown}'`;
  if (apiVersion === "") return `Object 'apiVersion' is missing in '${shown}'`;
  if (kind !== "Preference" || !VERSIONS.includes(apiVersion))
    return `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/config/scheme/scheme.go:30"`;
  return { apiVersion, body };
}

/** As Go's map is written: by name. */
const document = (value: unknown): unknown =>
  typeof value !== "object" || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, each]) => [key, document(each)]),
      );

interface Position {
  readonly path: string;
  readonly owner: string;
  readonly unknown: string[];
}

/** What cannot be decoded; what is not known is only noted. */
function check(shape: Shape, value: unknown, at: Position): string | undefined {
  if (value === null || value === undefined) return undefined;
  const fits =
    shape.form === "string" ? typeof value === "string" : shape.form === "list" ? Array.isArray(value) : goKind(value) === "object";
  if (!fits)
    return `json: cannot unmarshal ${goKind(value)} into Go struct field ${at.owner}.${at.path.replace(/\[\d+\]/g, "")} of type ${shape.go}`;
  if (shape.form === "string") return undefined;
  const parts: [string, Shape | undefined, unknown][] =
    shape.form === "list"
      ? (value as unknown[]).map((each, index) => [`${at.path}[${index}]`, shape.item, each])
      : Object.entries(value as object)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, each]) => [at.path === "" ? key : `${at.path}.${key}`, shape.fields.get(key), each]);
  for (const [path, part, each] of parts) {
    if (!part) at.unknown.push(path);
    else {
      const problem = check(part, each, { path, unknown: at.unknown, owner: shape.form === "struct" ? shape.name : at.owner });
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

const goKind = (value: unknown): string =>
  Array.isArray(value) ? "array" : value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value;

interface Given {
  readonly defaults?: readonly (CommandDefaults & { flags?: CommandDefaults["options"] })[] | null;
  readonly overrides?: Given["defaults"];
  readonly aliases?: readonly (AliasOverride & { flags?: AliasOverride["options"] })[] | null;
  readonly credentialPluginPolicy?: string;
  readonly credentialPluginAllowlist?: readonly AllowlistEntry[] | null;
}

/** In the terms of v1beta1. */
function converted(body: Given, alpha: boolean): Preference | string {
  const optionsOf = (each: { options?: CommandDefaults["options"]; flags?: CommandDefaults["options"] }) =>
    (alpha ? each.flags : each.options) ?? [];
  const allowlist = alpha ? undefined : body.credentialPluginAllowlist;
  if (allowlist?.some(({ name, command }) => name && command && name !== command))
    return "both `Name` and `Command` were supplied with different values. `Name` is deprecated, use `Command` instead";
  return {
    defaults: ((alpha ? body.overrides : body.defaults) ?? []).map((each) => ({ command: each.command ?? "", options: optionsOf(each) })),
    aliases: (body.aliases ?? []).map((each) => ({
      ...each,
      name: each.name ?? "",
      command: each.command ?? "",
      options: optionsOf(each),
    })),
    ...(alpha ? {} : { credentialPluginPolicy: body.credentialPluginPolicy ?? "" }),
    ...(allowlist ? { credentialPluginAllowlist: allowlist.map(({ name, command }) => ({ command: command || name || "" })) } : {}),
  };
}
