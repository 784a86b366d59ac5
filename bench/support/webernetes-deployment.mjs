// Bundled by bench/deployment.ts and run in its own process: a Deployment of N pods on webernetes, from apply to all Ready.
import { monitorEventLoopDelay } from "node:perf_hooks";
import { BaseImage, Cluster } from "@ngrok/webernetes";

class App extends BaseImage {
  static imageName = "app";
  static imageVersion = "1";
  defaultCommand = ["server"];
  async exec(context) {
    return await context.waitUntilKilled();
  }
}

const pods = Number(process.argv[2]);
const limitMs = Number(process.argv[3]);
const cluster = new Cluster({ nodes: Math.ceil(pods / 100) + 1 });
cluster.registerImage(App);
await cluster.init();

const ready = new Set();
const done = new Promise((resolve) => {
  cluster.informer("pods", (type, pod) => {
    if (!pod.metadata?.name?.startsWith("app-")) return;
    const isReady =
      type !== "delete" && pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
    if (isReady) ready.add(pod.metadata.name);
    if (ready.size >= pods) resolve();
  });
});
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
const start = performance.now();
await cluster.apply([
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "app" },
    spec: {
      replicas: pods,
      selector: { matchLabels: { app: "app" } },
      template: { metadata: { labels: { app: "app" } }, spec: { containers: [{ name: "app", image: "app:1" }] } },
    },
  },
]);
await Promise.race([done, new Promise((resolve) => setTimeout(resolve, limitMs))]);
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1000, ready: ready.size, stallMs: delay.max / 1e6 }));
process.exit(0);
