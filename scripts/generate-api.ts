/**
 * Writes src/api/generated/ from scripts/data/kubernetes-api-facts.json:
 * one TypeScript file of interfaces a group version, and schema.ts, the same facts as data
 * (field types, protobuf numbers, list types, merge keys) for everything that works on any kind.
 */
import fs from "node:fs";
import path from "node:path";

interface FieldFact {
  type: string;
  proto?: number;
  wire?: string;
  required?: boolean;
  listType?: string;
  listMapKeys?: string[];
  mapType?: string;
  structType?: string;
  patch?: string;
  mergeKey?: string;
  default?: unknown;
}
interface TypeFact {
  fields?: Record<string, FieldFact>;
  inline?: { type: string; proto?: number; wire?: string; name?: string }[];
  alias?: string;
  enum?: string[];
  object?: boolean;
}
type Facts = Record<string, { group?: string; types: Record<string, TypeFact> }>;

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "..");
const readFacts = (name: string) => JSON.parse(fs.readFileSync(path.join(root, "scripts/data", name), "utf8")) as Facts;
// k8s.io/api has no apiextensions and apiregistration: they are in repositories of their own.
const facts: Facts = { ...readFacts("kubernetes-api-facts.json"), ...readFacts("extension-api-facts.json") };
// The facts come from a snapshot on the way to v1.37: what v1.36.3 does not have is taken out ("package.Type" or "package.Type.field").
for (const later of JSON.parse(fs.readFileSync(path.join(root, "scripts/data/later-than-v1.36.json"), "utf8")) as string[]) {
  const [pkg = "", type = "", field] = later.split(".");
  const types = facts[pkg]?.types ?? {};
  if (field === undefined) delete types[type];
  else delete types[type]?.fields?.[field];
}
const out = path.join(root, "src/api/generated");

/** The group versions v1.36 serves by default; betas and alphas are not generated. */
const PACKAGES = [
  "admissionregistration/v1",
  "apidiscovery/v2",
  "apiextensions/v1",
  "apiregistration/v1",
  "apps/v1",
  "authentication/v1",
  "authorization/v1",
  "autoscaling/v1",
  "autoscaling/v2",
  "batch/v1",
  "certificates/v1",
  "coordination/v1",
  "core/v1",
  "discovery/v1",
  "events/v1",
  "flowcontrol/v1",
  "meta/v1",
  "networking/v1",
  "node/v1",
  "policy/v1",
  "rbac/v1",
  "resource/v1",
  "scheduling/v1",
  "storage/v1",
];
/** Types whose JSON form is not that of their Go struct. */
const SPECIAL: Record<string, string> = {
  "meta/v1.Time": "string",
  "meta/v1.MicroTime": "string",
  "meta/v1.Duration": "string",
  "meta/v1.FieldsV1": "Record<string, unknown>",
  "resource.Quantity": "string",
  "intstr.IntOrString": "number | string",
  "runtime.RawExtension": "Record<string, unknown>",
  "types.UID": "string",
  "types.NodeName": "string",
  "meta/v1.Verbs": "string[]",
  "runtime.Object": "Record<string, unknown>",
};
/** What a stored object's metadata always has; a draft for create has them optional. */
const ALWAYS_IN_METADATA = ["name", "uid", "resourceVersion", "creationTimestamp"];
const SCALARS: Record<string, string> = {
  string: "string",
  bool: "boolean",
  int: "number",
  int32: "number",
  int64: "number",
  uint32: "number",
  uint64: "number",
  uint16: "number",
  uint8: "number",
  byte: "number",
  float64: "number",
  float32: "number",
  "[]byte": "string",
};

const qualify = (pkg: string, name: string) => (name.includes(".") ? name : `${pkg}.${name}`);
const split = (qualified: string): [string, string] => {
  const dot = qualified.lastIndexOf(".");
  return [qualified.slice(0, dot), qualified.slice(dot + 1)];
};
const moduleOf = (pkg: string) => `${pkg.replace("/", "-")}.ts`;

fs.mkdirSync(out, { recursive: true });
for (const pkg of PACKAGES) writeTypes(pkg);
writeSchema();

function writeTypes(pkg: string): void {
  const imports = new Map<string, Set<string>>();
  const tsType = (goType: string): string => {
    if (SCALARS[goType]) return SCALARS[goType];
    if (goType.startsWith("[]")) {
      const item = tsType(goType.slice(2));
      return item.includes("|") ? `(${item})[]` : `${item}[]`;
    }
    const map = /^map\[[^\]]+\](.+)$/.exec(goType);
    if (map) return `Record<string, ${tsType(map[1] as string)}>`;
    if (goType.startsWith("interface") || goType === "any" || goType.startsWith("func")) return "unknown";
    const qualified = qualify(pkg, goType);
    if (SPECIAL[qualified]) return SPECIAL[qualified];
    const [owner, name] = split(qualified);
    const fact = facts[owner]?.types[name];
    if (!fact) return "unknown";
    if (!PACKAGES.includes(owner)) return fact.alias ? tsType(fact.alias) : "unknown";
    if (owner !== pkg) {
      if (!imports.has(owner)) imports.set(owner, new Set());
      imports.get(owner)?.add(name);
    }
    return name;
  };
  const body: string[] = [];
  const types = (facts[pkg] as Facts[string]).types;
  for (const name of Object.keys(types).sort()) {
    if (SPECIAL[`${pkg}.${name}`] || !/^[A-Z]/.test(name)) continue;
    const fact = types[name] as TypeFact;
    if (fact.alias) {
      body.push(`export type ${name} = ${tsType(fact.alias)};`);
      continue;
    }
    const fields = flatten(pkg, name);
    const isObject = fact.object === true && (fact.inline ?? []).some((embed) => embed.type.endsWith("TypeMeta"));
    const lines = Object.keys(fields)
      .sort()
      .map((field) => {
        const { fact: f, pkg: owner } = fields[field] as { fact: FieldFact; pkg: string };
        const goType = owner === pkg ? f.type : requalify(owner, f.type);
        const always = isObject
          ? ["metadata", "spec", "status"].includes(field)
          : pkg === "meta/v1" && name === "ObjectMeta" && ALWAYS_IN_METADATA.includes(field);
        const optional = always || f.type === "PodSpec" || (f.required && field !== "metadata") ? "" : "?";
        const type = !isObject && goType.endsWith("ObjectMeta") ? `Partial<${tsType(goType)}>` : tsType(goType);
        return `  ${/^[A-Za-z_]\w*$/.test(field) ? field : JSON.stringify(field)}${optional}: ${type};`;
      });
    body.push(`export interface ${name} {\n${lines.join("\n")}\n}`);
  }
  const head = [...imports].sort().map(([owner, names]) => `import type { ${[...names].sort().join(", ")} } from "./${moduleOf(owner)}";`);
  fs.writeFileSync(
    path.join(out, moduleOf(pkg)),
    `// Generated by scripts/generate-api.ts. Do not edit.\n${head.join("\n")}\n\n${body.join("\n\n")}\n`,
  );
}

/** A type named in another package, as this package would have to name it. */
function requalify(owner: string, goType: string): string {
  if (goType.startsWith("[]")) return `[]${requalify(owner, goType.slice(2))}`;
  const map = /^(map\[[^\]]+\])(.+)$/.exec(goType);
  if (map) return `${map[1]}${requalify(owner, map[2] as string)}`;
  return SCALARS[goType] || goType.includes(".") ? goType : `${owner}.${goType}`;
}

function flatten(pkg: string, name: string): Record<string, { fact: FieldFact; pkg: string }> {
  const fact = facts[pkg]?.types[name];
  const result: Record<string, { fact: FieldFact; pkg: string }> = {};
  for (const embed of fact?.inline ?? []) {
    const [owner, inner] = split(qualify(pkg, embed.type));
    Object.assign(result, flatten(owner, inner));
  }
  for (const [field, f] of Object.entries(fact?.fields ?? {})) result[field] = { fact: f, pkg };
  return result;
}

function writeSchema(): void {
  const table: Record<string, { group: string; types: Record<string, unknown> }> = {};
  for (const pkg of PACKAGES) {
    const types: Record<string, unknown> = {};
    const source = (facts[pkg] as Facts[string]).types;
    for (const name of Object.keys(source).sort()) if (/^[A-Z]/.test(name)) types[name] = source[name];
    table[pkg] = { group: facts[pkg]?.group ?? "", types };
  }
  fs.writeFileSync(path.join(out, "schema.json"), `${JSON.stringify(table)}\n`);
}
