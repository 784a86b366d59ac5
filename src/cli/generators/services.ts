import { isDns1123Subdomain, isPortName } from "../../api/validation/names.ts";
import type { Generator } from "./index.ts";

type ServiceType = "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";

export const service = (type: ServiceType): Generator => ({
  usage:
    type === "ExternalName"
      ? "NAME --external-name external.name [--dry-run=server|client|none]"
      : "NAME [--tcp=port:targetPort] [--dry-run=server|client|none]",
  flags: [
    {
      name: "tcp",
      type: "stringSlice",
      usage: "Port pairs can be specified as '<port>:<targetPort>'.",
    },
    ...(type === "ClusterIP"
      ? [
          {
            name: "clusterip",
            type: "string",
            usage: "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing).",
          } as const,
        ]
      : []),
    ...(type === "NodePort"
      ? [
          {
            name: "node-port",
            type: "int",
            usage: "Port used to expose the service on each node in a cluster.",
          } as const,
        ]
      : []),
    ...(type === "ExternalName"
      ? [
          {
            name: "external-name",
            type: "string",
            required: true,
            usage: "External name of service",
          } as const,
        ]
      : []),
  ],
  resource: "services",
  namespaced: true,
  build(context, name) {
    const { flags } = context;
    const headless = flags.text("clusterip") === "None";
    const specs = flags.list("tcp");
    if (specs.length === 0 && type !== "ExternalName" && !headless) throw new Error("at least one tcp port specifier must be provided");
    const externalName = flags.text("external-name");
    if (type === "ExternalName" && isDns1123Subdomain(externalName).length > 0)
      throw new Error(`invalid service external name ${externalName}`);
    const ports = specs.map((spec) => servicePort(spec, flags.number("node-port")));
    const cluster = flags.text("clusterip");
    return {
      apiVersion: "v1",
      kind: "Service",
      metadata: { labels: { app: name }, name },
      spec: {
        ...(cluster ? { clusterIP: cluster } : {}),
        ...(type === "ExternalName" ? { externalName } : {}),
        ...(ports.length > 0 ? { ports } : {}),
        selector: { app: name },
        type,
      },
      status: { loadBalancer: {} },
    };
  },
});

function servicePort(spec: string, nodePort: number) {
  const [first = "", second] = spec.split(":");
  const port = Number(first);
  if (!/^\d+$/.test(first)) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(first)}: invalid syntax`);
  if (port > 65_535) throw new Error(`strconv.ParseUint: parsing ${JSON.stringify(first)}: value out of range`);
  if (second !== undefined && /^\d+$/.test(second) && (Number(second) < 1 || Number(second) > 65_535))
    throw new Error("must be between 1 and 65535, inclusive");
  const wrong = second === undefined || /^[+-]?\d+$/.test(second) ? [] : isPortName(second);
  if (wrong.length > 0) throw new Error(wrong.join(","));
  const targetPort = second === undefined ? port : /^\d+$/.test(second) ? Number(second) : second;
  return {
    name: spec.replaceAll(":", "-"),
    ...(nodePort ? { nodePort } : {}),
    port,
    protocol: "TCP",
    targetPort,
  };
}
