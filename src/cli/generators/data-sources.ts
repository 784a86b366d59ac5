import { isConfigMapKey } from "../../api/validation/names.ts";
import * as host from "../../host/cli-host.ts";
import type { CommandContext } from "../command.ts";

/** Upstream: handleConfigMapFromLiteralSources and its siblings */
export function readData(context: CommandContext, kind: DataKind, files = context.flags.list("from-file")): [string, string | Buffer][] {
  const entries: [string, string | Buffer][] = [];
  const add = (key: string, value: string | Buffer) => {
    const problems = isConfigMapKey(key);
    const words = REFUSALS[kind];
    if (problems.length > 0) throw new Error(words.wrongKey(JSON.stringify(key), problems));
    if (entries.some(([known]) => known === key)) throw new Error(words.knownKey(key, context.args[0] ?? ""));
    entries.push([key, value]);
  };
  if (
    context.flags.list("from-env-file").length > 0 &&
    (context.flags.list("from-file").length > 0 || context.flags.list("from-literal").length > 0)
  )
    throw new Error("from-env-file cannot be combined with from-file or from-literal");
  for (const literal of context.flags.list("from-literal")) {
    const equals = literal.indexOf("=");
    if (equals < 0) throw new Error(`invalid literal source ${literal}, expected key=value`);
    if (equals === 0) throw new Error(`invalid literal source ${literal}, expected key=value`);
    add(literal.slice(0, equals), literal.slice(equals + 1));
  }
  for (const source of files) {
    const equals = source.indexOf("=");
    if (source.indexOf("=", equals + 1) > equals && equals >= 0) throw new Error("key names or file paths cannot contain '='");
    if (equals === 0) throw new Error(`key name for file path ${source.slice(1)} missing`);
    if (equals > 0 && equals === source.length - 1) throw new Error(`file path for key name ${source.slice(0, -1)} missing`);
    const file = equals < 0 ? source : source.slice(equals + 1);
    const kind = host.pathKind(file);
    if (kind === undefined) throw new Error(`error reading ${file}: no such file or directory`);
    if (kind === "file") add(equals < 0 ? host.baseName(file) : source.slice(0, equals), host.readBytes(file));
    else if (equals >= 0) throw new Error("cannot give a key name for a directory path");
    else
      for (const each of host.listFolder(file))
        if (host.pathKind(host.joinPath(file, each)) === "file") add(each, host.readBytes(host.joinPath(file, each)));
  }
  for (const file of context.flags.list("from-env-file")) {
    if (host.pathKind(file) === undefined) throw new Error(`error reading ${file}: no such file or directory`);
    for (const line of host.readText(file).split("\n")) {
      const text = line.replace(/^\s+/, "");
      if (text === "" || text.startsWith("#")) continue;
      const equals = text.indexOf("=");
      const name = equals < 0 ? text : text.slice(0, equals);
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(name))
        throw new Error(
          `${JSON.stringify(name)} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
        );
      if (equals < 0) add(text, host.environment(text) ?? "");
      else add(text.slice(0, equals), text.slice(equals + 1));
    }
  }
  return entries;
}

type DataKind = "ConfigMap" | "Secret";

const REFUSALS = {
  ConfigMap: {
    wrongKey: (key: string, problems: readonly string[]) => `${key} is not a valid key name for a ConfigMap: ${problems.join(",")}`,
    knownKey: (key: string, name: string) =>
      `cannot add key ${JSON.stringify(key)}, another key by that name already exists in Data for ConfigMap ${JSON.stringify(name)}`,
  },
  Secret: {
    wrongKey: (key: string, problems: readonly string[]) => `${key} is not valid key name for a Secret ${problems.join(";")}`,
    knownKey: (key: string) => `cannot add key ${key}, another key by that name already exists`,
  },
};
