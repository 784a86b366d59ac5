import { FileError, type FileSystem } from "../containers/filesystem.ts";
import { cadvisorMetrics, kubeletMetrics, resourceMetrics, statsSummary } from "./http-metrics.ts";
import type { Kubelet } from "./kubelet.ts";

export interface KubeletAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Buffer;
}

const text = (status: number, body: string): KubeletAnswer => ({ status, contentType: "text/plain; charset=utf-8", body });
const json = (value: unknown): KubeletAnswer => ({ status: 200, contentType: "application/json", body: JSON.stringify(value) });

const exposition = (body: string): KubeletAnswer => ({
  status: 200,
  contentType: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
  body,
});

/** What the kubelet's own port answers, as far as there is something true to say. Upstream: pkg/kubelet/server/server.go */
export function kubeletAnswer(kubelet: Kubelet, path: string): KubeletAnswer {
  switch (path.replace(/\/$/, "") || "/") {
    case "/healthz":
    case "/healthz/ping":
    case "/healthz/log":
    case "/healthz/syncloop":
      return text(200, "ok");
    case "/metrics":
      return exposition(kubeletMetrics(kubelet));
    case "/metrics/resource":
      return exposition(resourceMetrics(kubelet));
    case "/metrics/cadvisor":
      return exposition(cadvisorMetrics(kubelet));
    case "/stats/summary":
      return json(statsSummary(kubelet));
    case "/pods":
    case "/runningpods":
      return json({
        kind: "PodList",
        apiVersion: "v1",
        metadata: {},
        items: kubelet.pods().filter((pod) => path.startsWith("/pods") || pod.status.phase === "Running"),
      });
    default:
      return path.startsWith("/logs/") || path === "/logs"
        ? nodeLogs(kubelet.runtime.nodeFileSystem, path.slice("/logs".length))
        : text(404, "404 page not found\n");
  }
}

/** Serves /var/log, as Go's file server does. */
function nodeLogs(fs: FileSystem, path: string): KubeletAnswer {
  const whole = `/var/log${decodeURIComponent(path)}`.replace(/\/+$/, "");
  try {
    if (/(^|\/)\.\.(\/|$)/.test(whole)) return text(400, "invalid URL path\n");
    if (fs.stat(whole).type !== "directory")
      return { status: 200, contentType: "text/plain; charset=utf-8", body: Buffer.from(fs.readFile(whole)) };
    const names = fs.readdir(whole).map((name) => (fs.stat(`${whole}/${name}`).type === "directory" ? `${name}/` : name));
    return {
      status: 200,
      contentType: "text/html; charset=utf-8",
      body: `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${name}</a>\n`).join("")}</pre>\n`,
    };
  } catch (error) {
    if (error instanceof FileError) return text(404, "404 page not found\n");
    throw error;
  }
}
