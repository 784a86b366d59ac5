import { CLIENT_VERSION } from "./client-version.ts";
import { platform } from "../../host/cli-host.ts";
import type { ApiClient } from "./client.ts";

const FIELDS =
  "major minor emulationMajor emulationMinor minCompatibilityMajor minCompatibilityMinor gitVersion gitCommit gitTreeState buildDate goVersion compiler platform".split(
    " ",
  );

/** --match-server-version: not one version more or less. Upstream: discovery.MatchesServerVersion */
export async function checkServerVersion(client: ApiClient): Promise<void> {
  const server = await client.get<Record<string, string>>("/version", { timeout: "32s" });
  if (server["gitVersion"] === CLIENT_VERSION) return;
  const own = { major: "1", minor: "36", gitVersion: CLIENT_VERSION, gitTreeState: "clean", compiler: "node", platform: platform() };
  throw new Error(`server version (&${goStruct(server)}) differs from client version (${goStruct(own)})`);
}

const goStruct = (version: Readonly<Record<string, string>>) =>
  `version.Info{${FIELDS.map((field) => `${field.charAt(0).toUpperCase()}${field.slice(1)}:${JSON.stringify(version[field] ?? "")}`).join(", ")}}`;
