import { randomSuffix } from "../../host/cli-host.ts";
import type { Json } from "../connection/client.ts";
import type { CommandContext } from "../command.ts";
import { pathOf } from "../connection/discovery.ts";
import type { ApiObject } from "../objects/resources.ts";
import type { Generator } from "./index.ts";

const commandOf = (context: CommandContext) => (context.dashIndex < 0 ? [] : context.args.slice(context.dashIndex));

const deployment: Generator = {
  usage: "NAME --image=image -- [COMMAND] [args...]",
  examples:
    "# A deployment named my-dep that runs busybox\nkubectl create deployment my-dep --image=busybox\n\n# With three replicas\nkubectl create deployment my-dep --image=nginx --replicas=3",
  flags: [
    {
      name: "image",
      type: "stringSlice",
      required: true,
      usage: "Image names to run. A deployment can have multiple images set for multi-container pod.",
    },
    {
      name: "port",
      type: "int32",
      default: -1,
      usage: "The containerPort that this deployment exposes.",
    },
    {
      name: "replicas",
      shorthand: "r",
      type: "int32",
      default: 1,
      usage: "Number of replicas to create. Default is 1.",
    },
  ],
  resource: "deployments",
  namespaced: true,
  build(context, name) {
    const { flags } = context;
    const images = flags.list("image");
    const command = commandOf(context);
    if (images.length > 1 && command.length > 0) throw new Error(`cannot specify multiple --image options and command`);
    const port = flags.number("port");
    const containers = images.map((image, index) => ({
      ...(command.length > 0 ? { command } : {}),
      image,
      name: containerName(image),
      ...(port >= 0 && index === 0 ? { ports: [{ containerPort: port }] } : {}),
      resources: {},
    }));
    return {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { labels: { app: name }, name },
      spec: {
        replicas: flags.number("replicas"),
        selector: { matchLabels: { app: name } },
        strategy: {},
        template: { metadata: { labels: { app: name } }, spec: { containers } },
      },
      status: {},
    };
  },
};

/** The last part of the image's path, without its tag. */
function containerName(image: string): string {
  const last = image.split("/").at(-1) ?? image;
  const name = last.split(/[:@]/)[0] ?? last;
  // What had to be changed might be somebody else's name by now.
  return /[_.]/.test(name) ? `${name.replaceAll(/[_.]/g, "-")}-${randomSuffix(5)}` : name;
}

const job: Generator = {
  usage: "NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
  flags: [
    {
      name: "from",
      type: "string",
      usage: "The name of the resource to create a Job from (only cronjob is supported).",
    },
    { name: "image", type: "string", usage: "Image name to run." },
  ],
  resource: "jobs",
  namespaced: true,
  async build(context, name) {
    const { flags } = context;
    const from = flags.text("from");
    if ((from === "") === (flags.text("image") === "")) throw new Error("either --image or --from must be specified");
    if (from !== "" && commandOf(context).length > 0) throw new Error("cannot specify --from and command");
    if (from !== "") return jobFrom(context, name, from);
    const command = commandOf(context);
    const container = {
      ...(command.length > 0 ? { command } : {}),
      image: flags.text("image"),
      name,
      resources: {},
    };
    return {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name },
      spec: {
        template: { metadata: {}, spec: { containers: [container], restartPolicy: "Never" } },
      },
      status: {},
    };
  },
};

async function jobFrom(context: CommandContext, name: string, from: string): Promise<ApiObject> {
  const [type = "", source = ""] = from.split("/");
  const info = await (await context.discovery()).get(type);
  const cronJob = await (
    await context.client()
  ).get<ApiObject>(pathOf(info, info.namespaced ? await context.namespace() : undefined, source));
  if (info.resource !== "cronjobs") throw new Error(`unknown object type *${info.version}.${info.kind}`);
  const template = (
    cronJob["spec"] as {
      jobTemplate?: {
        metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
        spec?: Json;
      };
    }
  ).jobTemplate;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      annotations: {
        ...template?.metadata?.annotations,
        "cronjob.kubernetes.io/instantiate": "manual",
      },
      ...(template?.metadata?.labels ? { labels: template.metadata.labels } : {}),
      ownerReferences: [
        {
          apiVersion: "batch/v1",
          kind: "CronJob",
          name: cronJob.metadata.name ?? "",
          uid: cronJob.metadata.uid ?? "",
          controller: true,
        },
      ],
    },
    spec: template?.spec,
    status: {},
  };
}

const cronjob: Generator = {
  usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
  flags: [
    { name: "image", type: "string", required: true, usage: "Image name to run." },
    {
      name: "restart",
      type: "string",
      usage: "job's restart policy. supported values: OnFailure, Never",
    },
    {
      name: "schedule",
      type: "string",
      required: true,
      usage: "A schedule in the Cron format the job should be run with.",
    },
  ],
  resource: "cronjobs",
  namespaced: true,
  build(context, name) {
    const { flags } = context;
    const command = commandOf(context);
    const container = {
      ...(command.length > 0 ? { command } : {}),
      image: flags.text("image"),
      name,
      resources: {},
    };
    return {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name },
      spec: {
        jobTemplate: {
          metadata: { name },
          spec: {
            template: {
              metadata: {},
              spec: {
                containers: [container],
                restartPolicy: flags.text("restart") || "OnFailure",
              },
            },
          },
        },
        schedule: flags.text("schedule"),
      },
      status: {},
    };
  },
};

const ingress: Generator = {
  usage: "NAME --rule=host/path=service:port[,tls[=secret]]",
  flags: [
    {
      name: "annotation",
      type: "stringArray",
      usage: "Annotation to insert in the ingress object, in the format annotation=value",
    },
    { name: "class", type: "string", usage: "Ingress Class to be used" },
    {
      name: "default-backend",
      type: "string",
      usage: "Default service for backend, in format of svcname:port",
    },
    {
      name: "rule",
      type: "stringArray",
      usage: "Rule in format host/path=service:port[,tls=secretname].",
    },
  ],
  resource: "ingresses",
  namespaced: true,
  build({ flags }, name) {
    if (flags.list("rule").length === 0 && flags.text("default-backend") === "")
      throw new Error(
        "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
      );
    const byHost = new Map<string, Json[]>();
    const tls: TlsEntry[] = [];
    const hosts = new Set<string>();
    for (const rule of flags.list("rule")) {
      const [main = "", ...more] = rule.split(",");
      const match = /^([\w*.-]*)\/(.*)=([\w-]+):([\w-]+)/.exec(main);
      if (!match) throw new Error(`rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`);
      const [, host = "", path = "", service = "", port = ""] = match;
      const exact = !path.endsWith("*");
      const entry = {
        backend: backend(service, port),
        path: `/${path.replace(/\*$/, "")}`,
        pathType: exact ? "Exact" : "Prefix",
      };
      byHost.set(host, [...(byHost.get(host) ?? []), entry]);
      if (more.length === 1) addTls(tls, hosts, host, more[0]?.split("=")[1] ?? "");
    }
    for (const annotation of flags.list("annotation"))
      if (!annotation.includes("=")) throw new Error(`annotation ${annotation} is invalid and should be in format key=[value]`);
    if (flags.text("default-backend") !== "" && flags.text("default-backend").split(":").length !== 2)
      throw new Error("default-backend should be in format servicename:serviceport");
    const [service = "", port = ""] = flags.text("default-backend").split(":");
    const annotations = Object.fromEntries(
      flags.list("annotation").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    );
    return {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { ...(flags.list("annotation").length > 0 ? { annotations } : {}), name },
      spec: {
        ...(service ? { defaultBackend: backend(service, port) } : {}),
        ...(flags.text("class") ? { ingressClassName: flags.text("class") } : {}),
        ...(byHost.size > 0
          ? {
              rules: [...byHost].map(([host, paths]) => ({
                ...(host ? { host } : {}),
                http: { paths },
              })),
            }
          : {}),
        ...(tls.length > 0 ? { tls } : {}),
      },
      status: { loadBalancer: {} },
    };
  },
};

interface TlsEntry {
  hosts?: string[];
  secretName?: string;
}

/** A host is named once; hosts with the same secret are together. */
function addTls(tls: TlsEntry[], hosts: Set<string>, host: string, secret: string): void {
  if (hosts.has(host)) return;
  hosts.add(host);
  const same = tls.find(({ secretName = "" }) => secretName === secret);
  if (same) same.hosts = [...(same.hosts ?? []), host];
  else if (host !== "" || secret !== "") tls.push({ ...(host ? { hosts: [host] } : {}), ...(secret ? { secretName: secret } : {}) });
}

const backend = (name: string, port: string) => ({
  service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } },
});

export const generators: Readonly<Record<string, Generator>> = {
  deployment,
  job,
  cronjob,
  ingress,
};
