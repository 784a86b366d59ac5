import { isStrictEnvVarName } from "../../api/validation/names.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import type { ApiObject } from "../objects/resources.ts";

/** What the flags of `run` say, once they are checked. */
export interface RunSettings {
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly Json[];
  readonly restartPolicy: string;
}

/** Throws for the first flag that is wrong. */
export function settingsOf(context: CommandContext): RunSettings {
  const { flags } = context;
  const annotations = annotationsOf(flags.list("annotations"));
  const labels = labelsOf(flags.text("labels"));
  const env = flags.list("env").map(envVar);
  return { annotations, labels, env, restartPolicy: restartPolicyOf(context) };
}

/** Upstream: pkg/cmd/run getRestartPolicy */
export function restartPolicyOf(context: CommandContext): string {
  const policy = context.flags.text("restart");
  if (policy === "") return context.flags.bool("stdin") ? "OnFailure" : "Always";
  if (!["Always", "OnFailure", "Never"].includes(policy)) throw context.usage(`invalid restart policy: ${policy}`);
  return policy;
}

/** Upstream: k8s.io/kubectl/pkg/generate/versioned/run.go */
export function podFor(context: CommandContext, { annotations, labels, env, restartPolicy }: RunSettings): ApiObject {
  const { flags, args } = context;
  const [name = "", ...command] = args;
  const text = (flag: string) => flags.text(flag);
  const bool = (flag: string) => flags.bool(flag);
  const container: Json = { image: text("image"), name, resources: {} };
  if (command.length > 0) container[bool("command") ? "command" : "args"] = command;
  if (env.length > 0) container["env"] = env;
  if (text("port") !== "") container["ports"] = [{ containerPort: portNumber(text("port")) }];
  if (text("image-pull-policy") !== "") container["imagePullPolicy"] = text("image-pull-policy");
  if (bool("stdin")) container["stdin"] = true;
  if (bool("stdin") && !bool("leave-stdin-open")) container["stdinOnce"] = true;
  if (bool("tty")) container["tty"] = true;
  if (bool("privileged")) container["securityContext"] = { privileged: true };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...(Object.keys(annotations).length > 0 ? { annotations } : {}), labels: podLabels(name, labels), name },
    spec: { containers: [container], dnsPolicy: "ClusterFirst", restartPolicy },
    status: {},
  };
}

/** The service of --expose selects what the pod has, and is labelled as --labels says. */
export function serviceFor(context: CommandContext, { labels }: RunSettings): ApiObject {
  const [name = ""] = context.args;
  const port = portNumber(context.flags.text("port"));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...(Object.keys(labels).length > 0 ? { labels } : {}), name },
    spec: { ports: [{ port, protocol: "TCP", targetPort: port }], selector: podLabels(name, labels) },
    status: { loadBalancer: {} },
  };
}

const podLabels = (name: string, labels: Readonly<Record<string, string>>) => (Object.keys(labels).length > 0 ? labels : { run: name });

function annotationsOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf("=");
      if (equals <= 0) throw new Error(`invalid annotations format: ${pair}`);
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}

/** Upstream: pkg/cmd/expose and run parseLabels */
export function labelsOf(text: string): Record<string, string> {
  if (text === "") return {};
  return Object.fromEntries(
    text.split(",").map((pair) => {
      const [key = "", value, ...more] = pair.split("=");
      if (value === undefined || more.length > 0) throw new Error(`unexpected label spec: ${pair}`);
      if (key === "") throw new Error("unexpected empty label key");
      return [key, value];
    }),
  );
}

function envVar(pair: string): Json {
  const equals = pair.indexOf("=");
  const name = pair.slice(0, equals);
  if (equals <= 0 || isStrictEnvVarName(name).length > 0) throw new Error(`invalid env: ${pair}`);
  const value = pair.slice(equals + 1);
  return { name, ...(value === "" ? {} : { value }) };
}

function portNumber(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}
