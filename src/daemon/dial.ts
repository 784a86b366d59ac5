import type { Duplex } from "node:stream";
import type { Dial } from "../apiserver/proxy/proxy.ts";
import { dialError } from "../kubelet/probes/http-get.ts";
import type { Network } from "../network/network.ts";

/** The API server's way to pods and services: from its own node, through the simulated network. */
export function createDial(network: Pick<Network, "nodeNamespace">, node: string, secure: (connection: Duplex) => Promise<Duplex>): Dial {
  return async ({ scheme, ip, port }, signal) => {
    let connection: Duplex;
    try {
      connection = await network.nodeNamespace(node).connect(ip, port, signal);
    } catch (error) {
      throw new Error(dialError(error, ip, port), { cause: error });
    }
    return scheme === "https" ? secure(connection) : connection;
  };
}
