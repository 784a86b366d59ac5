// Who may import whom: the table of docs/architecture.md, downwards only.
const MAY_IMPORT = {
  cli: ["shell", "api", "util", "host"],
  shell: ["containers", "network", "host", "util"],
  daemon: ["apiserver", "scheduler", "controllers", "kubelet", "network", "containers", "client", "store", "api", "host", "util"],
  apiserver: ["store", "client", "api", "util"],
  scheduler: ["client", "api", "util"],
  controllers: ["client", "api", "util"],
  kubelet: ["containers", "network", "client", "apiserver/node-gateway", "api", "util"],
  network: ["client", "api", "util"],
  containers: ["network", "util"],
  client: ["api", "util"],
  store: ["util"],
  api: ["util"],
  host: ["util"],
  util: [],
};

module.exports = {
  forbidden: [
    ...Object.entries(MAY_IMPORT).map(([folder, allowed]) => ({
      name: `${folder}-imports-downwards`,
      severity: "error",
      from: { path: `^src/${folder}/` },
      to: { path: "^src/", pathNot: [folder, ...allowed].map((name) => `^src/${name}[/.]`) },
    })),
    { name: "no-circular", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only", "dynamic-import"] } } },
    {
      name: "only-host-touches-the-host",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/host/" },
      to: { path: "^(node:)?(fs|net|tls|https|child_process|os|worker_threads|dgram|dns)(/promises)?$", dependencyTypes: ["core"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { extensions: [".ts", ".js", ".json"] },
  },
};
