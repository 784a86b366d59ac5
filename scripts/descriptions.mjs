// Takes what kinds and fields are for out of @kubernetes/client-node, which ships it, into dist/descriptions.json:
// { "core/v1.Probe": { "": "Probe describes …", "failureThreshold": "Minimum …" } }. Nothing of it is in the repository.
import fs from "node:fs";
import path from "node:path";

const PREFIXES = { core: ["Core", ""], meta: [""], rbac: ["Rbac", ""], internal: ["Internal", ""] };

export function writeDescriptions(root, target) {
  const models = path.join(root, "node_modules/@kubernetes/client-node/dist/gen/models");
  const table = JSON.parse(fs.readFileSync(path.join(root, "src/api/generated/schema.json"), "utf8"));
  const files = new Set(fs.readdirSync(models));
  const described = {};
  for (const [name, { types }] of Object.entries(table)) {
    const [group = "", version = ""] = name.split("/");
    for (const type of Object.keys(types)) {
      const file = classNames(group, version, type)
        .map((each) => `${each}.d.ts`)
        .find((each) => files.has(each));
      if (file) described[`${name}.${type}`] = parse(fs.readFileSync(path.join(models, file), "utf8"));
    }
  }
  fs.writeFileSync(target, JSON.stringify(described));
}

/** Where several groups have a type of one name, the group is in the class's name. */
function classNames(group, version, type) {
  const cap = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  return (PREFIXES[group] ?? [cap(group), ""]).map((prefix) => `${prefix}${cap(version)}${type}`);
}

function parse(text) {
  const found = {};
  const comment = String.raw`/\*\*\n\s*\* ?((?:(?!\*/)[\s\S])*?)\n?\s*\*/\s*`;
  const type = new RegExp(`${comment}export declare class`).exec(text);
  if (type) found[""] = clean(type[1]);
  for (const field of text.matchAll(new RegExp(`${comment}'([^']+)'\\??:`, "g"))) found[field[2]] = clean(field[1]);
  return found;
}

function clean(text) {
  return text
    .replace(/\n\s*\* ?/g, "\n")
    .replaceAll("\\'", "'")
    .replaceAll('\\"', '"')
    .replaceAll("*_/", "*/")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .trim();
}
